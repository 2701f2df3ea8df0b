"""A recipe: a YAML file, and its keys as options."""

import argparse
import sys

import yaml


def parse_arguments(arg_list):
    parser = argparse.ArgumentParser(description="Run an experiment")
    parser.add_argument("param_file", type=str, help="A yaml-formatted file using the extended YAML syntax.")
    parser.add_argument(
        "--debug", default=False, action="store_true", help="Run the experiment with only a few batches."
    )
    parser.add_argument("--device", type=str, default="cpu", help="The device to run the experiment on.")
    run_opts, overrides = parser.parse_known_args(arg_list)
    run_opts = vars(run_opts)
    param_file = run_opts.pop("param_file")
    # Convert to string and append to overrides
    settings = {}
    for arg in overrides:
        if arg.startswith("--") and "=" in arg:
            key, value = arg[2:].split("=", 1)
            settings[key] = yaml.safe_load(value)
        elif arg.startswith("--"):
            key = arg[2:]
        else:
            settings[key] = yaml.safe_load(arg)
    return param_file, run_opts, settings


if __name__ == "__main__":
    hparams_file, run_opts, overrides = parse_arguments(sys.argv[1:])
    with open(hparams_file) as fin:
        hparams = {**yaml.safe_load(fin), **overrides}
    for epoch in range(1, hparams["number_of_epochs"] + 1):
        loss = (
            abs(hparams["lr"] - 0.5)
            + hparams["dropout"]
            + 64 / hparams["rnn_neurons"]
            + 2 * hparams["sorting"]
            + 1 / epoch
        )
        print(
            f"epoch: {epoch}, lr: {hparams['lr']:.2e} - train loss: {loss + 1:.2e} - valid loss: {loss:.3e}, valid WER: {loss * 10:.2f}"
        )
