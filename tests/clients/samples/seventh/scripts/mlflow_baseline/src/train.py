"""Baseline training: network, accumulation, Dice to the tracker."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import mlflow
import yaml

from src.attention_unet import build_attention_unet


def train_one_epoch(training, epoch) -> float:
    return abs(training["lr"] * 1000 - 1) + 1 / epoch


def validate(training, model, epoch) -> float:
    lost = abs(training["lr"] * 1000 - 1) / 10 + model["dropout"] / 10 + 0.1 / training["accum_steps"] + 0.1 / training["batch_size"]
    return 0.9 - lost - 0.1 / epoch


def _flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        full_key = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(_flatten(value, prefix=f"{full_key}."))
        else:
            flat[full_key] = value
    return flat


def main(config_path: str) -> None:
    with open(config_path) as f:
        config = yaml.safe_load(f)

    model = build_attention_unet(config["model"]["channels"], config["model"]["dropout"])
    checkpoint_dir = Path(config["training"]["checkpoint_dir"])
    checkpoint_dir.mkdir(parents=True, exist_ok=True)
    best_dice = -1.0

    mlflow.set_tracking_uri(config["mlflow"]["tracking_uri"])
    mlflow.set_experiment(config["mlflow"]["experiment_name"])
    with mlflow.start_run(run_name=config["mlflow"]["run_name"]):
        mlflow.log_params(_flatten(config))

        for epoch in range(config["training"]["epochs"]):
            train_loss = train_one_epoch(config["training"], epoch + 1)
            mlflow.log_metric("train_loss", train_loss, step=epoch)

            if (epoch + 1) % config["training"]["val_interval"] == 0:
                val_dice = validate(config["training"], model, epoch + 1)
                mlflow.log_metric("val_dice", val_dice, step=epoch)
                if val_dice > best_dice:
                    best_dice = val_dice
                    (checkpoint_dir / "best.pt").touch()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="configs/baseline.yaml")
    args = parser.parse_args()
    main(args.config)
