"""A small stand-in: preferences that are learnt by arithmetic, with the logs of the original."""
import json
import math
import os


class LoraConfig:
    def __init__(self, r=8, lora_alpha=8, target_modules=None, lora_dropout=0.0, bias="none", task_type=None):
        self.r, self.lora_alpha, self.lora_dropout = r, lora_alpha, lora_dropout


class DPOConfig:
    def __init__(self, output_dir, **settings):
        self.output_dir = output_dir
        self.__dict__.update(settings)


class DPOTrainer:
    def __init__(self, model, args, train_dataset, eval_dataset, processing_class=None):
        self.lora, self.args, self.train_dataset, self.eval_dataset = model, args, train_dataset, eval_dataset

    def loss(self, progress):
        args, lora = self.args, self.lora
        batch = args.per_device_train_batch_size * args.gradient_accumulation_steps
        loss = 0.3 + abs(math.log10(args.learning_rate) + 5) / 10 + args.weight_decay + abs(args.beta - 0.2)
        loss += 1 / batch + 1 / lora.r + lora.lora_dropout / 2 + lora.lora_alpha / 1000
        return loss + 0.2 / (args.num_train_epochs * progress + 0.5)

    def evaluate(self, progress):
        loss = self.loss(progress)
        logs = {"eval_loss": round(loss, 6), "eval_runtime": 0.01, "eval_samples_per_second": 100.0}
        logs |= {"eval_rewards/accuracies": round(1 / (1 + loss), 4), "eval_rewards/margins": round(1 / loss, 4)}
        print({**logs, "epoch": round(self.args.num_train_epochs * progress, 2)})

    def train(self):
        args = self.args
        batch = args.per_device_train_batch_size * args.gradient_accumulation_steps
        steps = max(1, 25 * len(self.train_dataset) * args.num_train_epochs // batch)
        for step in range(1, steps + 1):
            progress = step / steps
            if step % args.logging_steps == 0:
                print({"loss": round(self.loss(progress) + 0.05, 4), "grad_norm": 1.2, "learning_rate": args.learning_rate * (1 - progress),
                       "rewards/chosen": 0.01, "rewards/rejected": -0.01, "epoch": round(args.num_train_epochs * progress, 2)})
            if step % args.eval_steps == 0 and step < steps:
                self.evaluate(progress)
        self.evaluate(1)
        print({"train_runtime": 1.0, "train_loss": round(self.loss(0.5), 4), "epoch": float(args.num_train_epochs)})

    def save_model(self, path):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "adapter_config.json"), "w") as f:
            json.dump({"r": self.lora.r}, f)


def get_peft_model(model, config):
    return config
