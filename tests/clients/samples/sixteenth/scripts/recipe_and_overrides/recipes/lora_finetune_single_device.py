import logging
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tqdm import tqdm

from tinytune import config
from tinytune.metric_logging import DiskLogger
from tinytune.model import LoRAModel

logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
log = logging.getLogger("tinytune")

N_TRAIN, N_VAL = 1280, 64


class LoRAFinetuneRecipeSingleDevice:
    def __init__(self, cfg):
        self.total_epochs = cfg.epochs
        self.max_steps_per_epoch = cfg.max_steps_per_epoch
        self.global_step = 0
        self._gradient_accumulation_steps = cfg.gradient_accumulation_steps
        self._run_val_every_n_steps = cfg.get("run_val_every_n_steps", None)
        self._log_every_n_steps = cfg.get("log_every_n_steps", 1)
        self.seed = cfg.seed if cfg.seed is not None else 2718

    def setup(self, cfg):
        self._metric_logger = DiskLogger(cfg.output_dir, cfg.metric_logger.filename)
        self._model = LoRAModel(cfg)
        log.info("Model is initialized with precision fp32.")
        log.info("Optimizer and loss are initialized.")
        batches = N_TRAIN // cfg.batch_size
        self._steps_per_epoch = batches // self._gradient_accumulation_steps
        if self.max_steps_per_epoch is not None:
            self._steps_per_epoch = min(self._steps_per_epoch, self.max_steps_per_epoch)
        log.info("Dataset and Sampler are initialized.")
        self._lr, self._warmup = cfg.optimizer.lr, cfg.lr_scheduler.num_warmup_steps
        log.info("Learning rate scheduler is initialized.")
        self._batch = cfg.batch_size * self._gradient_accumulation_steps

    def validate(self):
        total = sum(self._model.loss() for _ in range(N_VAL // 16))
        avg_val_loss = total / (N_VAL // 16)
        log_dict = {"val_loss": avg_val_loss}
        log.info(f"Validation loss: {log_dict['val_loss']:.4f}")
        self._metric_logger.log_dict(log_dict, step=self.global_step)
        return log_dict

    def train(self):
        for curr_epoch in range(self.total_epochs):
            pbar = tqdm(total=self._steps_per_epoch, mininterval=0.2)
            for _ in range(self._steps_per_epoch):
                t0 = time.perf_counter()
                loss = self._model.loss() * 0.9
                self._model.seen += self._batch / 32
                self.global_step += 1
                pbar.update(1)
                pbar.set_description(f"{curr_epoch + 1}|{self.global_step}|Loss: {loss}")
                if self.global_step % self._log_every_n_steps == 0:
                    lr = self._lr * min(1, self.global_step / max(1, self._warmup))
                    self._metric_logger.log_dict({"loss": loss, "lr": lr, "tokens_per_second_per_gpu": 512 / (time.perf_counter() - t0 + 0.01)}, step=self.global_step)
                if self._run_val_every_n_steps is not None and self.global_step % self._run_val_every_n_steps == 0:
                    self.validate()
            pbar.close()
            log.info("Starting checkpoint save...")
        if self._run_val_every_n_steps is not None:
            self.validate()

    def cleanup(self):
        self._metric_logger.close()


@config.parse
def recipe_main(cfg):
    """
    Entry point for the recipe. Parameters come from the config and from the overrides of the command line.
    """
    config.log_config(recipe_name="LoRAFinetuneRecipeSingleDevice", cfg=cfg, log=log)
    recipe = LoRAFinetuneRecipeSingleDevice(cfg=cfg)
    recipe.setup(cfg=cfg)
    recipe.train()
    recipe.cleanup()


if __name__ == "__main__":
    sys.exit(recipe_main())
