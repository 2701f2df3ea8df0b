"""`hptui doctor --repair`: set aside what attempts of one study left that cannot be used, so that every verb works.

Nothing is deleted: what is in the way is renamed, within its directory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from hptui.core.errors import HptuiError, Locked
from hptui.core.trial import Attempt, AttemptState, Reason, TrialStatus
from hptui.execution.bulkhead import is_machine_trouble, poison_message
from hptui.execution.executor import find_executor
from hptui.execution.finalize import fail_attempt
from hptui.execution.probe import executor_name, probe
from hptui.execution.reconcile import reconcile
from hptui.operations.ownership import require_own
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import study_of
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind
from hptui.store.run_directory import RunDir, try_lock
from hptui.store.safe_reading import UnusableFile, move_aside, read_start
from hptui.store.store import Store


def repair(sd: StudyDir) -> list[str]:
    """Record every attempt's end, and set aside files that cannot be used; return what was done.

    Attempts that live are left alone. Raises: Locked while a runner lives, MachineError for another user's study.
    """
    sd.require_store()
    require_own(sd, "repaired")
    with try_lock(sd.lock) as free:
        if not free:
            pid = runner_status(sd)["pid"]
            hint = f"hptui stop {sd.name}; if it does not answer: kill {pid}. Then repair again"
            raise Locked(f"the runner of {sd.name!r} lives (pid {pid})", hint=hint)
        with Store.open(sd) as store:
            done = [*_rows(store), *_open_attempts(sd, store), *_trials(store), *_files(sd, store)]
            for sentence in done:
                store.add_event("warning", EventKind.SUSPECT, f"repaired: {sentence}")
    return done


def _rows(store: Store) -> Iterator[str]:
    """Make rows of attempts readable that another version, or another program, has written."""
    columns = "token, trial, n, state, reason, environment_json"
    for token, trial, n, state, reason, environment in store.connection.rows(f"SELECT {columns} FROM attempts"):  # noqa: S608
        fixed: dict[str, object] = {}
        if state not in {*map(str, AttemptState)}:
            fixed["state"] = AttemptState.FAILED
        if reason is not None and reason not in {*map(str, Reason)}:
            fixed["reason"] = Reason.UNREADABLE
        if not _is_object(environment):
            fixed["environment"] = {}
        if fixed:
            store.update_attempt(token, **fixed)
            yield f"trial {trial}, attempt {n}: its row had {', '.join(fixed)} of no known form"


def _is_object(document: str) -> bool:
    try:
        return isinstance(json.loads(document), dict)
    except (ValueError, RecursionError):
        return False


def _open_attempts(sd: StudyDir, store: Store) -> Iterator[str]:
    """Record how attempts ended that no runner has recorded; those that live go on."""
    before = {attempt.token: attempt for attempt in store.read.attempts(open=True)}
    for attempt in before.values():
        if why := _out_of_reach(RunDir(sd.attempt(attempt.trial, attempt.n))):
            fail_attempt(store, attempt, attempt.seconds, why)
    try:
        reconcile(sd, store, study_of(sd), 0.0)
    except Exception as error:
        if is_machine_trouble(error):
            raise
        for attempt in store.read.attempts(open=True):
            if _is_gone(sd, attempt):
                fail_attempt(store, attempt, attempt.seconds, poison_message(error))
    for token, attempt in before.items():
        now = store.read.attempt(token)
        if now.state.open:
            yield f"trial {attempt.trial} still runs and was left alone"
        else:
            text = f"{now.state}{f' ({now.reason})' if now.reason else ''}"
            yield f"trial {attempt.trial}: its attempt {attempt.n} is recorded as {text}"


def _out_of_reach(run: RunDir) -> str:
    """Return why nobody can be asked about an attempt any more; '' when somebody can."""
    name = executor_name(run)
    try:
        find_executor(name)
    except HptuiError as error:
        return f"it was handed to the executor {name!r}, which cannot be asked: {error.message}; it may still run there"
    return ""


def _is_gone(sd: StudyDir, attempt: Attempt) -> bool:
    return probe(RunDir(sd.attempt(attempt.trial, attempt.n)), attempt.boot_id).gone


def _trials(store: Store) -> Iterator[str]:
    """Let trials wait again that seem to run and have no attempt that does."""
    running = {attempt.trial for attempt in store.read.attempts(open=True)}
    for trial in store.read.trials():
        if trial.status is TrialStatus.RUNNING and trial.number not in running:
            store.update_trial(trial.number, status=TrialStatus.WAITING)
            yield f"trial {trial.number} had no attempt and waits to run"


def _files(sd: StudyDir, store: Store) -> Iterator[str]:
    """Rename what lies in the place of a file of an ended attempt and is none, or holds no JSON object."""
    for attempt in store.read.attempts():
        if attempt.state.open:
            continue
        run = RunDir(sd.attempt(attempt.trial, attempt.n))
        documents = (run.config, run.shim, run.exit, run.executor)
        for path in (*documents, run.events, run.log, run.lock, run.control):
            if _is_unusable(path, document=path in documents):
                yield f"trial {attempt.trial}: {path} is now {move_aside(path).name}"


def _is_unusable(path: Path, *, document: bool) -> bool:
    try:
        data = read_start(path)
    except FileNotFoundError:
        return path.is_symlink()  # to nowhere: what writes there would fail
    except UnusableFile:
        return True
    return document and not _is_object(data.decode(errors="replace"))
