import sys
import argparse
from pathlib import Path

from omegaconf import DictConfig, OmegaConf


class TuneRecipeArgumentParser(argparse.ArgumentParser):
    """A helpful utility subclass of the `argparse.ArgumentParser` that adds a builtin argument "config"."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.add_argument("--config", type=str, help="Path/name of a yaml file with recipe args", required=True)


def parse(recipe_main):
    def wrapper(*args, **kwargs):
        parser = TuneRecipeArgumentParser(description=recipe_main.__doc__)
        args, unknown = parser.parse_known_args()
        conf = OmegaConf.merge(OmegaConf.load(args.config), OmegaConf.from_dotlist(unknown))
        sys.exit(recipe_main(conf))

    return wrapper


class DiskLogger:
    def __init__(self, log_dir):
        self.log_dir = Path(log_dir)
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self._file = open(self.log_dir / "log_1.txt", "a")

    def log_dict(self, payload, step):
        self._file.write(f"Step {step} | ")
        for name, data in payload.items():
            self._file.write(f"{name}:{data} ")
        self._file.write("\n")
        self._file.flush()


class LoRAFinetuneRecipeSingleDevice:
    def __init__(self, cfg: DictConfig) -> None:
        self._output_dir = cfg.output_dir
        self.total_epochs = cfg.epochs
        self._lr = cfg.optimizer.lr
        self._rank = cfg.model.lora_rank
        self._dropout = cfg.model.lora_dropout
        self._packed = cfg.dataset.packed
        self._metric_logger = DiskLogger(cfg.metric_logger.log_dir)

    def train(self):
        base = self._lr * 1000 + 1 / self._rank + self._dropout + 2 * self._packed
        step = 0
        for curr_epoch in range(self.total_epochs):
            for _ in range(2):
                step += 1
                loss = base + 1 / step
                print(f"{curr_epoch + 1}|{step}|Loss: {loss}")
                self._metric_logger.log_dict({"loss": loss, "lr": self._lr, "tokens_per_second_per_gpu": 812.5}, step=step)


@parse
def recipe_main(cfg: DictConfig) -> None:
    """Entry point for the recipe.

    Configurable parameters are read in the following order:
        - Parameters specified in config (see available configs through ``tune ls``)
        - Overwritten by arguments from the command-line
    """
    recipe = LoRAFinetuneRecipeSingleDevice(cfg=cfg)
    recipe.train()


if __name__ == "__main__":
    sys.exit(recipe_main())
