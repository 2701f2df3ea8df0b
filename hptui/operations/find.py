"""Find studies and trials by the names that people use, and the paths of their files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hptui.core.errors import NotFound, did_you_mean
from hptui.core.sanitize import sanitize
from hptui.core.trial import Trial, TrialStatus
from hptui.core.values import NAME_PATTERN
from hptui.results.fresh_means import trial_by_fresh
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir, list_studies
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir


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
    if NAME_PATTERN.fullmatch(ref):
        _require_no_remains(StudyDir(home / ref))
    names = [study.name for study in list_studies(home)]
    hint = did_you_mean(ref, names) if names else "there is none yet: hptui run FILE starts one"
    raise NotFound(f"there is no study {ref!r} in {sanitize(home)}", hint=hint)


def _study_of_file(home: Path, path: Path) -> StudyDir:
    try:
        name = tomllib.loads(path.read_text()).get("name")
    except (OSError, ValueError):
        name = None
    if isinstance(name, str) and NAME_PATTERN.fullmatch(name) and (sd := StudyDir(home / name)).exists():
        return sd
    if isinstance(name, str):
        if NAME_PATTERN.fullmatch(name):
            _require_no_remains(StudyDir(home / name))
        raise NotFound(f"the study {name!r} of {path} has not been started in {home}", hint=f"hptui run {path}")
    raise NotFound(f"{path} is no study file: it gives no name", hint=f"hptui check {path}")


def _require_no_remains(sd: StudyDir) -> None:
    if sd.remains():
        message = f"the study {sd.name!r} has lost its study.db, which holds its results: {sanitize(sd.db)} was removed"
        raise NotFound(message, hint="put it back, or begin anew with hptui run FILE: files of trials are kept aside")


def _what_is_lacking(view: View) -> str:
    """Return what a study without a best trial has none of."""
    if not any(trial.status is TrialStatus.COMPLETE for trial in view.trials):
        return "no complete trial"
    kept = "no trial with a value that keeps its conditions"
    return kept if view.study.search.outcome else "no trial with a value for every objective"


def find_trial(reader: StoreReader, ref: str, view: View | None = None, by: str = "rank") -> Trial:
    """Return the trial `ref`: a number, a name, or `best`: by rank, or `by` the mean of `fresh` runs.

    Raises: `NotFound` when there is none.
    """
    view = view or read_view(StudyDir(reader.connection.path.parent), reader)
    name = view.sd.name
    if ref == "best" and by == "fresh" and view.best is not None:
        return trial_by_fresh(view, reader)
    if ref == "best":
        if view.best is None and not view.study.objectives:
            hint = f'hptui trials {name}; [objective] metric = "…" in the study file ranks them'
            raise NotFound(f"study {name!r} has no objective, so no trial is best", hint=hint)
        if view.best is None:
            raise NotFound(f"study {name!r} has {_what_is_lacking(view)}, so none is best", hint=f"hptui trials {name}")
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


def path_table(home: Path, study: str | None = None, trial: str | None = None) -> dict[str, Path]:
    """Return the directories of HOME; with a study its files; with a trial the trial's."""
    from hptui.execution.local.devices import runtime_directory

    if study is None:
        return {"home": home, "crashes": home / "crashes", "locks": runtime_directory()}
    sd = find_study(home, study)
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader, secrets=True)
        checkpoints, uuid = view.study.checkpoint_directory, view.row.uuid
        if trial is None:
            file = {"file": Path(view.study.source)} if view.study.source else {}
            files = {"store": sd.db, "runner log": sd.runner_log, "trials": sd.trials, "cache": sd.cache}
            return {"study": sd.root, **file, **files, **({"checkpoints": Path(checkpoints)} if checkpoints else {})}
        trial_ = find_trial(reader, trial, view)
    number = trial_.number
    paths = {
        "trial": sd.trial(number),
        "checkpoints": sd.checkpoints(number, checkpoints, uuid),
        "artifacts": sd.artifacts(number),
    }
    if trial_.attempts:
        run = RunDir(sd.attempt(number, trial_.attempts))
        paths |= {"attempt": run.root, "config": run.config, "events": run.events, "log": run.log}
    return paths
