#!/usr/bin/env python
import argparse
import logging

from dictlm.language_model_configs import lm_config_registry
from dictlm.train_lm import train_language_model
from dictlm.util import add_config_arguments


def main():
    logging.basicConfig(
        level='DEBUG',
        format="%(asctime)s: %(name)s: %(levelname)s: %(message)s")

    parser = argparse.ArgumentParser("Training of a language model with definitions")
    parser.add_argument("config", nargs="?", default="lambada", choices=lm_config_registry.names(),
                        help="The name of the configuration")
    parser.add_argument("save_path", nargs="?", default="exp", help="Save path for the model")
    add_config_arguments(lm_config_registry['root'], parser)
    args = parser.parse_args()

    # the chosen configuration, then what the command line says
    new_config = lm_config_registry[args.config]
    for key in new_config:
        value = getattr(args, key)
        if value is not None:
            new_config[key] = value

    train_language_model(new_config, args.save_path)


if __name__ == "__main__":
    main()
