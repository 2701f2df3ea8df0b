"""What a training asks to be computed, and who computes it: the model alone, or a pack for several trainings at once.

A training is a generator. It yields a request, gets the answer, and goes on; its driver decides when, and in what
company, a request is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol, TypeVar

from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.data.batches import Batch
from hptui.trainers.evals import GenerationOptions
from hptui.trainers.evals.generate import Completion, GenerationTiming, Prompt
from hptui.trainers.sft.packed.dropout import DropoutKey


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """The gradients of a micro-batch. The answer is its loss, divided by `learnt`, and the kept memory in GiB.

    `scaled` is applied to the loss before the backward pass. `measured`: the memory is asked for.
    """

    batch: Batch
    learnt: int
    key: DropoutKey
    scaled: Callable[[Tensor], Tensor]
    measured: bool


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """The summed loss of a batch, which is the answer."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """The answers to prompts. The answer is a list of completions, and the timing.

    `report_variation` gets the operations without a deterministic form that ran though `deterministic = true`.
    """

    prompts: Sequence[Prompt]
    options: GenerationOptions
    keep_going: Callable[[], bool]
    report_variation: Callable[[set[str]], None]


Request = LearnRequest | MeasureRequest | GenerateRequest
"""What a training can ask for."""
Answers = tuple[list[Completion], GenerationTiming]
"""The answer to a request to generate."""


class RequestExecutor(Protocol):
    """Computes what one training asks for."""

    def learn(self, request: LearnRequest) -> tuple[Tensor, float]:
        """Add gradients, and return loss and memory."""
        ...

    def measure(self, request: MeasureRequest) -> Tensor:
        """Return a summed loss."""
        ...

    def generate(self, request: GenerateRequest) -> Answers:
        """Return answers and timing."""
        ...


def answer(request: Request, executor: RequestExecutor) -> Any:
    """Return the answer to a request."""
    if isinstance(request, LearnRequest):
        return executor.learn(request)
    return executor.measure(request) if isinstance(request, MeasureRequest) else executor.generate(request)


Result = TypeVar("Result")


def drive(steps: Generator[Request, Any, Result], executor: RequestExecutor) -> Result:
    """Compute everything that a training asks for, alone; return its result."""
    try:
        request = next(steps)
        while True:
            try:
                answered = answer(request, executor)
            except Exception as error:  # noqa: BLE001  the training decides what its failure means
                request = steps.throw(error)
            else:
                request = steps.send(answered)
    except StopIteration as end:
        result: Result = end.value
        return result
