#!/usr/bin/env python
"""Main training script for learned activations experiments.

Usage:
    # Composing configs
    python -m experiments.train --config experiments/configs/encodings/sh_l20.yaml

    # With CLI overrides
    python -m experiments.train \\
        --config experiments/configs/encodings/sh_l20.yaml \\
        --model.network.hidden_dim=512 \\
        --training.learning_rate=0.0001
"""

import sys
import argparse
from pathlib import Path

# Add project root to path
PROJECT_ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT_ROOT))

from experiments.engine import Trainer
from experiments.utils.config import (
    load_config,
    merge_configs,
    parse_cli_overrides,
    Config,
)


def parse_args():
    """Parse command line arguments."""
    parser = argparse.ArgumentParser(
        description="Train learned activations models",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    parser.add_argument(
        "--config",
        type=str,
        action="append",
        default=[],
        help="Config file(s) to load. Can specify multiple for composition.",
    )

    # Allow arbitrary --key=value overrides
    args, unknown = parser.parse_known_args()

    # Parse CLI overrides
    cli_overrides = parse_cli_overrides(unknown)

    return args.config, cli_overrides


class LearnedActivationsModule:
    def __init__(self, hidden_dim, num_layers, legendre_polys, learning_rate, weight_decay, batch_size):
        self.loss = abs(learning_rate * 100 - 1) + weight_decay + 32 / hidden_dim + 0.1 * num_layers
        self.loss += 1 / legendre_polys + 32 / batch_size

    def validation(self, epoch):
        return self.loss + 1 / (epoch + 1)


def main():
    """Main training function."""
    # Parse arguments
    config_paths, cli_overrides = parse_args()

    # Load base config
    base_config_path = Path(__file__).parent / "configs" / "base.yaml"
    configs = [load_config(base_config_path)]

    # Load specified configs
    for path in config_paths:
        configs.append(load_config(path))

    # Merge all configs
    merged = merge_configs(configs)

    # Apply CLI overrides
    merged = merge_configs([merged, cli_overrides])

    # Convert to Config object
    config = Config(merged)

    # Print config
    print("=" * 60)
    print("Configuration")
    print("=" * 60)
    print(f"Experiment: {config.experiment.get('name', 'unknown')}")
    print(f"Encoding: {config.model.encoding.get('type', 'unknown')}")
    print(f"Dataset: {config.data.get('dataset', 'unknown')}")
    print("=" * 60)

    training = config.training
    model = LearnedActivationsModule(
        hidden_dim=config.model.network.get("hidden_dim", 256),
        num_layers=config.model.network.get("num_layers", 3),
        legendre_polys=config.model.encoding.get("legendre_polys", 10),
        learning_rate=training.get("learning_rate", 0.001),
        weight_decay=training.get("weight_decay", 0.0),
        batch_size=config.data.get("batch_size", 256),
    )
    trainer = Trainer(
        max_epochs=training.get("max_epochs", 100),
        save_dir=config.logging.get("save_dir", "./logs"),
    )

    # Train
    print("\nStarting training...")
    trainer.fit(model)

    # Print results
    print("\n" + "=" * 60)
    print("Training Complete")
    print("=" * 60)
    print(f"Best val_loss: {trainer.best:.4f}")


if __name__ == "__main__":
    main()
