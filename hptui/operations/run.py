"""Start, resume and extend a study, from its file or by its name; the runner is always a detached process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.errors import Locked, MachineError, StudyError, UserError, did_you_mean, named_in_errors
from hptui.core.sanitize import sanitize
from hptui.core.study import Resources, StoppingConditions, Study
from hptui.core.trial import StudyState
from hptui.operations.budget import stage_budget, with_trials
from hptui.operations.cluster import cluster_warnings
from hptui.operations.displaced import runner_processes, wait_until_left
from hptui.operations.find import find_study, find_trial
from hptui.operations.notify import notify_warnings
from hptui.operations.ownership import require_runnable
from hptui.operations.runner_lock import runner_status
from hptui.operations.runner_process import defaults_of
from hptui.operations.spawn_runner import MAX_START_S, spawn_runner
from hptui.operations.steer import change_spec, parse_settings, send_command, study_of
from hptui.store.filesystem import require_local_disk
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey
from hptui.store.run_directory import try_lock
from hptui.store.safe_reading import move_aside

NO_LIMIT_WARNING = "search: has no limit"
"""Start of a warning for which `run` has a text of its own."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What `run` did: `notes` are sentences for the user; `joined` means that the study was running already."""

    sd: StudyDir
    notes: tuple[str, ...]
    joined: bool


def run(
    home: Path,
    ref: str,
    *,
    trials: str | None = None,
    settings: Mapping[str, str] | None = None,
    parallel: int | None = None,
    output: str | None = None,
) -> RunResult:
    """Start or resume the study `ref` (a study file, or a name in HOME), and extend it.

    `trials` is "20" (total) or "+5" (more). On a study that runs already, changes become commands to its runner.

    Raises: `HptuiError` that says what is wrong.
    """
    changes = dict(settings or {})
    if parallel is not None:
        changes["resources.parallel"] = str(parallel)
    if output is not None:
        changes["report.write"] = str(Path(output).absolute())
    if _is_file(ref):
        sd, notes = _from_file(home, Path(ref), trials, changes)
    else:
        sd, notes = _by_name(home, ref, trials, changes)
    notes += [f"warning: {text}" for text in notify_warnings(study_of(sd))]
    holder_before = runner_status(sd)
    # A living runner may be about to end: only one that answers a command will stay.
    must_resume = not holder_before["alive"] or _state(sd) is not StudyState.RUNNING
    send_command(sd, "resume" if must_resume else "here", {})
    holder_after = runner_status(sd)
    joined = bool(holder_before["alive"] and holder_after["alive"] and holder_before["pid"] == holder_after["pid"])
    if not holder_after["alive"]:
        spawn_runner(sd)
    return RunResult(sd, tuple(notes), joined)


def run_from(home: Path, ref: str, source: str, changes: Mapping[str, str], **options: Any) -> RunResult:
    """Queue a trial with the settings of trial `source`, changed, and start the study."""
    sd = find_study(home, ref)
    with StoreReader.open(sd) as reader:
        trial = find_trial(reader, source)
    answer = send_command(sd, "rerun", {"trial": trial.number, "params": parse_settings(sd, changes)})
    started = run(home, ref, **options)
    return replace(started, notes=(answer.partition(";")[0], *started.notes))


def start_runner(sd: StudyDir) -> bool:
    """Start a runner for a study that was asked to continue; return False when one lives already."""
    if runner_status(sd)["alive"]:
        return False
    spawn_runner(sd)
    return True


def _is_file(ref: str) -> bool:
    if Path(ref).suffix in (".toml", ".yaml", ".yml") or os.sep in ref:
        if not Path(ref).is_file():
            if Path(ref).is_dir() and StudyDir(Path(ref).absolute()).exists():
                return False
            raise UserError(f"there is no study file {ref!r}", hint="give a study file, or the name of a study")
        return True
    return False


def _state(sd: StudyDir) -> StudyState:
    with StoreReader.open(sd) as reader:
        return StudyState(reader.study().state)


# from a file ----------------------------------------------------------------------------------------------------


def read_study(path: Path, changes: Mapping[str, str]) -> Study:
    """Read a study file, with `--set` values applied, and check it against its trainer's settings.

    Raises: `StudyError` that names what is wrong.
    """
    from hptui import studyfile
    from hptui.trainers import registry

    study = studyfile.read_file(path, schema=registry.schema)
    return require_supported(studyfile.with_overrides(study, dict(changes), registry.schema) if changes else study)


def require_supported(study: Study) -> Study:
    """Return the study, if its trainer can do what it asks for and its executor can be loaded.

    Raises: `StudyError` or `Unsupported` otherwise.
    """
    with named_in_errors(study.source):
        return _require_supported(study)


def _require_supported(study: Study) -> Study:
    from hptui.operations.rungs import require_promotable
    from hptui.trainers import registry

    if study.resources.executor != Resources().executor:
        from hptui.execution.executor import find_executor

        find_executor(study.resources.executor)
    if study.search.evaluate_base and not registry.evaluates_base(study.trainer.kind, study.directory):
        able = [kind for kind in plugins.names("trainers") if registry.evaluates_base(kind)]
        hint = f"those that can: {', '.join(sorted(able))}"
        message = f"the trainer {study.trainer.kind!r} cannot measure its model without training it"
        raise StudyError(message, where="search.evaluate_base", value=True, hint=hint)
    metrics = registry.reported_metrics(study.trainer.kind, study.directory)
    for name in (objective.metric for objective in study.objectives):
        if metrics and name not in metrics:
            message = f"the trainer {study.trainer.kind!r} reports no {name!r}"
            raise StudyError(message, where="objective.metric", value=name, hint=did_you_mean(name, metrics))
    registry.check(study)
    require_promotable(study)
    return study


def _from_file(home: Path, path: Path, trials: str | None, changes: Mapping[str, str]) -> tuple[StudyDir, list[str]]:
    """Create or change a study from its file; return its directory and notes.

    Earlier `--set` values stay in force, and so does a budget that was raised.
    """
    file_study = read_study(path, {})
    sd = StudyDir.for_study(home, file_study.name)
    require_runnable(sd)
    exists = sd.exists()
    changes = {**stage_budget(file_study, trials, sd if exists else None), **changes}
    overrides = {**(_stored_json(sd, MetaKey.OVERRIDES) if exists else {}), **changes}
    study = read_study(path, overrides) if overrides else file_study
    facts = {MetaKey.FILE: spec_json(file_study), MetaKey.OVERRIDES: overrides}
    doubts = [f"warning: {text}" for text in cluster_warnings(study)]
    if not exists:
        study = with_trials(study, trials, None)
        remains = [path.name for path in sd.remains()]
        if _try_create(sd, study, facts):
            return sd, _notes(sd, study) + _notes_of_remains(sd, remains) + doubts
    recorded = study_of(sd)
    _check_same_study(sd, recorded, study)
    if trials is None and _stored_json(sd, MetaKey.FILE).get("search", {}).get("trials") == file_study.search.trials:
        study = replace(study, search=replace(study.search, trials=recorded.search.trials))
    study = with_trials(study, trials, sd)
    answer = change_spec(sd, study, "", facts=facts)
    return sd, doubts if answer == "nothing changed" else [answer, *doubts]


def _notes(sd: StudyDir, study: Study) -> list[str]:
    from hptui import studyfile
    from hptui.trainers import registry

    notes = [f"new study {study.name!r} in {sanitize(sd.root)}"]
    notes += [
        f"warning: {text}"
        for text in studyfile.study_warnings(study, registry.schema)
        if not text.startswith(NO_LIMIT_WARNING)
    ]
    endless = study.search.trials is None and not study.stages
    if endless and study.search.until == StoppingConditions() and study.search.sampler not in ("grid", "list"):
        notes.append("[search] trials is not set: the search runs until it is stopped")
    return notes


def _notes_of_remains(sd: StudyDir, names: list[str]) -> list[str]:
    if not names:
        return []
    kept = f"{', '.join(names)} are kept with the ending .aside-N"
    return [f"warning: {sanitize(sd.root)} held a study that had lost its study.db: its files {kept}"]


def spec_json(study: Study) -> dict[str, Any]:
    """Return a study as the store keeps it."""
    from hptui import studyfile

    return dict(studyfile.to_json(study))


def _stored_json(sd: StudyDir, key: MetaKey) -> dict[str, Any]:
    """Return what the store kept of the file (`file`) or command line (`overrides`) of the last run."""
    with StoreReader.open(sd) as reader:
        values: dict[str, Any] = json.loads(reader.get_meta(key) or "{}")
    return values


def _try_create(sd: StudyDir, study: Study, facts: Mapping[MetaKey, Any]) -> bool:
    """Create the study; return False when another process has created it at the same time."""
    deadline = time.monotonic() + MAX_START_S
    while True:
        try:
            create_study(sd, study, facts)
        except Locked:
            if sd.exists():
                return False
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)  # the other process is still writing the store
        except UserError:
            if sd.exists():
                return False
            raise
        else:
            return True


def _check_same_study(sd: StudyDir, old: Study, new: Study) -> None:
    """Check that a changed study is still the same one.

    HOME and name identify a study; with another file, metric or trainer it is another study.

    Raises: `UserError` or `StudyError` if it is not.
    """
    hint = f"give one of them another name, or remove the old one: hptui rm {sd.name}"
    if old.source and new.source and old.source != new.source and Path(old.source).exists():
        raise UserError(f"the study {sd.name!r} was made from {old.source}, not from {new.source}", hint=hint)
    if old.objectives != new.objectives:
        old_goals, new_goals = (
            f"to {', '.join(f'{objective.goal} {objective.metric}' for objective in study.objectives)}"
            if study.objectives
            else "without an objective"
            for study in (old, new)
        )
        raise StudyError(
            f"the study has been run {old_goals}, not {new_goals}", file=new.source, where="objective", hint=hint
        )
    if old.trainer.kind != new.trainer.kind:
        text = f"the study has been run with {old.trainer.kind!r}, not with {new.trainer.kind!r}"
        raise StudyError(text, file=new.source, where="trainer.kind", hint=hint)


def create_study(sd: StudyDir, study: Study, facts: Mapping[MetaKey, Any] | None = None) -> None:
    """Create the directory and store of a new study, with its baseline and listed trials recorded."""
    from hptui import studyfile
    from hptui.execution import prior_trials
    from hptui.execution.queue import insert_file_trials, store_defaults
    from hptui.store.store import Store

    sources = prior_trials.read_prior_studies(study, sd.root.parent)
    old_umask = os.umask(0o077)
    try:
        sd.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_local_disk(sd.root)
        with try_lock(sd.lock) as free:
            if not free:
                raise _why_locked(sd)
            wait_until_left(sd)
            _set_remains_aside(sd)
            store = Store.create(sd, studyfile.to_json(study), study.name)
            try:
                store_defaults(store, defaults_of(study))
                for key, value in (facts or {}).items():
                    store.set_meta(key, json.dumps(value))
                prior_trials.store_prior_trials(store, study, sources)
                insert_file_trials(store, study)
            finally:
                store.close()
    except OSError as error:
        raise MachineError(f"{sd.root} cannot be made: {error}", hint="choose another place with --home") from error
    finally:
        os.umask(old_umask)


def _why_locked(sd: StudyDir) -> Locked:
    """Return the error that says why a study cannot be made whose lock is taken."""
    if sd.exists():
        return Locked(f"another process has just made the study {sd.name!r}", hint=f"hptui run {sd.name}")
    if pids := list(runner_processes(sd)):
        place = sanitize(sd.root)
        message = f"a runner of {sd.name!r} lives (pid {pids[0]}), but its study.db is not in {place} any more"
        return Locked(message, hint=f"it leaves by itself within a minute; if not: kill {pids[0]}; then run again")
    return Locked(f"another process is just making the study {sd.name!r}")


def _set_remains_aside(sd: StudyDir) -> None:
    """Rename what a study left whose store was removed. The caller holds the lock.

    Its log would be taken for that of the new store, and its attempts for those of the new trials.
    """
    for path in sd.remains():
        move_aside(path)


# by name --------------------------------------------------------------------------------------------------------


def _by_name(home: Path, ref: str, trials: str | None, changes: Mapping[str, str]) -> tuple[StudyDir, list[str]]:
    from hptui import studyfile
    from hptui.studyfile.validate_search import validate_abilities
    from hptui.trainers import registry

    sd = find_study(home, ref)
    require_runnable(sd)
    study = study_of(sd)
    changes = {**stage_budget(study, trials, sd), **changes}
    changed = with_trials(study, trials, sd)
    validate_abilities(changed)  # a library that its sampler needs may have been uninstalled
    if changes:
        changed = require_supported(studyfile.with_overrides(changed, dict(changes), registry.schema))
    if changed == study:
        return sd, []
    _check_same_study(sd, study, changed)
    overrides = {**_stored_json(sd, MetaKey.OVERRIDES), **changes}
    return sd, [change_spec(sd, changed, "", facts={MetaKey.OVERRIDES: overrides})]
