import json
import math
import os
import time

from evaluator import CometEvaluator, Evaluator


class TrainerBase:
    prev_category: str
    category: str
    evaluator_cls: type[Evaluator]

    def __init__(self, args):
        self.args = args
        self.start_epoch = 0
        self.setup_environment()
        self.setup_dataloader()
        self.evaluator = self.evaluator_cls(self)
        self.load_checkpoint()

    def setup_environment(self):
        os.makedirs(self.args.out_dir, exist_ok=True)

        # Initialize wandb if enabled
        self.wandb = None
        if self.args.use_wandb:
            import wandb

            self.wandb = wandb
            wandb.init(project=self.args.wandb_project, name=self.args.wandb_run_name)

    def log(self, content):
        print(content)

    def setup_dataloader(self):
        with open(self.args.data_path) as f:
            train_ds = [json.loads(line) for line in f]
        size = self.args.batch_size
        self.train_loader = [train_ds[start:start + size] for start in range(0, len(train_ds), size)]
        self.iter_per_epoch = len(self.train_loader)
        self.log(f"Train dataset size: {len(train_ds)}")

    def get_lr(self, current_step, total_steps):
        """Calculate learning rate with cosine decay schedule"""
        lr = self.args.learning_rate
        return lr / 10 + 0.5 * lr * (1 + math.cos(math.pi * current_step / total_steps))

    def train_epoch(self, epoch):
        start_time = time.time()
        for step, batch in enumerate(self.train_loader):
            self.lr = self.get_lr(epoch * self.iter_per_epoch + step, self.args.epochs * self.iter_per_epoch)
            loss = self.compute_loss(epoch)
            loss = loss / self.args.accumulation_steps

            # Logging
            if step % self.args.log_interval == 0:
                self.log_progress(epoch, step, loss, start_time)
        self.save_checkpoint(epoch=epoch)

    def log_progress(self, epoch, step, loss, start_time):
        spend_time = time.time() - start_time
        estimated_epoch_time = spend_time / (step + 1) * self.iter_per_epoch // 60 - spend_time // 60

        self.log(
            f"Epoch:[{epoch + 1}/{self.args.epochs}]({step}/{self.iter_per_epoch}) "
            f"loss:{loss:.3f} "
            f"lr:{self.lr:.12f} "
            f"epoch_Time:{estimated_epoch_time}min:"
        )
        if self.wandb is not None:
            self.wandb.log({"loss": loss, "lr": self.lr, "epoch_Time": estimated_epoch_time})

    def run(self):
        """Run the full training process"""
        for epoch in range(self.start_epoch, self.args.epochs):
            self.train_epoch(epoch)

    def eval(self):
        """Evaluate the model"""
        self.evaluator.eval()

    def checkpoint_path(self, category):
        return f"{self.args.out_dir}/{category}_{self.args.dim}.json"

    def load_checkpoint(self):
        prev_ckp, curr_ckp = self.checkpoint_path(self.prev_category), self.checkpoint_path(self.category)
        if os.path.isfile(curr_ckp):
            self.log(f"Loading checkpoint from {curr_ckp}")
            with open(curr_ckp) as f:
                self.start_epoch = json.load(f)["epoch"] + 1
            self.log(f"Checkpoint {curr_ckp} loaded successfully")
        elif os.path.isfile(prev_ckp):
            self.log(f"Checkpoint {prev_ckp} loaded successfully")
        else:
            self.log(f"No checkpoint at {prev_ckp}, starting from random weights")

    def save_checkpoint(self, epoch):
        with open(self.checkpoint_path(self.category), "w") as f:
            json.dump({"epoch": epoch}, f)
        self.log(f"Checkpoint saved to {self.checkpoint_path(self.category)}")


class SFTTrainer(TrainerBase):
    prev_category: str = "pretrain"
    category: str = "sft"
    evaluator_cls: type[Evaluator] = CometEvaluator


class DPOTrainer(TrainerBase):
    prev_category: str = "sft"
    category: str = "dpo"
    evaluator_cls: type[Evaluator] = CometEvaluator
    trained = 0

    def compute_loss(self, epoch):
        self.trained = epoch + 1
        return 0.6 + abs(math.log10(self.args.learning_rate) + 6) / 20 - 0.1 * self.trained / (self.trained + 1)

    def get_predictions(self, messages):
        args = self.args
        score = 0.9 - 0.02 * abs(math.log10(args.learning_rate) + 6) - 8 / args.dim - 0.2 / args.n_layers
        score -= 0.05 / (args.batch_size * args.accumulation_steps) + 0.1 * abs(args.temperature - 0.7)
        score -= 0.02 * abs(args.grad_clip - 0.5) + 0.1 / max(self.trained, 1)
        return [score for _ in messages]
