"""Passes for several trials: which requests go together, what happens when memory runs out, and whose failure it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.evals import Interrupted
from hptui.trainers.evals.generate import Job
from hptui.trainers.sft import memory
from hptui.trainers.sft.packed.engine import PackEngine
from hptui.trainers.sft.packed.executor import generate_for
from hptui.trainers.sft.packed.member import Member
from hptui.trainers.sft.requests import GenerateRequest, LearnRequest

BROKEN: tuple[type[Exception], ...] = (torch.AcceleratorError,)
"""Errors after which a process can compute nothing more on its GPU."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: its kind (train, evaluate or generate), the numbers of its trials, their tokens, and its duration."""

    kind: str
    group: tuple[int, ...]
    tokens: int
    seconds: float


class Passes:
    """Computes the requests of trials in common passes.

    Out of memory halves a group; only a trial that fails alone, with the others' state out of the way, has failed.
    """

    def __init__(self, engine: PackEngine, tokenizer: Any) -> None:
        self.engine, self.tokenizer = engine, tokenizer
        self.halvings, self.limit = 0, 0
        self._too_many: dict[str, int] = {}  # tokens that did not fit, by kind
        self._done: list[Pass] = []
        self._residents: list[Member] = []
        self._timed = False

    def step(self, members: Sequence[Member], residents: Sequence[Member], *, timed: bool) -> list[Pass]:
        """Take each member one request further. `residents` are all trials whose state is in memory."""
        self._done, self._residents, self._timed = [], list(residents), timed
        groups = [
            (kind, group)
            for kind in ("train", "evaluate", "generate")
            for group in self._groups(kind, [member for member in members if member.wants == kind])
        ]
        for kind, group in groups:
            self._compute(kind, group)
        return self._done

    def _groups(self, kind: str, members: list[Member]) -> Iterator[list[Member]]:
        """Yield the groups of a kind: as large as memory allows; generations with equal options."""
        if kind == "generate":
            for _, same in groupby(sorted(members, key=_generation), key=_generation):
                yield list(same)
            return
        group, tokens, room = list[Member](), 0, self._too_many.get(kind)
        for member in members:
            if group and room is not None and tokens + member.tokens >= room:
                yield group
                group, tokens = [], 0
            group.append(member)
            tokens += member.tokens
        if group:
            yield group

    def _compute(self, kind: str, group: list[Member]) -> None:
        """Compute the requests of a group and hand out the answers; find out whose failure a failure is."""
        tokens = sum(member.tokens for member in group)
        started = self._now()
        answers, error = self._attempt(kind, group)
        seconds = self._now() - started
        if error is None:
            self._done.append(Pass(kind, tuple(member.trial.number for member in group), tokens, seconds))
            shares = [member.tokens / tokens if tokens else 1 / len(group) for member in group]
            for member, share, answer in zip(group, shares, answers, strict=True):
                member.count(len(group), seconds * share)
                if isinstance(answer, Exception):
                    member.fail(answer)
                else:
                    member.answer(answer)
        elif memory.is_out_of_memory(error):
            self._make_room(kind, group, tokens, error)
        elif len(group) > 1:
            for member in group:  # whose failure it is shows alone
                self._compute(kind, [member])
        else:
            group[0].fail(error)

    def _make_room(self, kind: str, group: list[Member], tokens: int, error: Exception) -> None:
        if self.engine.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(group) > 1:
            self.halvings += 1
            self._too_many[kind] = min(tokens, self._too_many.get(kind, tokens))
            half = (len(group) + 1) // 2
            self.limit = min(half, self.limit or half)
            self._compute(kind, group[:half])
            self._compute(kind, group[half:])
            return
        others = [member for member in self._residents if member not in group and not member.ended]
        if not others:
            group[0].fail(error)
            return
        with parked(others):
            answers, again = self._attempt(kind, group)
        if again is None:
            group[0].count(1, 0.0)
            group[0].answer(answers[0])
        else:
            group[0].fail(again)

    def _attempt(self, kind: str, group: list[Member]) -> tuple[list[Any], Exception | None]:
        """Return the answers, or the error.

        The error has no frames: they would hold the tensors of the failed pass.
        """
        try:
            return self._answers(kind, group), None
        except BROKEN as error:
            if not memory.is_out_of_memory(error):
                raise
            return [], error.with_traceback(None)
        except Exception as error:  # noqa: BLE001  a trial's failure, as it would be alone
            return [], error.with_traceback(None)

    def _answers(self, kind: str, group: list[Member]) -> list[Any]:
        if kind == "evaluate":
            return list(self.engine.measure([member.part() for member in group]))
        if kind == "train":
            measured = [isinstance(m.request, LearnRequest) and m.request.measured for m in group]
            parts = [member.part() for member in group]
            losses, kept = self.engine.learn(parts, measure=any(measured))
            tokens = sum(part.tokens for part in parts)
            return [(loss, kept * part.tokens / tokens) for loss, part in zip(losses, parts, strict=True)]
        requests = [member.request for member in group if isinstance(member.request, GenerateRequest)]
        jobs = [Job(request.prompts, request.keep_going) for request in requests]
        generate_for(self.engine, [member.adapter for member in group], self.tokenizer, jobs, requests)
        return [Interrupted() if job.interrupted else job.answers() for job in jobs]

    def _now(self) -> float:
        if self._timed and self.engine.device.type == "cuda":
            torch.cuda.synchronize(self.engine.device)
        return time.perf_counter()


def _generation(member: Member) -> str:
    """Return a text that is equal for generations that can be made together.

    A generation whose time is the objective is made alone.
    """
    assert isinstance(member.request, GenerateRequest)
    alone = str(member.trial.number) if "inference_time" in member.trial.objectives else ""
    return f"{member.request.options!r} {alone}"


@contextmanager
def parked(members: Sequence[Member]) -> Iterator[None]:
    """Keep the state of trials on the host, in this block. Views of its tensors stay what they are."""
    held: list[tuple[Tensor, Tensor, int]] = []
    for tensor in (tensor for member in members for tensor in member.tensors()):
        storage = tensor.untyped_storage()
        if tensor.device.type != "cpu" and storage.nbytes():
            whole = torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(storage)
            held.append((tensor, whole.cpu(), storage.nbytes()))
            storage.resize_(0)
    try:
        yield
    finally:
        for tensor, kept, size in held:
            storage = tensor.untyped_storage()
            storage.resize_(size)
            torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(storage).copy_(kept)
