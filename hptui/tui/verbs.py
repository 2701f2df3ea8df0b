"""What keys carry out: each calls the same function of `actions` as the CLI's verb, and returns its sentence.

Called in a thread of its own: a runner may take seconds to answer. Everything heavy is imported here, when called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.storage.paths import StudyDir

if TYPE_CHECKING:
    from hptui.actions.space import Draft


def run(sd: StudyDir, trials: str | None = None) -> str:
    """`hptui run STUDY --detach [--trials N|+N]`."""
    from hptui.actions.run import run as start

    started = start(sd.root.parent, sd.name, trials=trials)
    return _said(started.notes, f"{sd.name} {'was running already' if started.joined else 'runs'}")


def launch(sd: StudyDir, choices: Mapping[str, str]) -> str:
    """`hptui run STUDY --detach [--trials N|+N] [--parallel N] [--set resources.gpus=…]`, of what was chosen."""
    from hptui.actions.run import run as start

    spent = "" if choices else _spent(sd)
    settings = {f"resources.{name}": text for name, text in choices.items() if name != "trials"}
    started = start(sd.root.parent, sd.name, trials=choices.get("trials"), settings=settings)
    return spent or _said(started.notes, f"{sd.name} {'was running already' if started.joined else 'runs'}")


def _spent(sd: StudyDir) -> str:
    """What is to be said where a runner will find no trial to run; '' elsewhere."""
    from hptui.model.stages import expected
    from hptui.model.trial import StudyState
    from hptui.results.view import look

    view = look(sd)
    total = expected(view.study, view.trials)
    open_ = any(trial.status.open for trial in view.trials)
    if view.row.state is not StudyState.DONE or open_ or total is None or len(view.trials) < total:
        return ""
    more = not view.study.stages and view.study.search.sampler not in ("list", "grid")
    return f"{sd.name} is done, and nothing is left to run{'; for five more say +5 trials' if more else ''}"


def new(source: str, path: Path) -> str:
    """`hptui new SOURCE -o FILE`: a study file to begin with."""
    from hptui.actions.new import new as write

    written, notes = write(source, path)
    return _said(notes, f"wrote {written}")


def run_file(home: Path, path: Path) -> tuple[str, StudyDir]:
    """`hptui run FILE --detach`; the study, too."""
    from hptui.actions.run import run as start

    started = start(home, str(path))
    return _said(started.notes, f"{started.sd.name} runs"), started.sd


def check_file(path: Path) -> str:
    """`hptui check FILE`: its facts in a line, or `StudyError`."""
    from hptui.actions.check import check

    found = check(path)
    facts = found.facts
    many = facts["trials"] or "any number of"
    said = f"{facts['name']}: {many} trials of {facts['trainer']}, {facts['sampler']}, {facts['objective']}"
    return "; ".join([said, *found.warnings])


def _said(notes: Sequence[str], text: str) -> str:
    """What happened comes first: a line of a terminal cuts its end off."""
    return "; ".join([text, *notes])


def pause(sd: StudyDir, trials: Sequence[int] | None = None, *, after_trials: bool = False) -> str:
    """`hptui pause STUDY [TRIALS] [--after-trials]`."""
    from hptui.actions.steer import request

    return request(sd, "pause", {"trials": _list(trials), "after_trials": after_trials})


def resume(sd: StudyDir, trials: Sequence[int] | None = None) -> str:
    """`hptui resume STUDY [TRIALS]`: starts a runner if none lives."""
    from hptui.actions.run import go_on
    from hptui.actions.steer import request

    said = request(sd, "resume", {"trials": _list(trials), "whole": True})
    return f"{said}; {sd.name} runs again" if go_on(sd) else said


def stop(sd: StudyDir, trials: Sequence[int] | None = None, *, now: bool = False) -> str:
    """`hptui stop STUDY [TRIALS] [--now]`."""
    from hptui.actions.steer import request

    return request(sd, "stop", {"trials": _list(trials), "now": now})


def retry(sd: StudyDir, trials: Sequence[int]) -> str:
    """`hptui retry STUDY TRIALS`."""
    from hptui.actions.steer import request

    return request(sd, "retry", {"trials": list(trials)})


def note(sd: StudyDir, trial: int, text: str) -> str:
    """`hptui note STUDY TRIAL TEXT`."""
    from hptui.actions.steer import request

    return request(sd, "note", {"trial": trial, "text": text})


def add(
    sd: StudyDir,
    settings: Mapping[str, str],
    *,
    name: str = "",
    title: str = "",
    note: str = "",
    continues: int | None = None,
) -> str:
    """`hptui add STUDY KEY=VALUE… [--like TRIAL --from-checkpoint]`; `continues` is that trial."""
    from hptui.actions.byhand import check_continues, read_settings
    from hptui.actions.steer import request
    from hptui.model.errors import UserError

    if not settings and continues is None:
        raise UserError("a trial without a setting would be the baseline", hint="for instance learning_rate=1e-4")
    params = read_settings(sd, settings)
    asked: dict[str, object] = {"params": params, "name": name, "title": title, "note": note}
    if continues is not None:
        check_continues(sd, continues, params)
        asked |= {"like": continues, "from_checkpoint": True}
    return request(sd, "add", asked)


def last_checkpoint(sd: StudyDir, trial: int) -> int | None:
    """The step that a trial can be continued from."""
    from hptui.actions.byhand import last_checkpoint as call
    from hptui.model.errors import HptuiError

    try:
        return call(sd, trial)
    except HptuiError:
        return None


def save_space(sd: StudyDir, draft: Draft, why: str) -> str:
    """`hptui space STUDY KEY=RANGE… --why TEXT`, of a whole space."""
    from hptui.actions.space import save

    return save(sd, draft, why)


def take_file(sd: StudyDir, path: Path) -> str:
    """What `hptui run FILE` does with a file that has changed, without starting anything."""
    from hptui.actions.run import read
    from hptui.actions.steer import change_spec

    return change_spec(sd, read(path, {}), "edited by hand")


def write_report(sd: StudyDir, target: Path) -> str:
    """`hptui report STUDY -o TARGET`, called in a process of its own: figures and statistics take seconds to import."""
    import subprocess
    import sys

    from hptui.actions.report import write_report as call
    from hptui.model.errors import MachineError

    code = (
        "import sys; from pathlib import Path; from hptui.storage.paths import StudyDir; "
        f"from {call.__module__} import {call.__name__} as call; call(StudyDir(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    words = [sys.executable, "-P", "-c", code, str(sd.root), str(target)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=apart())
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise MachineError(said[-1] if said else f"the report could not be written to {target}")
    return f"written to {target}"


def apart() -> dict[str, str]:
    """The environment of a helper process: this very hptui, and no GPU."""
    import os

    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""}


def config(sd: StudyDir, trial: int) -> str:
    """`hptui export STUDY TRIAL --format yaml`."""
    from hptui.actions.export import Wanted, export

    return export(sd, str(trial), Wanted(how="yaml")) or ""


def _list(trials: Sequence[int] | None) -> list[int] | None:
    return list(trials) if trials is not None else None
