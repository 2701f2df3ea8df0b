"""
Trains, validates or predicts with one model.

Examples:
    python scripts/train_model.py --model yolo11_3cls --dataset big --stage train
    python scripts/train_model.py --model yolo11_3cls --dataset big --stage validate
"""

from __future__ import annotations

import argparse
import sys

sys.path.insert(0, ".")

from src.train import resolve, run_train


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train / validate / predict a single detector.")

    model_group = parser.add_mutually_exclusive_group(required=True)
    model_group.add_argument("--model", type=str, help="Model config name under config/model.")
    model_group.add_argument("--model-config", type=str, help="Explicit model config path.")

    dataset_group = parser.add_mutually_exclusive_group(required=True)
    dataset_group.add_argument("--dataset", type=str, help="Dataset config name under config/dataset.")
    dataset_group.add_argument("--dataset-config", type=str, help="Explicit dataset config path.")

    parser.add_argument("--stage", type=str, required=True, choices=["train", "validate", "predict"], help="Execution stage.")
    parser.add_argument("--weights", type=str, help="Optional model weight path or model alias.")
    parser.add_argument("--conf", type=float, help="Predict confidence threshold override (predict stage only).")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    model = args.model_config or f"config/model/{args.model}.yaml"
    config = resolve(model, args.dataset_config or args.dataset, args.stage)
    print(f"[train_model] stage={config['stage']}")
    print(f"[train_model] model={config['name']} family={config['family']}")
    if args.stage == "train":
        run_train(config)
    else:
        raise ValueError(f"Unsupported stage: {args.stage}")


if __name__ == "__main__":
    main()
