"""The computing for one training on a model of its own, whose trained weights are in the model: all, or peft's."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hptui.trainers.evals import generate
from hptui.trainers.sft import determinism, memory
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.learner import dropout_seed
from hptui.trainers.sft.packed import dropout
from hptui.trainers.sft.precision import autocast
from hptui.trainers.sft.requests import Answers, GenerateRequest, LearnRequest, MeasureRequest


class ModelExecutor:
    """Computes what one training asks for. `old_dropout`: masks come from torch's global generator."""

    def __init__(self, forward: Forward, tokenizer: Any, device: torch.device, *, old_dropout: bool = False) -> None:
        self.forward, self.tokenizer, self.device = forward, tokenizer, device
        self.dropouts = [] if old_dropout else dropout.install(forward.model, dropout.PEFT_PREFIX)

    @property
    def model(self) -> Any:
        """The model with its trained weights."""
        return self.forward.model

    def learn(self, request: LearnRequest) -> tuple[Tensor, float]:
        """Add the gradients of a micro-batch; return its loss, and the memory that the forward pass kept."""
        self.model.train()
        torch.manual_seed(dropout_seed(*request.key))
        for layer in self.dropouts:
            layer.key = request.key
        batch, kept = request.batch.to(self.device), 0.0
        if request.measured:
            summed, kept = memory.measure_forward(lambda: self.forward(batch), self.model, self.device)
        else:
            summed = self.forward(batch)
        loss = summed / request.learnt
        request.scaled(loss).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        return loss.detach(), kept

    @torch.no_grad()
    def measure(self, request: MeasureRequest) -> Tensor:
        """Return the summed loss of a batch."""
        self.model.eval()
        return self.forward(request.batch.to(self.device))

    def generate(self, request: GenerateRequest) -> Answers:
        """Return the model's answers, and the timing."""
        varied = determinism.allow_variation(request.report_variation)
        with varied, autocast(self.forward.precision, self.device):
            return generate.generate(
                self.model, self.tokenizer, request.prompts, request.options, self.device, request.keep_going
            )
