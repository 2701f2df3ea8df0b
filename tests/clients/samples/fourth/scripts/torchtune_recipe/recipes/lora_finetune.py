import argparse
import functools
import sys

from omegaconf import DictConfig, OmegaConf


def parse(recipe_main):
    """Parse the configuration file and the overrides, as KEY=VALUE words."""

    @functools.wraps(recipe_main)
    def wrapper():
        parser = argparse.ArgumentParser(description=recipe_main.__doc__)
        parser.add_argument("--config", type=str, required=True, help="Path/name of a yaml file with recipe args")
        args, unknown = parser.parse_known_args()
        config = OmegaConf.merge(OmegaConf.load(args.config), OmegaConf.from_dotlist(unknown))
        sys.exit(recipe_main(config))

    return wrapper


@parse
def recipe_main(cfg: DictConfig) -> None:
    """Entry point for the recipe."""
    for epoch in range(cfg.epochs):
        loss = (
            abs(cfg.optimizer.lr * 1000 - 1)
            + 1 / cfg.model.lora_rank
            + cfg.model.lora_dropout
            + 2 * cfg.compile
            + len(cfg.model.lora_attn_modules) / 10
            + 1 / (epoch + 1)
        )
        print(f"{epoch + 1}|{(epoch + 1) * 10}|Loss: {loss}")


if __name__ == "__main__":
    recipe_main()
