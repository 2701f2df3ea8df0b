"""The published learning rates for fine-tuning, from the model's `config.json`. Nothing is loaded or fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from hptui.core.laws import LORA_ALPHA, Law, full_rate, lora_rate
from hptui.core.trial import Value

MAX_CONFIG_BYTES = 1 << 20
"""Size of a `config.json` beyond which it is none."""


def laws(settings: Mapping[str, Value], searched: Set[str], directory: str) -> list[Law]:
    """Return the learning rate for this model; [] where the rule does not apply or the model is not known.

    With LoRA it was measured for alpha 32: it says nothing where alpha differs, is searched, or follows the rank.
    """
    config = model_config(str(settings.get("model") or ""), directory)
    width, family = config.get("hidden_size"), str(config.get("model_type") or "")
    if not isinstance(width, int) or width < 1 or {"model", "adapter", "optimizer"} & searched:
        return []
    if settings.get("adapter") == "none":
        return [full_rate(width, family)]
    rank, rslora = settings.get("lora_rank"), settings.get("rslora")
    if "lora_alpha" in searched or settings.get("lora_alpha") != LORA_ALPHA or "rslora" in searched:
        return []
    if rslora and ("lora_rank" in searched or not isinstance(rank, int)):
        return []
    return [lora_rate(width, family, rslora_rank=rank if rslora and isinstance(rank, int) else None)]


def model_config(model: str, directory: str) -> Mapping[str, Any]:
    """Return the configuration of a model in a directory or in the hub's cache; {} if not known."""
    for path in _config_files(model, directory):
        try:
            if path.stat().st_size <= MAX_CONFIG_BYTES:
                config = json.loads(path.read_text(encoding="utf-8"))
                return config if isinstance(config, dict) else {}
        except (OSError, ValueError):
            continue
    return {}


def _config_files(model: str, directory: str) -> list[Path]:
    if not model or ":" in model:  # one that hptui makes has no published rule
        return []
    own = Path(directory, model, "config.json")
    home = os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home, "hub"), f"models--{model.replace('/', '--')}")
    return [own, *sorted(cache.glob("snapshots/*/config.json"), reverse=True)]
