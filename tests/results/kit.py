"""Views of studies that exist only in memory."""

import textwrap
from functools import cache
from pathlib import Path

from hptui import studyfile
from hptui.core.trial import StudyState
from hptui.operations.runner_process import defaults_of
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.store.records import StudyRow
from tests.operations.made import FILE


@cache
def study_of(text):
    """The study of a file and its trainer's defaults, which another process reads from the trainer: once for all."""
    study = studyfile.read_text(textwrap.dedent(text))
    try:
        return study, defaults_of(study)
    except Exception:
        return study, {}


def view_of(trials=(), text=FILE, tmp="/nowhere"):
    """A study file and trials as a view, with no store behind it."""
    study, defaults = study_of(text)
    row = StudyRow(study.name, StudyState.DONE, "u" * 8, 0.0, {}, 1, "", 60.0, 0.0, 60.0)
    return View(StudyDir(Path(tmp) / study.name), row, study, tuple(trials), defaults)


def curve(*values, every=1):
    """Points (step, value, seconds)."""
    return [(every * (n + 1), float(value), float(n)) for n, value in enumerate(values)]
