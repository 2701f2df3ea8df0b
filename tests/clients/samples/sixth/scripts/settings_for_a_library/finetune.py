from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from mixsol import train_model


def load_config(config_path: str | None) -> dict[str, Any]:
    if not config_path:
        return {}
    path = Path(config_path)
    with path.open("r", encoding="utf-8") as handle:
        loaded_config = yaml.safe_load(handle) or {}
    return dict(loaded_config)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tune a chat model on extraction data.")
    parser.add_argument("--model", help="Model name. Optional if provided in --config.")
    parser.add_argument("--config", default="configs/sft.yaml", help="YAML config file with an optional model entry.")
    parser.add_argument("--validation-data", "--val-data", dest="validation_data", help="Optional validation dataset.")
    parser.add_argument("--output-dir", help="Directory where the trained checkpoint will be saved.")
    args = parser.parse_args()
    config = load_config(args.config)
    model_type = str(config.pop("model_type", "hf")).lower()
    model_name = args.model or config.pop("model", None)
    if not model_name:
        raise ValueError("Provide --model or define model in the config file.")
    output_dir = args.output_dir or str(config.pop("output_dir", "checkpoints"))
    checkpoint_path = train_model(model_name=model_name, validation_file=args.validation_data, output_dir=output_dir, **config)
    print(f"Saved {model_type} checkpoint to {checkpoint_path}")


if __name__ == "__main__":
    main()
