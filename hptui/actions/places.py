"""Where the files of a study are, by name."""

from __future__ import annotations

from pathlib import Path

from hptui.actions.studies import find_study, find_trial
from hptui.results.view import read_view
from hptui.storage.reader import StoreReader
from hptui.storage.rundir import RunDir


def path_table(home: Path, study: str | None = None, trial: str | None = None) -> dict[str, Path]:
    """Return the directories of HOME; with a study its files; with a trial the trial's."""
    from hptui.running.devices import runtime_directory

    if study is None:
        return {"home": home, "crashes": home / "crashes", "locks": runtime_directory()}
    sd = find_study(home, study)
    with StoreReader(sd) as reader:
        view = read_view(sd, reader)
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
