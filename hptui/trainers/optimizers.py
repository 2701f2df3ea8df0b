"""Optimizers of torch and their checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def load_optimizer(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Take over what a checkpoint remembers of the gradients, and nothing that is a setting.

    Torch loads weight decay, betas and the like with it: a trial that continues from another one's checkpoint with a
    changed setting would train with the old one.
    """
    options = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, options, strict=True):
        group.update(own)
