"""The computing for one training alone on a base model."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from hptui.trainers.evals.generate import Job, generate_together
from hptui.trainers.sft import determinism
from hptui.trainers.sft.packed.engine import PackEngine, Part
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.packed.stack import Span
from hptui.trainers.sft.precision import autocast
from hptui.trainers.sft.requests import Answers, GenerateRequest, LearnRequest, MeasureRequest


class PackExecutor:
    """Computes what one training asks for: a pack of one."""

    def __init__(self, engine: PackEngine, adapter: FlatAdapter, tokenizer: Any) -> None:
        self.engine, self.adapter, self.tokenizer = engine, adapter, tokenizer

    def learn(self, request: LearnRequest) -> tuple[Tensor, float]:
        """Add the gradients of a micro-batch; return its loss, and the memory that the forward pass kept."""
        part = Part(self.adapter, request.batch, request.learnt, request.key, request.scaled)
        (loss,), kept = self.engine.learn([part], measure=request.measured)
        return loss, kept

    def measure(self, request: MeasureRequest) -> Tensor:
        """Return the summed loss of a batch."""
        return self.engine.measure([Part(self.adapter, request.batch)])[0]

    def generate(self, request: GenerateRequest) -> Answers:
        """Return the answers, and the timing."""
        job = Job(request.prompts, request.keep_going)
        generate_for(self.engine, [self.adapter], self.tokenizer, [job], [request])
        return job.answers()


def generate_for(
    engine: PackEngine, adapters: list[FlatAdapter], tokenizer: Any, jobs: list[Job], requests: list[GenerateRequest]
) -> None:
    """Answer the prompts of several trainings with equal options together, each with its own adapter."""

    def adapted(counts: Any) -> Any:
        spans, begin = [], 0
        for adapter, count in zip(adapters, counts, strict=True):
            if count:
                spans.append(Span(adapter, begin, begin + count, None))
            begin += count
        return engine.adapted(spans)

    def report_variation(operations: set[str]) -> None:
        for request in requests:
            request.report_variation(operations)

    with determinism.allow_variation(report_variation), autocast(engine.precision, engine.device):
        generate_together(engine.model, tokenizer, jobs, requests[0].options, engine.device, adapted)
    engine.forget_mode()
