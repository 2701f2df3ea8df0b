"""`run_optimization` and `resume_optimization`: start a study from Python, follow it, and hand its results back.

The study is like any other: detached, recorded, seen by every verb and screen. A script that is killed meanwhile loses
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.actions.files import export_like
from hptui.actions.follow import Follower, Update, exit_code, gave_up, newest_event, until_rest, was_hindered
from hptui.actions.run import create, run, studyfile_json
from hptui.actions.studies import find_study
from hptui.actions.telling import told
from hptui.api.functions import kept, script_of
from hptui.api.reading import FIXED, OpenStudy
from hptui.api.results import Results
from hptui.api.spec import Asked, Specified, specify
from hptui.api.stopping import EarlyStoppingCallback
from hptui.model.errors import Locked, MachineError, NotFound, Unusable, UserError
from hptui.model.trial import TrialStatus
from hptui.storage.paths import StudyDir, find_home
from hptui.trainers.modules import SCRIPT, refuse_while_loading, tell_script

CHECKPOINT = "optimization_checkpoint.json"


def run_optimization(
    train: Callable[..., Any] | str | Path | None = None,
    *,
    num_trials: int | None = None,
    search_space: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    model_name: str | None = None,
    output_dir: str | Path | None = None,
    objectives: Sequence[str] | str | None = None,
    minimize: Sequence[bool] | bool | None = None,
    constraints: Sequence[str] | None = None,
    early_stopping: EarlyStoppingCallback | Sequence[EarlyStoppingCallback] = (),
    sampler: str | None = None,
    seed: int | None = None,
    parallel: int | None = None,
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
    home: str | Path | None = None,
    verbose: bool = True,
) -> Results:
    """Run a study to its end and hand back what it came to.

    train: what one trial runs. A function whose keyword arguments are the settings (and `trial`, if it takes that), a
        study file, or the kind of a trainer. Not given: the one study file in the current directory.
    num_trials: how many trials in all, the baseline included; 20 if neither this nor the study file says.
    search_space: name -> values. One value is fixed, two floats are a range, several values are choices.
    settings: name -> value of the trainer's other settings. model_name is its `model_name` or `model`.
    output_dir: where best_config.yaml, optimization_results.json, trial_history.csv and a checkpoint are written.
    objectives, minimize: names of metrics, and whether each shall be small. Several make a Pareto set.
    constraints: conditions on parameters, such as "lora_rank * batch_size <= 128".
    early_stopping: one or several `EarlyStoppingCallback`.
    options: any other key of a study file, such as {"search.pruner": "median", "resources.timeout": "30m"}.
    name: what the study is called; without it the function's or the file's name, and a number if that is taken.

    Raises `Unusable` if no trial came to an end with a value, and `UserError` for what cannot be run.
    """
    refuse_while_loading()
    output = Path(output_dir).expanduser().absolute() if output_dir is not None else None
    given = {"search.sampler": sampler, "search.seed": seed, "resources.parallel": parallel}
    asked = Asked(
        train=train,
        trials=num_trials,
        space=search_space,
        settings=dict(settings or {}),
        model=model_name,
        output=output,
        objectives=objectives,
        minimize=minimize,
        constraints=constraints,
        stopping=[early_stopping] if isinstance(early_stopping, EarlyStoppingCallback) else list(early_stopping),
        options={**{key: value for key, value in given.items() if value is not None}, **(options or {})},
    )
    place = find_home(home)
    made = _create(asked, name, place)
    say = print if verbose else _silent
    say(f"new study {made.study.name!r} in {place / made.study.name}")
    for note in made.notes:
        say(note)
    if kept(script_of(train)) is None:
        say("its arguments are not recorded, because one looks like a secret: `hptui run` cannot start it again")
    return _follow(place, made.study.name, None, output, say)


def resume_optimization(
    study: str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    additional_trials: int = 0,
    output_dir: str | Path | None = None,
    home: str | Path | None = None,
    verbose: bool = True,
) -> Results:
    """Go on with a study, with so many trials more; its recorded trials stay what they are.

    study: its name, its directory, or its study file. checkpoint: the `optimization_checkpoint.json` that
    `run_optimization` wrote beside its results, instead.
    """
    refuse_while_loading()
    if (study is None) == (checkpoint is None):
        raise UserError("which study shall go on?", hint="give its name, or checkpoint=…, one of both")
    if additional_trials < 0:
        raise UserError(f"additional_trials = {additional_trials} would take trials away")
    place = find_home(home)
    sd = _of_checkpoint(Path(checkpoint), place) if checkpoint is not None else find_study(place, str(study))
    output = Path(output_dir).expanduser().absolute() if output_dir is not None else None
    if output is None and checkpoint is not None:
        output = Path(checkpoint).expanduser().absolute().parent
    more = f"+{additional_trials}" if additional_trials else None
    return _follow(sd.root.parent, sd.name, more, output, print if verbose else _silent)


def _create(asked: Asked, name: str | None, home: Path) -> Specified:
    """Make the study; another name is taken where somebody else was faster."""
    if name is not None and StudyDir.of(home, name).exists():
        hint = f"resume_optimization({name!r}, additional_trials=10) goes on with it; or give another name"
        raise UserError(f"there is a study {name!r} already", hint=hint)
    script = script_of(asked.train)
    tell_script(script)
    while True:
        made = specify(asked, name, home, lambda one: (home / one).exists())
        sd = StudyDir.of(home, made.study.name)
        if made.source:
            _keep(sd, made.source)
        try:
            facts = {"file": studyfile_json(made.study), "overrides": {}, FIXED: made.fixed, SCRIPT: kept(script)}
            create(sd, made.study, facts)
        except (Locked, UserError):
            if name is None and sd.exists():
                continue
            raise
        return made


def _keep(sd: StudyDir, source: str) -> None:
    """The function of a notebook becomes a file of its study: what ran can be read there."""
    folder = sd.root / "source"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "notebook.py").write_text(source)
    except OSError as error:
        raise MachineError(f"{folder} cannot be written: {error.strerror}") from error


def _of_checkpoint(path: Path, home: Path) -> StudyDir:
    try:
        said = json.loads(path.expanduser().read_text())
        root, name = Path(said["directory"]), str(said["study"])
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", hint="run_optimization writes it") from None
    except (ValueError, KeyError, TypeError):
        what = f"{path} does not say whose it is"
        raise UserError(what, hint="hptui goes on from a study's own record: give the study's name instead") from None
    if StudyDir(root).exists():
        return StudyDir(root)
    if (home / name).is_dir() and StudyDir(home / name).exists():  # HOME was moved
        return StudyDir(home / name)
    raise NotFound(f"the study {name!r} of {path} is not in {root} any more", hint=f"nor in {home}; see hptui status")


def _follow(home: Path, name: str, more: str | None, output: Path | None, say: Callable[[str], None]) -> Results:
    sd = StudyDir(home / name)
    after = newest_event(sd)
    started = run(home, str(sd.root), trials=more)
    for note in started.notes:
        say(note)
    _write(sd, output)
    try:
        update = _watch(sd, after, started.notes, say)
    except KeyboardInterrupt:
        say(f"\n{name} goes on by itself: resume_optimization({name!r}) follows it again, `hptui stop {name}` ends it")
        raise
    results = Results(OpenStudy(sd))
    _write(sd, output)
    _judge(sd, update, results)
    return results


def _watch(sd: StudyDir, after: int, said: Sequence[str], say: Callable[[str], None]) -> Update:
    with Follower(sd, after) as follower:
        for update in until_rest(follower):
            for event in update.events:
                for line in told(update.view, event) if event.message not in said else ():
                    say(line)
    return update


def _judge(sd: StudyDir, update: Update, results: Results) -> None:
    """An end without anything to use is an error, not a number."""
    view = update.view
    code = exit_code(view, aborted=gave_up(sd), hindered=was_hindered(sd))
    if code == Unusable.exit_code:
        failed = [trial for trial in view.trials if trial.status is TrialStatus.FAILED]
        last = f": trial {failed[-1].number} failed ({failed[-1].reason}): {failed[-1].message}" if failed else ""
        what = results.message or f"no trial of {sd.name!r} is usable{last}"
        raise Unusable(what, hint=f"hptui trials {sd.name}; its record is in {sd.root}")
    if code:
        what = f"the runner of {sd.name!r} has gone, and the study is {results.state}"
        raise MachineError(what, hint=f"resume_optimization({sd.name!r}) goes on with it; see {sd.runner_log}")


def _write(sd: StudyDir, output: Path | None) -> None:
    if output is not None:
        with suppress(NotFound):
            export_like(sd, "ax-results", output, {})


def _silent(_: str) -> None:
    """Say nothing."""
