"""What a training changes: the trained parameters of a model, or a flat adapter, by the same names in checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from hptui.trainers.sft import memory

MATRIX_DIMENSIONS = 2
"""Dimensions from which a parameter has weight decay."""


class Trained(Protocol):
    """Trained weights, as the optimizer sees them and as checkpoints name them."""

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """The parameters of the optimizer."""
        ...

    @property
    def decayed(self) -> Sequence[nn.Parameter]:
        """Those that have weight decay."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """Return the trained weights by name, not copied."""
        ...

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Copy weights by name into the trained ones."""
        ...

    def clear_gradient(self) -> None:
        """Forget the gradient."""
        ...

    def gradient_gib(self) -> float:
        """Return the memory of the gradient, in GiB."""
        ...

    def cut(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of the optimizer as a checkpoint has it: with a part for each named weight."""
        ...

    def join(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of a checkpoint as the optimizer has it."""
        ...


class TrainedModel:
    """The trained parameters of a model, each a parameter of the optimizer."""

    def __init__(self, model: nn.Module) -> None:
        self.named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters of the optimizer."""
        return [parameter for _, parameter in self.named]

    @property
    def decayed(self) -> list[nn.Parameter]:
        """Matrices; biases and scales of norms have no weight decay."""
        return [p for p in self.parameters if p.dim() >= MATRIX_DIMENSIONS]

    def weights(self) -> dict[str, Tensor]:
        """Return the trained weights by name, not copied."""
        return {name: parameter.detach() for name, parameter in self.named}

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Copy weights by name into the model."""
        with torch.no_grad():
            for name, parameter in self.named:
                parameter.copy_(weights[name])

    def clear_gradient(self) -> None:
        """Forget the gradient."""
        for parameter in self.parameters:
            parameter.grad = None

    def gradient_gib(self) -> float:
        """Return the memory of the gradient, in GiB."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        return sum(gradient.numel() * gradient.element_size() for gradient in gradients) / memory.GIB

    def cut(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of the optimizer, which has a part for each parameter already."""
        return dict(state)

    def join(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of a checkpoint as it is."""
        return dict(state)
