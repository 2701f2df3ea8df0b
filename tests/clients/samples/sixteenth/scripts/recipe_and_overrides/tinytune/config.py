"""Read `--config FILE key=value ...` into one OmegaConf object."""
import argparse

from omegaconf import OmegaConf


def parse(recipe_main):
    def wrapper():
        parser = argparse.ArgumentParser(description=recipe_main.__doc__)
        parser.add_argument("--config", type=str, default="configs/llama_lora.yaml", help="Path to a config")
        args, unknown = parser.parse_known_args()
        conf = OmegaConf.merge(OmegaConf.load(args.config), OmegaConf.from_dotlist(unknown))
        return recipe_main(conf)

    return wrapper


def log_config(recipe_name, cfg, log):
    log.info(f"Running {recipe_name} with resolved config:\n\n{OmegaConf.to_yaml(cfg, resolve=True, sort_keys=True)}")
