"""A plot before and after it is written, and the facts and labels that all plots use."""

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
    """A plot written as a file: image, CSV, alternative text and caption, from the same trials."""

    name: str
    path: Path
    csv: Path
    alt: str
    caption: Line

    @property
    def facts(self) -> list[Fact]:
        """The facts that the caption states."""
        return list(facts_of(self.caption))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot before it is written: image, data and caption."""

    name: str
    alt: str
    caption: Line
    rows: Sequence[Mapping[str, Any]]
    picture: Any
    """A matplotlib figure."""


def count(key: str, trials: Sequence[Trial]) -> Fact:
    """Return the number of trials as a fact."""
    numbers = tuple(trial.number for trial in trials)
    return Fact(key, len(numbers), f"{len(numbers):,}", numbers)


def the(key: str, trial: Trial) -> Fact:
    """Return the number of one trial as a fact."""
    return Fact(key, trial.number, str(trial.number), (trial.number,))


def label(view: View, name: str) -> str:
    """Return the axis label of a setting or metric: its heading with its unit, sanitized."""
    spec = view.study.metrics.get(name)
    heading = view.study.report.columns.get(name) or (spec.heading if spec else "") or name
    text = clean(heading, limit=60)
    return f"{text} ({clean(spec.unit)})" if spec and spec.unit else text
