"""One trial in a pack: its training as a generator, what it asks for next, and what it has cost."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from torch import Tensor

from hptui.trainers.sft.packed.engine import Part
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.requests import GenerateRequest, LearnRequest, MeasureRequest, Request
from hptui.trainers.sft.training_run import TrainingRun


class Member:
    """A trial in a pack.

    `seconds_alone` is its share of the time, by tokens. `passes` counts its passes, `company` is the mean size of their
    groups. Once ended, it has a `result` or an `error`.
    """

    def __init__(
        self, training: TrainingRun, adapter: FlatAdapter, steps: Generator[Request, Any, dict[str, float]]
    ) -> None:
        self.training, self.adapter, self._steps = training, adapter, steps
        self.trial, self.settings = training.trial, training.settings
        self.request: Request | None = None
        self.result: dict[str, float] | None = None
        self.error: Exception | None = None
        self.ended = False
        self.seconds_alone = 0.0
        self.passes, self._groups = 0, 0
        training.learner.clock = lambda: self.seconds_alone

    @property
    def wants(self) -> str:
        """What is to be computed next: train, evaluate or generate; '' after the end."""
        if self.request is None:
            return ""
        if isinstance(self.request, GenerateRequest):
            return "generate"
        return "train" if isinstance(self.request, LearnRequest) else "evaluate"

    @property
    def step(self) -> int:
        """Number of optimizer steps taken."""
        return self.training.learner.place.step

    @property
    def tokens(self) -> int:
        """Number of tokens of the next pass, padding included; 0 where it is none."""
        batch = getattr(self.request, "batch", None)
        return 0 if batch is None else int(batch.ids.numel())

    @property
    def company(self) -> float:
        """Mean number of trials in its passes, itself included."""
        return self._groups / self.passes if self.passes else 0.0

    def part(self) -> Part:
        """Return what the next pass has of this trial."""
        request = self.request
        if isinstance(request, LearnRequest):
            return Part(self.adapter, request.batch, request.learnt, request.key, request.scaled)
        assert isinstance(request, MeasureRequest)
        return Part(self.adapter, request.batch)

    def count(self, group: int, seconds: float) -> None:
        """Count a pass of `group` trials, of which `seconds` were this one's."""
        self.passes, self._groups = self.passes + 1, self._groups + group
        self.seconds_alone += seconds

    def begin(self) -> None:
        """Go on to the first request."""
        self._advance(lambda: next(self._steps))

    def answer(self, answered: Any) -> None:
        """Give the answer to the request, and go on to the next."""
        self._advance(lambda: self._steps.send(answered))

    def fail(self, error: Exception) -> None:
        """Let the request have failed: the training decides what that means."""
        self._advance(lambda: self._steps.throw(error))

    def _advance(self, go_on: Any) -> None:
        started = time.perf_counter()
        try:
            self.request = go_on()
        except StopIteration as end:
            self.result = end.value
            self.close()
        except Exception as error:  # noqa: BLE001  it ends this trial, and no other
            self.error = error
            self.close()
        finally:
            self.seconds_alone += time.perf_counter() - started

    def close(self) -> None:
        """End, and free the memory."""
        self.ended, self.request = True, None
        self._steps.close()

    def tensors(self) -> list[Tensor]:
        """Return the tensors of its state: weights, gradient and optimizer."""
        states = self.training.learner.optimizer.state.values()
        return [
            self.adapter.flat,
            self.adapter.gradient,
            *(value for state in states for value in state.values() if isinstance(value, Tensor) and value.dim()),
        ]
