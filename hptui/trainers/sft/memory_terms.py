"""The sizes that a fine-tuning takes in memory, from its settings and the model's `config.json`. Nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hptui.core.memory import MemoryTerms
from hptui.core.trial import Value
from hptui.trainers.sft.laws import model_config

GIB = 1 << 30
"""Bytes of a GiB."""
ACTIVATION_BYTES = 86
"""Bytes that a forward pass keeps for each token, layer and unit of width: 3.7 MB a token at 28 layers x 1536."""
RECOMPUTED = 0.15
"""Share of them that is kept when activations are recomputed."""
LOGIT_BYTES = 10
"""Bytes for each token and word of the vocabulary: logits, their gradient and a copy."""
CONSTANT_GIB = 0.5
"""What libraries and buffers take, whatever the settings."""
WEIGHT_BYTES = {"float32": 4.0, "float64": 8.0}
"""Bytes of a weight under an adapter by `dtype`; of others 2."""
FOUR_BIT_BYTES = 0.56
"""Bytes of a weight of a model in 4 bits, scales included."""
STATE_BYTES = {"sgd": 4, "adafactor": 1, "adamw_8bit": 2, "paged_adamw_8bit": 2}
"""Bytes of the optimizer's state for a trained weight; of Adam's kind 8."""


class SftMemory:
    """A `MemoryRule`."""

    def terms(self, settings: Mapping[str, Value], directory: str) -> MemoryTerms | None:
        """Return the sizes for these settings; None where the model's configuration is not at hand."""
        shape = _shape(str(settings.get("model") or ""), directory)
        if shape is None:
            return None
        full, rank = settings.get("adapter") == "none", _whole(settings, "lora_rank", 16)
        tokens = _whole(settings, "batch_size", 4) * _whole(settings, "max_length", 1024)
        recomputed = settings.get("gradient_checkpointing") is True
        trained = shape.weights if full else rank * shape.adapted(settings.get("lora_target"))
        weight = 4.0 if full else WEIGHT_BYTES.get(str(settings.get("dtype")), 2.0)
        body = FOUR_BIT_BYTES if settings.get("adapter") == "qlora" else weight
        weights = shape.body * body + shape.embeddings * weight
        state = 4 + STATE_BYTES.get(str(settings.get("optimizer")), 8) + (0 if full else 4)
        kept = tokens * shape.layers * shape.width * ACTIVATION_BYTES * (RECOMPUTED if recomputed else 1)
        return MemoryTerms(
            (weights + trained * state) / GIB,
            {
                "activations": kept / GIB,
                "logits": tokens * shape.vocabulary * LOGIT_BYTES / GIB,
                "constant": CONSTANT_GIB,
            },
        )

    def smaller(self, settings: Mapping[str, Value]) -> dict[str, Value] | None:
        """Return half the batch with twice the accumulation; None for a batch that has no half."""
        batch = _whole(settings, "batch_size", 4)
        if batch % 2:
            return None
        if settings.get("effective_batch_size"):  # the accumulation follows from it
            return {"batch_size": batch // 2}
        return {"batch_size": batch // 2, "gradient_accumulation": 2 * _whole(settings, "gradient_accumulation", 1)}


RULE = SftMemory()
"""The rule of the trainer `sft`."""


class _Shape:
    """Sizes of a model."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.width, self.layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
        self.vocabulary = int(config["vocab_size"])
        heads = int(config.get("num_attention_heads") or 1)
        head = int(config.get("head_dim") or self.width // heads)
        keys = int(config.get("num_key_value_heads") or heads) * head
        inner = int(config.get("intermediate_size") or 4 * self.width)
        self.linears = {
            "q_proj": (self.width, heads * head),
            "k_proj": (self.width, keys),
            "v_proj": (self.width, keys),
            "o_proj": (heads * head, self.width),
            "gate_proj": (self.width, inner),
            "up_proj": (self.width, inner),
            "down_proj": (inner, self.width),
        }
        self.body = self.layers * sum(a * b for a, b in self.linears.values())
        self.embeddings = self.vocabulary * self.width * (1 if config.get("tie_word_embeddings") else 2)
        self.weights = self.body + self.embeddings

    def adapted(self, targets: Value) -> int:
        """Return the weights that an adapter of rank 1 on these layers has."""
        named = [str(name) for name in targets] if isinstance(targets, list) else []
        names = self.linears.keys() & set(named) or self.linears.keys()
        return self.layers * sum(sum(self.linears[name]) for name in names)


@lru_cache(maxsize=32)
def _shape(model: str, directory: str) -> _Shape | None:
    """Return the sizes of a model; None if its configuration is not at hand, or of another kind."""
    name = str(Path(directory, model)) if not Path(model).is_absolute() and Path(directory, model).is_dir() else model
    try:
        return _Shape(model_config(name, directory))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _whole(settings: Mapping[str, Value], name: str, default: int) -> int:
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
