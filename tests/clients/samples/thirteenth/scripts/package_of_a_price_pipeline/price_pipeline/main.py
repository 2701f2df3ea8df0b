"""Command line of the pipeline.

    python -m price_pipeline.main --data-path data/listings.csv --target price
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

from .data_loader import load_dataset, split_features_target
from .model import ModelConfig, train_and_evaluate


def run_pipeline(data_path: str | Path, target: str, config: ModelConfig) -> dict[str, float]:
    """Load data, train the model, and return evaluation metrics."""
    dataset = load_dataset(data_path)
    features, labels = split_features_target(dataset, target=target)
    _, metrics = train_and_evaluate(features, labels, config=config)
    return metrics


def save_metrics(metrics: dict[str, float], output_path: str | Path) -> None:
    output = Path(output_path)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(metrics, indent=2), encoding="utf-8")


def parse_args() -> argparse.Namespace:
    defaults = ModelConfig()
    parser = argparse.ArgumentParser(description="Train and evaluate the model of listing prices.")
    parser.add_argument("--data-path", default="data/listings.csv", help="Path to the CSV file.")
    parser.add_argument("--target", default="price", help="Name of the target column.")
    parser.add_argument("--test-size", type=float, default=defaults.test_size, help="Share of the test set.")
    parser.add_argument("--cv-folds", type=int, default=defaults.cv_folds, help="Folds of the cross-validation.")
    parser.add_argument("--n-estimators", type=int, default=200, help="Number of trees.")
    parser.add_argument("--max-depth", type=int, default=8, help="Depth of a tree.")
    parser.add_argument("--min-samples-leaf", type=int, default=4, help="Samples in a leaf.")
    parser.add_argument("--max-features", type=float, default=0.8, help="Share of the features for a split.")
    parser.add_argument("--output", default="artifacts/metrics.json", help="Where the metrics are written.")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    config = ModelConfig(
        test_size=args.test_size,
        cv_folds=args.cv_folds,
        n_estimators=args.n_estimators,
        max_depth=args.max_depth,
        min_samples_leaf=args.min_samples_leaf,
        max_features=args.max_features,
    )
    metrics = run_pipeline(args.data_path, args.target, config)
    save_metrics(metrics, args.output)
    print("Metrics:")
    print(json.dumps(metrics, indent=2))
    print(f"Saved to {args.output}")


if __name__ == "__main__":
    main()
