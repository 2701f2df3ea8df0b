"""`run_optimization` and `resume_optimization`: start or resume a study from Python, return its results.

The study is like any other: it runs in processes of its own, is recorded, and every verb and screen shows it. If the
calling script is killed, the study goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.api.arguments import EarlyStoppingCallback
from hptui.api.functions import defining_script, recordable_script
from hptui.api.reading import OpenStudy
from hptui.api.specify import Arguments, BuiltStudy, build_study
from hptui.core.errors import Locked, MachineError, NotFound, NoUsableTrial, UserError
from hptui.core.trial import TrialStatus
from hptui.operations.find import find_study
from hptui.operations.follow import (
    Follower,
    FollowUpdate,
    exit_code,
    follow_until_rest,
    newest_event_id,
    paused_by_machine,
    paused_itself,
)
from hptui.operations.messages import event_lines
from hptui.operations.result_files import write_file_set
from hptui.operations.run import create_study, run, spec_json
from hptui.operations.spawn_runner import last_words
from hptui.store.paths import StudyDir, find_home
from hptui.store.recorded import MetaKey
from hptui.trainers.modules import pass_script, refuse_while_loading


class Results(Mapping[str, Any]):
    """The result of `run_optimization`: `results["best_loss"]` and `results.best_loss` are the same.

    `best_loss` is the value of the first objective, whatever its name; `best_params` the searched settings of the best
    trial, derived values included; `baseline_loss` the value of the baseline. `pareto` lists the trials that no other
    dominates. `study` gives access to all recorded data. The `best_…` values are None if no trial is usable.
    """

    KEYS = (
        "best_loss",
        "best_params",
        "best_trial",
        "best_values",
        "baseline_loss",
        "objectives",
        "pareto",
        "n_trials",
        "completed_trials",
        "trials",
        "state",
        "message",
        "name",
        "directory",
    )

    def __init__(self, study: OpenStudy) -> None:
        self.study = study
        best, baseline = study.best, study.baseline
        self.best_loss = best.value if best else None
        self.best_params = best.params if best else None
        self.best_trial = best.number if best else None
        self.best_values = best.values if best else None
        self.baseline_loss = baseline.value if baseline else None
        self.objectives = study.objectives
        self.pareto = [
            {"trial": trial.number, "values": trial.values, "params": trial.params} for trial in study.pareto
        ]
        self.n_trials = len(study.trials)
        self.completed_trials = sum(trial.status == "complete" for trial in study.trials)
        self.trials = [trial.as_dict() for trial in study.trials]
        self.state, self.message = study.state, study.message
        self.name, self.directory = study.name, str(study.directory)

    def __getitem__(self, key: str) -> Any:
        if key not in self.KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.KEYS)

    def __len__(self) -> int:
        return len(self.KEYS)

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.state}, {self.completed_trials} of {self.n_trials} trials complete, "
            f"best {self.objectives[0][0] if self.objectives else 'of no objective:'} {self.best_loss} "
            f"with {self.best_params}>"
        )


CHECKPOINT_FILE = "optimization_checkpoint.json"
"""File in the output directory that names the study."""


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
    """Run a study to its end and return its results.

    train: what one trial runs. A function whose keyword arguments are the settings (and `trial`, if it has such a
        parameter), the path of a study file, or the kind of a trainer. Default: the study file in this directory.
    num_trials: number of trials in all, the baseline included; by default as the study file says. With no limit
        there either, the search runs until it is stopped.
    search_space: name -> values. One value is fixed, two floats are a range, several values are choices; a `range`, an
        entry of `[space]` as a dict, or a text such as "1e-5..1e-4 log" also works. Default: that of the study file.
    settings: name -> value of further settings of the trainer.
    model_name: the model to train: the trainer's setting `model_name` or `model`.
    output_dir: where best_config.yaml, optimization_results.json, trial_history.csv and a checkpoint are written.
    objectives: name of the metric to optimize, or several names, which make a Pareto set; by default as the study file
        says, else "loss".
    minimize: whether smaller is better, one value for all objectives or one for each; by default as the study file
        says, else true.
    constraints: conditions on parameters, such as "lora_rank * batch_size <= 128".
    early_stopping: one or several `EarlyStoppingCallback`.
    sampler: name of the sampler, such as "tpe"; by default chosen for the search space.
    seed: seed of the search.
    parallel: number of trials that run at the same time on a machine without GPU.
    options: further keys of a study file, such as {"search.pruner": "median", "resources.timeout": "30m"}.
    name: name of the study; by default that of the function or file, with a number if it is taken.
    home: directory that holds the studies; by default $HPTUI_HOME, else the nearest `.hptui/`, else a new one.
    verbose: whether to print events of the study.

    Raises: NoUsableTrial (an HptuiError) if no trial completed with a value, UserError for arguments that cannot be
    used, MachineError if the study stopped because of the machine.
    """
    refuse_while_loading()
    output = Path(output_dir).expanduser().absolute() if output_dir is not None else None
    shortcuts = {"search.sampler": sampler, "search.seed": seed, "resources.parallel": parallel}
    arguments = Arguments(
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
        options={**{key: value for key, value in shortcuts.items() if value is not None}, **(options or {})},
    )
    return _run_new(arguments, name, find_home(home), print if verbose else _silent)


def _run_new(arguments: Arguments, name: str | None, home: Path, show: Callable[[str], None]) -> Results:
    """Create a study, say what was made, and run it to its end."""
    built = _create(arguments, name, home)
    show(f"new study {built.study.name!r} in {home / built.study.name}")
    for note in built.notes:
        show(note)
    if recordable_script(defining_script(arguments.train)) is None:
        show("its arguments are not recorded, because one looks like a secret: `hptui run` cannot start it again")
    return _follow(home, built.study.name, None, arguments.output, show)


def resume_optimization(
    study: str | Path | None = None,
    *,
    checkpoint: str | Path | None = None,
    additional_trials: int = 0,
    output_dir: str | Path | None = None,
    home: str | Path | None = None,
    verbose: bool = True,
) -> Results:
    """Resume a study, optionally with more trials, and return its results. Recorded trials are kept.

    study: its name, its directory, or its study file. checkpoint: instead of `study`, the
    `optimization_checkpoint.json` that `run_optimization` wrote to `output_dir`. additional_trials: number of trials to
    add to the study's limit. output_dir: where result files are written; by default the directory of `checkpoint`, else
    nowhere. home: directory that holds the studies; by default $HPTUI_HOME, else the nearest `.hptui/`. verbose:
    whether to print events of the study.

    Raises: as `run_optimization`, and NotFound.
    """
    refuse_while_loading()
    if (study is None) == (checkpoint is None):
        raise UserError("which study shall go on?", hint="give its name, or checkpoint=…, one of both")
    if additional_trials < 0:
        raise UserError(f"additional_trials = {additional_trials} would take trials away")
    home_path = find_home(home)
    sd = _of_checkpoint(Path(checkpoint), home_path) if checkpoint is not None else find_study(home_path, str(study))
    output = Path(output_dir).expanduser().absolute() if output_dir is not None else None
    if output is None and checkpoint is not None:
        output = Path(checkpoint).expanduser().absolute().parent
    extra_trials = f"+{additional_trials}" if additional_trials else None
    return _follow(sd.root.parent, sd.name, extra_trials, output, print if verbose else _silent)


def _create(arguments: Arguments, name: str | None, home: Path) -> BuiltStudy:
    """Create the study; if another process took its name meanwhile, try the next one."""
    if name is not None and StudyDir.for_study(home, name).exists():
        hint = f"resume_optimization({name!r}, additional_trials=10) goes on with it; or give another name"
        raise UserError(f"there is a study {name!r} already", hint=hint)
    script = defining_script(arguments.train)
    pass_script(script)
    while True:
        built = build_study(arguments, name, home, lambda candidate: (home / candidate).exists())
        sd = StudyDir.for_study(home, built.study.name)
        if built.source:
            _write_source(sd, built.source)
        try:
            facts = {
                MetaKey.FILE: spec_json(built.study),
                MetaKey.OVERRIDES: {},
                MetaKey.FIXED: built.fixed,
                MetaKey.SCRIPT: recordable_script(script),
            }
            create_study(sd, built.study, facts)
        except (Locked, UserError):
            if name is None and sd.exists():
                continue
            raise
        return built


def _write_source(sd: StudyDir, source: str) -> None:
    """Write the source of a notebook's function to the study's directory, where workers load it."""
    folder = sd.root / "source"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "notebook.py").write_text(source)
    except OSError as error:
        raise MachineError(f"{folder} cannot be written: {error.strerror}") from error


def _of_checkpoint(path: Path, home: Path) -> StudyDir:
    try:
        content = json.loads(path.expanduser().read_text())
        root, name = Path(content["directory"]), str(content["study"])
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", hint="run_optimization writes it") from None
    except (ValueError, KeyError, TypeError):
        problem = f"{path} does not say whose it is"
        raise UserError(
            problem, hint="hptui goes on from a study's own record: give the study's name instead"
        ) from None
    if StudyDir(root).exists():
        return StudyDir(root)
    if (home / name).is_dir() and StudyDir(home / name).exists():  # HOME was moved
        return StudyDir(home / name)
    raise NotFound(f"the study {name!r} of {path} is not in {root} any more", hint=f"nor in {home}; see hptui status")


def _follow(
    home: Path, name: str, extra_trials: str | None, output: Path | None, show: Callable[[str], None]
) -> Results:
    sd, began = StudyDir(home / name), time.time()
    newest = newest_event_id(sd)
    started = run(home, str(sd.root), trials=extra_trials)
    for note in started.notes:
        show(note)
    _write_results(sd, output)
    try:
        update = _watch(sd, newest, started.notes, show)
    except KeyboardInterrupt:
        show(f"\n{name} goes on by itself: resume_optimization({name!r}) follows it again, `hptui stop {name}` ends it")
        raise
    results = Results(OpenStudy(sd))
    _write_results(sd, output)
    _raise_unless_usable(sd, update, results, began)
    return results


def _watch(sd: StudyDir, newest: int, shown_notes: Sequence[str], show: Callable[[str], None]) -> FollowUpdate:
    with Follower(sd, newest) as follower:
        for update in follow_until_rest(follower):
            for event in update.events:
                for line in event_lines(update.view, event) if event.message not in shown_notes else ():
                    show(line)
    return update


def _raise_unless_usable(sd: StudyDir, update: FollowUpdate, results: Results, began: float) -> None:
    """Raise an error if the study ended without a usable trial, or was stopped by the machine."""
    view = update.view
    code = exit_code(view, aborted=paused_itself(sd), hindered=paused_by_machine(sd))
    if code == NoUsableTrial.exit_code:
        failed = [trial for trial in view.trials if trial.status is TrialStatus.FAILED]
        failure = f": trial {failed[-1].number} failed ({failed[-1].reason}): {failed[-1].message}" if failed else ""
        problem = results.message or f"no trial of {sd.name!r} is usable{failure}"
        raise NoUsableTrial(problem, hint=f"hptui trials {sd.name}; its record is in {sd.root}")
    if code:
        words = last_words(sd, began)
        problem = f"the runner of {sd.name!r} has gone, and the study is {results.state}{': ' if words else ''}{words}"
        raise MachineError(problem, hint=f"resume_optimization({sd.name!r}) goes on with it; see {sd.runner_log}")


def _write_results(sd: StudyDir, output: Path | None) -> None:
    if output is not None:
        with suppress(NotFound):
            write_file_set(sd, "ax-results", output, {})


def _silent(_: str) -> None:
    """Print nothing."""
