"""Optimizers of torch and their checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def load_optimizer(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Load the state of an optimizer from a checkpoint, but none of its settings.

    Torch restores weight decay, betas and the like as well: a trial that continues from another trial's checkpoint
    with a changed setting would train with the old value.
    """
    options = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, settings in zip(optimizer.param_groups, options, strict=True):
        group.update(settings)
