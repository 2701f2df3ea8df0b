"""A plot before and after it is written, and the facts and labels that all plots use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hptui.core.sanitize import sanitize
from hptui.core.trial import Trial
from hptui.results.facts import Fact, Line, facts_of
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class WrittenPlot:
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
class Plot:
    """A plot before it is written: image, data and caption."""

    name: str
    alt: str
    caption: Line
    rows: Sequence[Mapping[str, Any]]
    figure: Any
    """A matplotlib figure."""


def trial_count(key: str, trials: Sequence[Trial]) -> Fact:
    """Return the number of trials as a fact."""
    numbers = tuple(trial.number for trial in trials)
    return Fact(key, len(numbers), f"{len(numbers):,}", numbers)


def trial_fact(key: str, trial: Trial) -> Fact:
    """Return the number of one trial as a fact."""
    return Fact(key, trial.number, str(trial.number), (trial.number,))


def axis_label(view: View, name: str) -> str:
    """Return the axis label of a setting or metric: its heading with its unit, sanitized."""
    spec = view.study.metrics.get(name)
    heading = view.study.report.columns.get(name) or (spec.heading if spec else "") or name
    text = sanitize(heading, limit=60)
    return f"{text} ({sanitize(spec.unit)})" if spec and spec.unit else text
