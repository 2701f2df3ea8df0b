"""Dropout of an adapter's inputs as a function of seed, step, micro-batch and layer: in any company, on any path."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, nn

PEFT_PREFIX = "base_model.model."
"""What peft puts before the name of a layer of the base model."""
DropoutKey = tuple[int, int, int]
"""Seed, step and micro-batch."""


def layer_seed(key: DropoutKey, name: str) -> int:
    """Return the seed of dropout in one layer in one micro-batch."""
    digest = hashlib.sha256(f"2/{key[0]}/{key[1]}/{key[2]}/{name}".encode()).digest()
    return int.from_bytes(digest[:7])


class Masks:
    """Draws masks of dropout. It keeps one generator for a device, which it seeds for each mask."""

    def __init__(self) -> None:
        self._generators: dict[torch.device, torch.Generator] = {}

    def draw(self, share: float, key: DropoutKey, name: str, like: Tensor) -> Tensor:
        """Return which of the inputs of a layer are kept, in the shape of `like`."""
        generator = self._generators.get(like.device)
        if generator is None:
            generator = self._generators.setdefault(like.device, torch.Generator(like.device))
        generator.manual_seed(layer_seed(key, name))
        return torch.empty(like.shape, device=like.device, dtype=torch.bool).bernoulli_(1 - share, generator=generator)


class KeyedDropout(nn.Module):
    """Dropout for peft's layers that is the same as in a pack. `key` is set before each micro-batch."""

    def __init__(self, share: float, name: str, masks: Masks) -> None:
        super().__init__()
        self.share, self.name, self.masks = share, name, masks
        self.key: DropoutKey = (0, 0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the inputs without those that are dropped; all of them in an evaluation."""
        if not self.training:
            return x
        return x * self.masks.draw(self.share, self.key, self.name, x) * (1 / (1 - self.share))


def install(model: Any, prefix: str) -> list[KeyedDropout]:
    """Replace the dropout of peft's adapter layers, and return the replacements.

    `prefix` is left off their names.
    """
    masks, installed = Masks(), []
    for name, module in model.named_modules():
        held = getattr(module, "lora_dropout", None)
        layer = held["default"] if isinstance(held, nn.ModuleDict) and "default" in held else None
        if isinstance(layer, nn.Dropout):
            held["default"] = KeyedDropout(layer.p, name.removeprefix(prefix), masks)  # type: ignore[index]
            installed.append(held["default"])  # type: ignore[index]
    return installed
