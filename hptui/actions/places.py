"""Where everything is, by name."""

from __future__ import annotations

from pathlib import Path

from hptui.actions.studies import find_study, find_trial
from hptui.results.view import look
from hptui.storage.reader import Reader
from hptui.storage.rundir import RunDir


def places(home: Path, study: str | None = None, trial: str | None = None) -> dict[str, Path]:
    """HOME; with a study its files; with a trial the trial's."""
    from hptui.running.devices import runtime_directory

    if study is None:
        return {"home": home, "crashes": home / "crashes", "locks": runtime_directory()}
    sd = find_study(home, study)
    with Reader(sd) as reader:
        view = look(sd, reader)
        elsewhere, uuid = view.study.checkpoint_place, view.row.uuid
        if trial is None:
            file = {"file": Path(view.study.source)} if view.study.source else {}
            inside = {"store": sd.db, "runner log": sd.runner_log, "trials": sd.trials, "cache": sd.cache}
            return {"study": sd.root, **file, **inside, **({"checkpoints": Path(elsewhere)} if elsewhere else {})}
        found = find_trial(reader, trial, view)
    number = found.number
    shown = {
        "trial": sd.trial(number),
        "checkpoints": sd.checkpoints(number, elsewhere, uuid),
        "artifacts": sd.artifacts(number),
    }
    if found.attempts:
        run = RunDir(sd.attempt(number, found.attempts))
        shown |= {"attempt": run.root, "config": run.config, "events": run.events, "log": run.log}
    return shown
