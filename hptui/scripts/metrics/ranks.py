"""Several processes that train one trial: which of them wrote a line, and whether they report the same values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from hptui.core.dataclass import dataclass

TAGS = re.compile(
    r"\[(?:rank|default)(?P<torch>\d+)\]:\s?"  # torchrun --tee, and messages of torch itself
    r"|\[(?:[\w.@-]+@)?\d+,(?P<mpi>\d+)\]<std(?:out|err)>:\s?"  # mpirun --tag-output
    r"|[\[(][Rr]ank[ :=]?(?P<own>\d+)[\])]:?\s?"  # loggers of DeepSpeed and of scripts
)
TEE_TAG = re.compile(r"\[default(\d+)\]:")
"""What torchrun writes before each piece of output that it finds in a log: a line, or the part of it that is there."""
SRUN_TAG = re.compile(r"(?P<srun>\d+): ")
"""What `srun --label` writes before a line: too plain to be looked for elsewhere."""
MAX_STEPS_COMPARED = 4096
"""Steps of a metric whose value is remembered to compare it."""
MIN_DIFFERENT_STEPS = 3
"""Steps at which processes must differ before a warning while they still run."""
MAX_RELATIVE_DIFFERENCE = 1e-3


def split_rank(line: str, *, srun: bool = False) -> tuple[int | None, str]:
    """Return the rank in front of a line, None if there is none, and the line without it."""
    rank = None
    while match := TAGS.match(line) or (SRUN_TAG.match(line) if srun and rank is None else None):
        rank = int(next(group for group in match.groups() if group is not None)[:9])
        line = line[match.end() :]
    return rank, line


class PiecedLines:
    """Puts together the lines of several processes that torchrun has written in pieces, mixed with each other."""

    def __init__(self) -> None:
        self._begun: dict[int, str] = {}

    def lines(self, line: str, *, srun: bool = False) -> list[tuple[int | None, str]]:
        """Return the lines that end with this one, each with its rank: none while they are in pieces."""
        if not TEE_TAG.match(line):
            return [split_rank(line, srun=srun)]
        pieces = TEE_TAG.split(line)[1:]
        for number, text in zip(pieces[:-2:2], pieces[1:-2:2], strict=True):
            self._begun[int(number)] = (self._begun.get(int(number), "") + text)[:MAX_BEGUN_CHARS]
        rank = int(pieces[-2])
        return [(rank, split_rank(self._begun.pop(rank, "") + pieces[-1])[1])]


MAX_BEGUN_CHARS = 1 << 16
"""Characters of a line whose end is awaited."""


def labels_lines(command: Sequence[str]) -> bool:
    """Return whether a command is `srun` with labels, which are plain numbers before each line."""
    return bool(command) and command[0].rpartition("/")[2] == "srun" and not {"-l", "--label"}.isdisjoint(command)


@dataclass
class Disagreement:
    """Compares what several processes report as one metric at one step."""

    _values: dict[str, dict[int, dict[int, float]]] = field(default_factory=dict)
    _different: dict[str, list[tuple[int, Mapping[int, float]]]] = field(default_factory=dict)
    _warned: bool = False

    def note(self, metric: str, rank: int | None, step: int | None, value: float) -> bool:
        """Note a value; return whether it is the first one of its process at the step, or the same again."""
        if step is None:
            return True
        steps = self._values.setdefault(metric, {})
        by_rank = steps.get(step)
        if by_rank is None:
            if len(steps) >= MAX_STEPS_COMPARED:
                del steps[next(iter(steps))]
            by_rank = steps[step] = {}
        key = -1 if rank is None else rank
        if key not in by_rank:
            by_rank[key] = value
            if len(by_rank) > 1 and not _close(list(by_rank.values())):
                self._differ(metric, step, by_rank)
            return True
        if by_rank[key] == value:
            return True
        if rank is None:
            self._differ(metric, step, {-1: by_rank[key], -2: value})
        return False

    def _differ(self, metric: str, step: int, values: Mapping[int, float]) -> None:
        differences = self._different.setdefault(metric, [])
        if len(differences) < MIN_DIFFERENT_STEPS and step not in [at for at, _ in differences]:
            differences.append((step, dict(values)))

    def warning(self, *, finished: bool, untagged: bool) -> str:
        """Return, once, what the processes disagree on; '' if they do not."""
        if self._warned:
            return ""
        enough = 1 if finished else MIN_DIFFERENT_STEPS
        for metric, differences in self._different.items():
            seen = [values for _, values in differences if untagged or min(values) >= 0]
            if len(seen) < enough:
                continue
            self._warned = True
            return _explain(metric, seen[0])
        return ""


def _explain(metric: str, values: Mapping[int, float]) -> str:
    if min(values) < 0:
        first, second = values.values()
        return (
            f"processes print different values of {metric} at one step ({first:g}, {second:g}) and nothing tells them "
            "apart: the first one counts; print from one process only"
        )
    ranks = sorted(values)
    values_text = ", ".join(f"rank {rank} {values[rank]:g}" for rank in ranks[:2])
    way_out = "reduce it over the ranks before it is reported"
    return f"ranks disagree on {metric} ({values_text}): rank {ranks[0]} counts; {way_out}"


def _close(values: Sequence[float]) -> bool:
    low, high = min(values), max(values)
    if not all(value == value for value in values):
        return all(value != value for value in values)
    return high - low <= MAX_RELATIVE_DIFFERENCE * max(abs(low), abs(high))
