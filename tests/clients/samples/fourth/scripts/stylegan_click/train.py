"""Train a GAN using the techniques described in the paper."""

import json
import os

import click


class EasyDict(dict):
    def __getattr__(self, name):
        return self[name]


def parse_comma_separated_list(s):
    if isinstance(s, list):
        return s
    if s is None or s.lower() == "none" or s == "":
        return []
    return s.split(",")


@click.command()
# Required.
@click.option("--outdir", help="Where to save the results", metavar="DIR", required=True)
@click.option(
    "--cfg", help="Base configuration", type=click.Choice(["stylegan3-t", "stylegan3-r", "stylegan2"]), required=True
)
@click.option("--batch", help="Total batch size", metavar="INT", type=click.IntRange(min=1), required=True)
@click.option("--gamma", help="R1 regularization weight", metavar="FLOAT", type=click.FloatRange(min=0), required=True)
# Optional features.
@click.option("--cond", help="Train conditional model", metavar="BOOL", type=bool, default=False, show_default=True)
@click.option("--mirror", help="Enable dataset x-flips", metavar="BOOL", type=bool, default=False, show_default=True)
@click.option(
    "--aug", help="Augmentation mode", type=click.Choice(["noaug", "ada", "fixed"]), default="ada", show_default=True
)
@click.option(
    "--freezed",
    help="Freeze first layers of D",
    metavar="INT",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
)
# Misc hyperparameters.
@click.option("--glr", help="G learning rate  [default: varies]", metavar="FLOAT", type=click.FloatRange(min=0))
@click.option(
    "--dlr", help="D learning rate", metavar="FLOAT", type=click.FloatRange(min=0), default=0.002, show_default=True
)
@click.option("--map-depth", help="Mapping network depth  [default: varies]", metavar="INT", type=click.IntRange(min=1))
@click.option(
    "--metrics",
    help="Quality metrics",
    metavar="[NAME|A,B,C|none]",
    type=parse_comma_separated_list,
    default="fid50k_full",
    show_default=True,
)
@click.option(
    "--kimg", help="Total training duration", metavar="KIMG", type=click.IntRange(min=1), default=12, show_default=True
)
@click.option("-n", "--dry-run", help="Print training options and exit", is_flag=True)
def main(**kwargs):
    opts = EasyDict(kwargs)  # Command line arguments.
    print("Training options:")
    print(json.dumps({k: v for k, v in opts.items()}, indent=2))
    os.makedirs(opts.outdir, exist_ok=True)
    tick = 0
    for cur_nimg in range(4, opts.kimg + 1, 4):
        fid = (
            abs(opts.dlr * 1000 - 1)
            + opts.gamma / 10
            + 8 / opts.batch
            + 2 * opts.mirror
            + (opts.aug == "noaug")
            + len(opts.cfg) / 100
            + opts.freezed / 10
            + 1 / (tick + 1)
        )
        fields = [
            f"tick {tick:<5d}",
            f"kimg {cur_nimg:<8.1f}",
            f"time {'10m 20s':<12s}",
            f"sec/tick {4.0:<7.1f}",
            f"gpumem {5.2:<6.2f}",
        ]
        print(" ".join(fields))
        print("Evaluating metrics...")
        line = json.dumps(
            dict(
                results=dict(fid50k_full=fid),
                metric="fid50k_full",
                total_time=12.5,
                num_gpus=1,
                snapshot_pkl=f"network-snapshot-{cur_nimg:06d}.pkl",
            )
        )
        print(line)
        with open(os.path.join(opts.outdir, "metric-fid50k_full.jsonl"), "at") as f:
            f.write(line + "\n")
        tick += 1
    print("Exiting...")


if __name__ == "__main__":
    main()  # pylint: disable=no-value-for-parameter
