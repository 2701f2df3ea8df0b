"""The operations that keys carry out: each calls the same function as the CLI's verb, and returns its message.

They are called in a thread of their own, since a runner may take seconds to answer. Everything heavy is imported in
the functions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.errors import HptuiError, MachineError, UserError
from hptui.store.paths import StudyDir

if TYPE_CHECKING:
    from hptui.core.study import Study
    from hptui.operations.space import SpaceDraft


def run(sd: StudyDir, trials: str | None = None) -> str:
    """Run a study: `hptui run STUDY --detach [--trials N|+N]`."""
    from hptui.operations.run import run as start

    started = start(sd.root.parent, sd.name, trials=trials)
    return _message_with_notes(started.notes, f"{sd.name} {'was running already' if started.joined else 'runs'}")


def run_with_choices(sd: StudyDir, choices: Mapping[str, str]) -> str:
    """Run a study with the chosen options.

    `hptui run STUDY --detach [--trials N|+N] [--parallel N] [--set resources.gpus=…]`
    """
    from hptui.operations.run import run as start

    nothing_left = "" if choices else _nothing_to_run_message(sd)
    settings = {f"resources.{name}": text for name, text in choices.items() if name != "trials"}
    started = start(sd.root.parent, sd.name, trials=choices.get("trials"), settings=settings)
    state = "runs"
    if started.joined:
        state = "runs on, changed" if choices else "was running already"
    return nothing_left or _message_with_notes(started.notes, f"{sd.name} {state}")


def _nothing_to_run_message(sd: StudyDir) -> str:
    """Return the message for a study whose runner will find no trial to run; '' otherwise."""
    from hptui.core.stages import expected_total
    from hptui.core.trial import StudyState
    from hptui.results.view import read_view

    view = read_view(sd)
    total = expected_total(view.study, view.trials)
    any_open = any(trial.status.open for trial in view.trials)
    if view.row.state is not StudyState.DONE or any_open or total is None or len(view.trials) < total:
        return ""
    extendable = not view.study.stages and view.study.search.sampler not in ("list", "grid")
    return f"{sd.name} is done, and nothing is left to run{'; for five more say +5 trials' if extendable else ''}"


def new(source: str, path: Path) -> str:
    """Write a study file to begin with: `hptui new SOURCE -o FILE`."""
    from hptui.operations.new import write_study_file as write

    path_written, notes = write(source, path)
    return _message_with_notes(notes, f"wrote {path_written}")


def read_file(path: Path) -> Study:
    """Return the study that a file describes."""
    from hptui.operations.run import read_study

    return read_study(path, {})


def run_file(home: Path, path: Path, choices: Mapping[str, str]) -> tuple[str, StudyDir]:
    """Run a study file with the chosen options, and return the study, too.

    `hptui run FILE --detach [--trials N] [--parallel N] [--set resources.gpus=…]`
    """
    from hptui.operations.run import run as start

    settings = {f"resources.{name}": text for name, text in choices.items() if name != "trials"}
    started = start(home, str(path), trials=choices.get("trials"), settings=settings)
    return _message_with_notes(started.notes, f"{started.sd.name} runs"), started.sd


def check_file(path: Path) -> str:
    """Check a study file and return its facts in a line: `hptui check FILE`.

    Raises: StudyError if it is invalid.
    """
    from hptui.operations.check import check

    checked = check(path)
    facts = checked.facts
    total = facts["trials"] or "any number of"
    message = f"{facts['name']}: {total} trials of {facts['trainer']}, {facts['sampler']}, {facts['objective']}"
    return "; ".join([message, *checked.warnings])


def _message_with_notes(notes: Sequence[str], text: str) -> str:
    """Return a message and its notes in a line.

    What happened comes first: a terminal's line cuts the end off.
    """
    return "; ".join([text, *notes])


def pause(sd: StudyDir, trials: Sequence[int] | None = None, *, after_trials: bool = False) -> str:
    """Pause a study or trials: `hptui pause STUDY [TRIALS] [--after-trials]`."""
    from hptui.operations.steer import send_command

    return send_command(sd, "pause", {"trials": _list_or_none(trials), "after_trials": after_trials})


def resume(sd: StudyDir, trials: Sequence[int] | None = None) -> str:
    """Resume a study or trials, with a new runner if none is alive: `hptui resume STUDY [TRIALS]`."""
    from hptui.operations.run import start_runner
    from hptui.operations.steer import send_command

    message = send_command(sd, "resume", {"trials": _list_or_none(trials), "whole": True})
    return f"{message}; {sd.name} runs again" if start_runner(sd) else message


def stop(sd: StudyDir, trials: Sequence[int] | None = None, *, now: bool = False) -> str:
    """Stop a study or trials: `hptui stop STUDY [TRIALS] [--now]`."""
    from hptui.operations.steer import send_command

    return send_command(sd, "stop", {"trials": _list_or_none(trials), "now": now})


def retry(sd: StudyDir, trials: Sequence[int]) -> str:
    """Run trials again: `hptui retry STUDY TRIALS`."""
    from hptui.operations.steer import send_command

    return _with_key(sd, send_command(sd, "retry", {"trials": list(trials)}))


def _with_key(sd: StudyDir, message: str) -> str:
    """Return a message that names the key of the screens that runs a study, instead of the verb."""
    return message.replace(f"start it with: hptui run {sd.name}", "r in its screen starts it")


def note(sd: StudyDir, trial: int, text: str) -> str:
    """Set the note of a trial: `hptui note STUDY TRIAL TEXT`."""
    from hptui.operations.steer import send_command

    return send_command(sd, "note", {"trial": trial, "text": text})


def star(sd: StudyDir, trials: Sequence[int], *, on: bool) -> str:
    """Star trials, or take their stars away: `hptui note STUDY TRIAL --star`."""
    from hptui.operations.steer import send_command

    return send_command(sd, "star", {"trials": list(trials), "on": on})


def add(
    sd: StudyDir,
    settings: Mapping[str, str],
    *,
    name: str = "",
    title: str = "",
    note: str = "",
    continues: int | None = None,
) -> str:
    """Queue a trial: `hptui add STUDY KEY=VALUE… [--like TRIAL --from-checkpoint]`.

    `continues` is the trial from whose checkpoint it goes on. Raises: UserError for settings that are invalid.
    """
    from hptui.operations.steer import check_can_continue, parse_settings, send_command

    if not settings and continues is None:
        raise UserError("a trial without a setting would be the baseline", hint="for instance learning_rate=1e-4")
    params = parse_settings(sd, settings)
    args: dict[str, object] = {"params": params, "name": name, "title": title, "note": note}
    if continues is not None:
        check_can_continue(sd, continues, params)
        args |= {"like": continues, "from_checkpoint": True}
    return _with_key(sd, send_command(sd, "add", args))


def last_checkpoint(sd: StudyDir, trial: int) -> int | None:
    """Return the step of the checkpoint that a trial can be continued from; None if there is none."""
    from hptui.operations.steer import last_checkpoint as call

    try:
        return call(sd, trial)
    except HptuiError:
        return None


def save_space(sd: StudyDir, draft: SpaceDraft, why: str) -> str:
    """Save a whole space as the next revision: `hptui space STUDY KEY=RANGE… --why TEXT`."""
    from hptui.operations.space import save

    return save(sd, draft, why)


def apply_file(sd: StudyDir, path: Path) -> str:
    """Apply a changed study file as `hptui run FILE` does, without starting anything."""
    from hptui.operations.run import read_study
    from hptui.operations.steer import change_spec

    return change_spec(sd, read_study(path, {}), "edited by hand")


def write_report(sd: StudyDir, target: Path) -> str:
    """Write the report of a study in another process: `hptui report STUDY -o TARGET`.

    Plots and statistics take seconds to import. Raises: MachineError if the report could not be written.
    """
    from hptui.operations.report import write_report as call

    code = (
        "import sys; from pathlib import Path; from hptui.store.paths import StudyDir; "
        f"from {call.__module__} import {call.__name__} as call; call(StudyDir(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-P", "-c", code, str(sd.root), str(target)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=helper_environment())
    if process.returncode:
        lines = process.stderr.strip().splitlines()
        raise MachineError(lines[-1] if lines else f"the report could not be written to {target}")
    return f"written to {target}"


def helper_environment() -> dict[str, str]:
    """Return the environment of a helper process: this hptui package, and no GPU."""
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""}


def config_yaml(sd: StudyDir, trial: int) -> str:
    """Return a trial's configuration as YAML: `hptui export STUDY TRIAL --format yaml`."""
    from hptui.operations.export import export
    from hptui.results.export.formats import ExportRequest

    return export(sd, str(trial), ExportRequest(how="yaml")) or ""


def _list_or_none(trials: Sequence[int] | None) -> list[int] | None:
    return list(trials) if trials is not None else None
