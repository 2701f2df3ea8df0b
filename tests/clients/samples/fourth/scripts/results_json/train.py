import argparse
import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd


def get_args():
    p = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    g = p.add_argument_group("optimisation")
    g.add_argument("--lr", "--learning-rate", type=float, default=0.05, help="step size")
    g.add_argument("--l2", type=float, default=0.0)
    m = p.add_mutually_exclusive_group()
    m.add_argument("--fit-intercept", dest="intercept", action="store_true", default=True)
    m.add_argument("--no-intercept", dest="intercept", action="store_false")
    g.add_argument("--iterations", type=int, default=3)
    p.add_argument("--output", type=Path, default=Path("results"))
    return p.parse_args()


def main():
    args = get_args()
    args.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for iteration in range(1, args.iterations + 1):
        rmse = abs(args.lr - 0.1) * 10 + args.l2 + 2 * args.intercept + 1 / iteration
        rows.append({"iteration": iteration, "train_rmse": rmse - 0.1, "val_rmse": rmse})
    pd.DataFrame(rows).to_csv(args.output / "history.csv", index=False)
    results = {"val_rmse": float(rmse), "val_mae": float(np.abs(rmse) / 2)}
    with open(args.output / "metrics.json", "w") as f:
        json.dump(results, f, indent=4)
    logging.info("done")


if __name__ == "__main__":
    main()
