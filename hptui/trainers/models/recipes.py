"""Recipes of small base models: all values that decide what such a model is. Free of torch."""

from __future__ import annotations

from hptui.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of one model: architecture, size of the tokenizer, and training. A change makes another model."""

    architecture: str
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    steps: int
    batch: int = 16
    length: int = 96
    positions: int = 512
    learning_rate: float = 3e-3
    sums: float = 0.5
    """Share of the text that is sums, 0 to 1; the rest is documentation."""
    version: int = 1
    """To be raised when the way that models are built changes."""


SMALL = {"hidden": 96, "layers": 2, "heads": 4, "feed_forward": 256, "vocabulary": 768, "steps": 600}
"""Sizes of the small models."""
TINY = {"hidden": 48, "layers": 2, "heads": 2, "feed_forward": 128, "vocabulary": 512, "steps": 120}
"""Sizes of the tiny models."""

RECIPES = {
    "small-llama": Recipe("llama", **SMALL),
    "small-qwen2": Recipe("qwen2", **SMALL),
    "tiny-llama": Recipe("llama", **TINY),
    "tiny-qwen2": Recipe("qwen2", **TINY),
}
"""Recipes by the name after `hptui:`. A small one trains for about a minute, a tiny one for some seconds."""
