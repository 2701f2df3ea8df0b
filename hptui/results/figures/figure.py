"""A figure as a report embeds it, and the study as a figure sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hptui.model.clean import clean
from hptui.model.trial import Trial
from hptui.results.facts import Fact, Line, facts_of
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that was written, the CSV beside it, and what it shows, computed from the same trials."""

    name: str
    path: Path
    csv: Path
    alt: str
    caption: Line

    @property
    def facts(self) -> list[Fact]:
        """What the caption states."""
        return list(facts_of(self.caption))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure before it is written: how to draw it, what is in it, what it says."""

    name: str
    alt: str
    caption: Line
    rows: Sequence[Mapping[str, Any]]
    picture: Any
    """A matplotlib figure."""


def count(key: str, trials: Sequence[Trial]) -> Fact:
    """How many trials there are, as a fact."""
    numbers = tuple(trial.number for trial in trials)
    return Fact(key, len(numbers), f"{len(numbers):,}", numbers)


def the(key: str, trial: Trial) -> Fact:
    """Which trial it is, as a fact."""
    return Fact(key, trial.number, str(trial.number), (trial.number,))


def label(view: View, name: str) -> str:
    """What a setting or metric is called on an axis: its heading, with its unit; nothing of it is obeyed."""
    spec = view.study.metrics.get(name)
    heading = view.study.report.columns.get(name) or (spec.heading if spec else "") or name
    text = clean(heading, limit=60)
    return f"{text} ({clean(spec.unit)})" if spec and spec.unit else text
