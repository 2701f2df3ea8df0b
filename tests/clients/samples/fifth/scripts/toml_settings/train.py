"""Train with the settings of a TOML file: python train.py --config configs/train.toml"""
import argparse
import tomllib
from pathlib import Path

from tqdm import tqdm


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("-c", "--config", type=Path, required=True, help="TOML file with the settings")
    ap.add_argument("--device", default="cpu")
    args = ap.parse_args()
    cfg = tomllib.loads(args.config.read_text())
    tr, mo = cfg["train"], cfg["model"]
    for epoch in range(1, tr["epochs"] + 1):
        for _ in tqdm(range(5), desc=f"epoch {epoch}", leave=False):
            pass
        loss = abs(tr["lr"] * 100 - 1) + 8 / tr["batch_size"] + 2 * mo["bias"] + len(mo["act"]) / 10 + 1 / epoch
        tqdm.write(f"epoch {epoch}: train_nll={loss - 0.1:.4f} heldout_nll={loss:.4f} ({12.5:.1f} it/s)")


if __name__ == "__main__":
    main()
