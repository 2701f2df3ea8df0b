"""A finding, and the examination of one study: its store, files, runner, attempts and checkpoints. Changes nothing."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.core.format import size
from hptui.core.trial import Attempt, StudyState, TrialStatus
from hptui.core.values import show
from hptui.execution.attempt_files import read_ending
from hptui.execution.classify_exit import AttemptEnd, ExitFacts, classify_exit
from hptui.execution.local.environment import boot_id
from hptui.execution.local.processes import attempt_processes
from hptui.execution.probe import LOCAL, executor_name, probe
from hptui.operations.runner_lock import runner_status
from hptui.results.view import View, read_view
from hptui.store.filesystem import filesystem_type, is_network_filesystem
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey
from hptui.store.run_directory import RunDir
from hptui.studyfile.unknown_keys import path_text

MAX_CLOCK_AHEAD_S = 300.0
"""Seconds that the newest event may lie in the future."""
MAX_QUICK_CHECK_BYTES = 200 << 20
"""Stores up to this size (bytes) are checked whole without being asked to."""


Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check.

    `hint` is what to do about it; `study` is '' for what concerns all studies.
    """

    check: str
    level: Level
    message: str
    hint: str = ""
    study: str = ""


def worst_level(findings: list[Finding]) -> Level:
    """Return the worst level among findings."""
    levels = {finding.level for finding in findings}
    return "error" if "error" in levels else "warning" if "warning" in levels else "ok"


def examine_study(sd: StudyDir, *, thorough: bool = False) -> list[Finding]:
    """Return what is wrong with a study, or one finding that says that all is well."""
    try:
        with StoreReader.open(sd) as reader:
            findings = list(_store(sd, reader, thorough=thorough))
            view = read_view(sd, reader)
            findings += [
                *_runner(sd, view),
                *_attempts(sd, reader),
                *_clock(sd, reader),
                *_checkpoints(sd, view, reader),
            ]
        findings += [*_files(sd), *_space(sd, view), *_spec(sd, view)]
    except HptuiError as error:
        return [Finding("store", "error", error.message, error.hint, sd.name)]
    except OSError as error:
        return [Finding("files", "error", str(error), "", sd.name)]
    return findings or [Finding("study", "ok", f"{view.row.state}, {len(view.trials)} trials", "", sd.name)]


def _store(sd: StudyDir, reader: StoreReader, *, thorough: bool) -> Iterator[Finding]:
    if is_network_filesystem(kind := filesystem_type(sd.root)):
        text = f"the store is on a network file system ({kind}), where SQLite's log loses data"
        yield Finding("store", "error", text, "move the study to a local disk", sd.name)
    if not thorough and sd.db.stat().st_size > MAX_QUICK_CHECK_BYTES:
        return
    problems = quick_check(sd.db)
    if problems:
        hint = "hptui export --archive saves what can be read; `sqlite3 study.db .recover` more"
        yield Finding("store", "error", f"the store is damaged: {problems[0]}", hint, sd.name)


def quick_check(path: Path) -> list[str]:
    """Return what SQLite's `quick_check` finds wrong with a store; [] when it is sound."""
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        problems = [str(row[0]) for row in conn.execute("PRAGMA quick_check(5)")]
    except sqlite3.Error as error:
        problems = [str(error)]
    finally:
        conn.close()
    return [] if problems == ["ok"] else problems


def _spec(sd: StudyDir, view: View) -> Iterator[Finding]:
    for path, value in view.study.unknown_keys:
        text = f"{path_text(path)} = {show(value)} is kept, but this version of hptui does not know the key"
        yield Finding("study", "warning", text, "run the study with the version that wrote it", sd.name)


def _files(sd: StudyDir) -> Iterator[Finding]:
    open_to_others, foreign = [], []
    for path in (sd.root, sd.db, sd.lock, sd.runner_log, sd.trials, Path(f"{sd.db}-wal"), Path(f"{sd.db}-shm")):
        try:
            facts = path.lstat()
        except FileNotFoundError:
            continue
        if facts.st_uid != os.getuid():
            foreign.append(path)
        elif facts.st_mode & 0o077 and not stat.S_ISLNK(facts.st_mode):
            open_to_others.append(path)
    if foreign:
        text = f"{foreign[0]} belongs to user {foreign[0].lstat().st_uid}, not to you"
        yield Finding("files", "error", text, "copy the study to a directory of your own", sd.name)
    if open_to_others:
        hint = f"chmod -R go-rwx {sd.root}"
        yield Finding("files", "warning", f"others can read {open_to_others[0]}", hint, sd.name)


def _runner(sd: StudyDir, view: View) -> Iterator[Finding]:
    runner, state = runner_status(sd), view.row.state
    if runner["alive"]:
        if runner["host"] not in (None, socket.gethostname()):
            yield Finding("runner", "warning", f"the runner lives on another machine: {runner['host']}", "", sd.name)
        return
    if state in (StudyState.RUNNING, StudyState.DRAINING):
        rebooted = boot_id() and _last_boot(sd) not in ("", boot_id())
        why = "the machine was restarted" if rebooted else "its runner has gone"
        yield Finding("runner", "warning", f"the study is {state}, but {why}", f"hptui run {sd.name}", sd.name)


def _last_boot(sd: StudyDir) -> str:
    with StoreReader.open(sd) as reader:
        return reader.get_meta(MetaKey.BOOT_ID)


def _attempts(sd: StudyDir, reader: StoreReader) -> Iterator[Finding]:
    open_attempts = reader.attempts(open=True)
    if not runner_status(sd)["alive"]:
        ended_attempts = [
            attempt for attempt in open_attempts if probe(RunDir(sd.attempt(attempt.trial, attempt.n))).gone
        ]
        lost = [attempt.trial for attempt in ended_attempts if _attempt_end(sd, attempt).status is None]
        done = [attempt.trial for attempt in ended_attempts if attempt.trial not in lost]
        if done:
            text = f"{_trial_list(done)} ended after the runner had gone; the next run records how"
            yield Finding("attempts", "warning", text, f"hptui run {sd.name}", sd.name)
        if lost:
            what_happened = (
                "was running and lost; it runs again" if len(lost) == 1 else "were running and lost; they run again"
            )
            text = f"{_trial_list(lost)} {what_happened}"
            yield Finding("attempts", "warning", text, f"hptui run {sd.name}", sd.name)
    ended = {attempt.token: attempt.trial for attempt in reader.attempts() if not attempt.state.open}
    for pid, token in attempt_processes():
        if token in ended:
            text = f"process {pid} is left of trial {ended[token]}, which has ended"
            yield Finding("attempts", "warning", text, f"kill {pid}", sd.name)


def _attempt_end(sd: StudyDir, attempt: Attempt) -> AttemptEnd:
    """Return how an attempt that is gone ended, as the next runner will find it."""
    run = RunDir(sd.attempt(attempt.trial, attempt.n))
    remains, rebooted = read_ending(run), probe(run, attempt.boot_id).proof == "boot"
    unreadable = remains.event_problem or remains.exit_problem
    return classify_exit(ExitFacts(remains.event, remains.exit, attempt.asked, rebooted, unreadable=unreadable))


def _trial_list(trials: list[int]) -> str:
    return f"{'trial' if len(trials) == 1 else 'trials'} {', '.join(map(str, trials))}"


def _clock(sd: StudyDir, reader: StoreReader) -> Iterator[Finding]:
    newest = max((event.at for event in reader.events(limit=1)), default=0.0)
    ahead_s = newest - time.time()
    if ahead_s > MAX_CLOCK_AHEAD_S:
        text = f"the newest event lies {ahead_s / 60:.0f} minutes in the future: the clock was put back"
        yield Finding("clock", "warning", text, "", sd.name)


def _checkpoints(sd: StudyDir, view: View, reader: StoreReader) -> Iterator[Finding]:
    """Yield findings about damaged or missing checkpoints of trials that continue from them."""
    from hptui.trainers.checkpoints import find_damage, list_checkpoints

    for trial in view.trials:
        if trial.status not in (TrialStatus.PAUSED, TrialStatus.WAITING):
            continue
        folder = sd.checkpoints(trial.number, view.study.checkpoint_directory, view.row.uuid)
        on_disk = [entry for path in (folder, *folder.glob("a*")) for entry in list_checkpoints(path)]
        on_disk.sort(key=lambda checkpoint: checkpoint.step, reverse=True)
        if on_disk and (problem := find_damage(on_disk[0])):
            text = f"trial {trial.number}: {on_disk[0].path.name} is damaged ({problem}); an older one will be used"
            yield Finding("checkpoints", "warning", text, "", sd.name)
        recorded = reader.checkpoints(trial.number)
        if not on_disk and recorded and executor_name(RunDir(sd.attempt(trial.number, recorded[-1].attempt))) == LOCAL:
            text = f"trial {trial.number}: its checkpoints are gone; it will begin anew"
            yield Finding("checkpoints", "warning", text, "", sd.name)


def _space(sd: StudyDir, view: View) -> Iterator[Finding]:
    with StoreReader.open(sd) as reader:
        largest = max((row.bytes for trial in view.trials for row in reader.checkpoints(trial.number)), default=0)
    keep, checkpoint_place = view.study.resources.keep_checkpoints, view.study.checkpoint_directory
    directory = Path(checkpoint_place) if checkpoint_place and Path(checkpoint_place).is_dir() else sd.root
    need, free = (keep + 1) * largest + (2 << 30 if largest else 0), shutil.disk_usage(directory).free
    if free < need:
        text = f"{size(free)} free, but a trial may need {size(need)} for its checkpoints"
        yield Finding("disk", "warning", text, f"hptui gc {sd.name}", sd.name)
