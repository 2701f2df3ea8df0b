"""Studies with a known truth, in memory: adaptive searches from stored histories, told as a record of hptui."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from hptui import studyfile
from hptui.core.trial import StudyState
from hptui.results.report_data import ReportData
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.store.records import StudyRow
from tests.results.histories import conditional
from tests.results.histories.make import NAMES, REAL
from tests.results.seeds import one

HISTORIES = Path(__file__).parent / "histories"

TEXT = """
name = "made"
[objective]
metric = "val_loss"
[trainer]
kind = "made:train"
steps = 100
a = 1e-3
b = 0.5
c = 0.5
d = 8
e = 1
f = "x"
[space]
a = "1e-5..1e-1 log"
b = "0.0..1.0"
c = "0.0..1.0"
d = "1..16 int"
e = { choices = [0, 1, 2, 3] }
f = { choices = ["x", "y", "z"] }
[search]
sampler = "tpe"
trials = 80
"""


@cache
def histories(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """The stored histories of a kind: positions (run, trial, setting) and values (run, trial)."""
    with np.load(HISTORIES / f"{kind}.npz") as data:
        return data["units"].astype(float), data["values"].astype(float)


def params_of(unit) -> dict:
    """The settings at a point, without those that are not in use there."""
    known = dict(zip(NAMES, (float(position) for position in unit), strict=True))
    settings = {
        "a": lambda at: 10 ** (4 * at - 5),
        "d": lambda at: round(15 * at) + 1,
        "e": lambda at: round(3 * at),
        "f": lambda at: "xyz"[round(at)],
    }
    return {name: settings.get(name, float)(at) for name, at in known.items() if not np.isnan(at)}


@cache
def study_of(text: str):
    return studyfile.read_text(text)


def view_of(trials, text: str = TEXT) -> View:
    study = study_of(text)
    row = StudyRow(study.name, StudyState.DONE, "u" * 8, 0.0, {}, 1, "", 60.0, 0.0, 60.0)
    return View(StudyDir(Path("/nowhere") / study.name), row, study, tuple(trials), {})


def record_of(units, values, text: str = TEXT, metric: str = "val_loss", **more) -> ReportData:
    """The record of a study whose trials have these settings and values."""
    trials = [
        one(n, params_of(unit), {metric: float(value)}, total_steps=100, last_step=100, **more)
        for n, (unit, value) in enumerate(zip(units, values, strict=True))
    ]
    return ReportData(view_of(trials, text))


def text_of(kind: str) -> str:
    """The study file of a kind."""
    return conditional.TEXT if kind in conditional.REAL else TEXT


def inert(kind: str) -> set[str]:
    """The settings that do nothing."""
    return set(NAMES) - set(REAL[kind])
