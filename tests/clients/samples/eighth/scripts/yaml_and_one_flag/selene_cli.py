"""
Description:
    This script builds the model and trains it using user-specified input data.

Output:
    Saves model to a user-specified output file.

Usage:
    selene_cli.py [<config-yml>] [--lr=<lr>]
    selene_cli.py -h | --help

Options:
    -h --help               Show this screen.

    <config-yml>            Model-specific parameters
    --lr=<lr>               If training, the optimizer's learning rate
                            [default: None]
"""
from docopt import docopt

from sdk.config import load_path, parse_configs_and_run


if __name__ == "__main__":
    arguments = docopt(
        __doc__,
        version="0.4.8")

    configs = load_path(arguments["<config-yml>"] or "configs/train.yml")
    parse_configs_and_run(configs, lr=arguments["--lr"])
