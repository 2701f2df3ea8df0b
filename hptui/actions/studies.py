"""Find studies and trials by the names that people use."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hptui.model.errors import NotFound, did_you_mean
from hptui.model.study import NAME_PATTERN
from hptui.model.trial import Trial
from hptui.results.view import View, read_view
from hptui.storage.paths import StudyDir, list_studies
from hptui.storage.reader import StoreReader


def find_study(home: Path, ref: str) -> StudyDir:
    """Return the study `ref`: a name in HOME, a directory, a store, or the study's file.

    Raises: `NotFound` when there is none.
    """
    if NAME_PATTERN.fullmatch(ref) and (sd := StudyDir(home / ref)).exists():
        return sd
    path = Path(ref).expanduser()
    if path.name == "study.db" and path.is_file():
        path = path.parent
    if (path / "study.db").is_file():
        return StudyDir(path.absolute())
    if path.is_file():
        return _study_of_file(home, path)
    names = [study.name for study in list_studies(home)]
    hint = did_you_mean(ref, names) if names else "there is none yet: hptui run FILE starts one"
    raise NotFound(f"there is no study {ref!r} in {home}", hint=hint)


def _study_of_file(home: Path, path: Path) -> StudyDir:
    try:
        name = tomllib.loads(path.read_text()).get("name")
    except (OSError, ValueError):
        name = None
    if isinstance(name, str) and NAME_PATTERN.fullmatch(name) and (sd := StudyDir(home / name)).exists():
        return sd
    if isinstance(name, str):
        raise NotFound(f"the study {name!r} of {path} has not been started in {home}", hint=f"hptui run {path}")
    raise NotFound(f"{path} is no study file: it gives no name", hint=f"hptui check {path}")


def find_trial(reader: StoreReader, ref: str, view: View | None = None) -> Trial:
    """Return the trial `ref`: a number, a name, or `best`.

    Raises: `NotFound` when there is none.
    """
    view = view or read_view(StudyDir(reader.path.parent), reader)
    name = view.sd.name
    if ref == "best":
        if view.best is None:
            raise NotFound(f"study {name!r} has no complete trial, so none is best", hint=f"hptui trials {name}")
        return view.best
    if ref.isdecimal():
        for trial in view.trials:
            if trial.number == int(ref):
                return trial
        numbers = f"its trials are 0 to {view.trials[-1].number}" if view.trials else "it has none yet"
        raise NotFound(f"study {name!r} has no trial {ref}", hint=numbers)
    for trial in view.trials:
        if trial.name == ref:
            return trial
    names = [trial.name for trial in view.trials if trial.name]
    raise NotFound(f"study {name!r} has no trial {ref!r}", hint=did_you_mean(ref, ["best", *names]))
