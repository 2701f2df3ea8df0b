"""Train an unconditional diffusion model on one manifold, then report the gates.

    python experiments/train.py --config configs/manifold_sphere.yaml
    python experiments/train.py --config configs/manifold_sphere.yaml \
        --set train.score.steps=120000 train.score.sigma_bias=2.0

Exits non-zero if any gate fails, so an iteration loop can be driven from the
exit status rather than by reading numbers off a log.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dgeom.config import setup
from dgeom.experiment import check_gates, evaluate, report_gates, train


def main() -> int:
    ap = argparse.ArgumentParser()
    ap.add_argument("--config", default="configs/manifold_sphere.yaml")
    ap.add_argument("--set", nargs="*", default=[], dest="overrides")
    args = ap.parse_args()

    cfg, run = setup(args.config, args.overrides, default_name="manifold")
    print(f"run dir: {run.dir}\n")

    train(cfg, run)

    # final evaluation on the EMA weights, which is what downstream loads
    final = evaluate(cfg)
    run.log(stage=f"final_{cfg['manifold']['name']}", **final)

    failed = report_gates(check_gates(final, cfg["gates"]), cfg["manifold"]["name"])
    print(f"run dir: {run.dir}")
    return 0 if not failed else 1


if __name__ == "__main__":
    raise SystemExit(main())
