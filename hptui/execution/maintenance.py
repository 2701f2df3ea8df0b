"""The runner's chores: usage samples, the write-ahead log, the ballast file, free space, activity time."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hptui.core.study import Study
from hptui.core.trial import Trial
from hptui.execution.running_attempt import RunningAttempt
from hptui.search.stopping import constant_objective_warning
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

log = logging.getLogger(__name__)

BALLAST_BYTES = 8 << 20
"""Bytes of a reserve file. On a full disk it is deleted, so that there is room to record the pause."""
WAL_CHECKPOINT_S = 60.0
MAX_WAL_BYTES = 16 << 20
"""The write-ahead log is checkpointed this often (seconds), and when it has grown to this size."""
SPACE_CHECK_S = 60.0
"""The disks are asked for their free space this often."""
LOW_SPACE_FACTOR = 2.0
"""A disk is nearly full when it has less free space than this many times `min_free_gb`."""
ACTIVITY_SAVE_S = 5.0
"""Activity time is saved at most this often."""


def warn_if_constant(store: Store, study: Study, trials: Sequence[Trial]) -> None:
    """Record once that all trials have the same objective value."""
    if not store.read.get_meta(MetaKey.CONSTANT_WARNED) and (message := constant_objective_warning(study, trials)):
        store.set_meta(MetaKey.CONSTANT_WARNED, "said")
        store.add_event("warning", EventKind.CONSTANT, message)


class DecisionRequester(Protocol):
    """Protocol of a controller that can be asked to decide again."""

    def request_decision(self) -> None: ...


class Maintenance:
    """The chores of one runner."""

    def __init__(self, sd: StudyDir, store: Store) -> None:
        self._sd, self._store = sd, store
        self._unsaved_s = 0.0
        self._wal_checked_at = time.monotonic()
        self._retry_target: DecisionRequester | None = None
        self._space_checked_at = -SPACE_CHECK_S
        self._warned_of_space = False

    def begin(self) -> None:
        """Create the ballast file."""
        try:
            fd = os.open(self._sd.ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, BALLAST_BYTES)
            finally:
                os.close(fd)
        except OSError as error:
            log.warning("no ballast: %s", error)
            self.drop_ballast()

    def end(self) -> None:
        """Delete the ballast file."""
        self.drop_ballast()

    def drop_ballast(self) -> None:
        """Delete the ballast file."""
        self._sd.ballast.unlink(missing_ok=True)

    def add_activity(self, seconds: float) -> None:
        """Count seconds of activity of the study; they are saved every few seconds."""
        self._unsaved_s += seconds
        if self._unsaved_s >= ACTIVITY_SAVE_S:
            self.save_activity()

    def save_activity(self) -> None:
        """Save the counted activity time."""
        unsaved, self._unsaved_s = self._unsaved_s, 0.0
        self._store.add_seconds(unsaved)

    def retry_soon(self, looks: DecisionRequester) -> None:
        """Ask a controller to decide again at the next turn."""
        self._retry_target = looks

    def turn(self, live: Mapping[str, RunningAttempt], study: Study) -> None:
        """Do the chores of one turn of the loop."""
        if self._retry_target is not None:
            controller, self._retry_target = self._retry_target, None
            controller.request_decision()
        self._record_usage(live)
        self._warn_of_low_space(study)
        now = time.monotonic()
        if now - self._wal_checked_at > WAL_CHECKPOINT_S or self._wal_size() > MAX_WAL_BYTES:
            self._wal_checked_at = now
            self._store.checkpoint_wal()

    def _wal_size(self) -> int:
        try:
            return os.stat(f"{self._sd.db}-wal").st_size
        except OSError:
            return 0

    def _record_usage(self, live: Mapping[str, RunningAttempt]) -> None:
        for attempt in live.values():
            while (sample := attempt.handle.usage()) is not None:
                self._store.add_sample(sample)
                attempt.note_gpus(sample.gpus, sample.slowed_by)

    def short_of_space(self, study: Study) -> str:
        """Return why no attempt may start for lack of disk space; '' when there is enough."""
        for directory, free in self._free_gb(study):
            if free < study.resources.min_free_gb:
                return (
                    f"only {free:.2f} GiB free on the disk of {directory}, [resources] min_free_gb is "
                    f"{study.resources.min_free_gb:g}: free some space, then start the study again"
                )
        return ""

    def _warn_of_low_space(self, study: Study) -> None:
        """Record once that there is little disk space left. The disks are asked once a minute."""
        if time.monotonic() - self._space_checked_at < SPACE_CHECK_S:
            return
        self._space_checked_at = time.monotonic()
        bound = LOW_SPACE_FACTOR * study.resources.min_free_gb
        directory, free = min(self._free_gb(study), key=lambda pair: pair[1])
        if free >= bound or self._warned_of_space:
            self._warned_of_space &= free < 1.5 * bound
            return
        self._warned_of_space = True
        message = (
            f"{free:.2f} GiB free on the disk of {directory}; the study pauses below [resources] min_free_gb, "
            f"which is {study.resources.min_free_gb:g}"
        )
        self._store.add_event("warning", EventKind.DISK_LOW, message)

    def _free_gb(self, study: Study) -> list[tuple[Path, float]]:
        """Return the directories that the study writes to, and the free space on their disks."""
        checkpoints = Path(study.checkpoint_directory) if study.checkpoint_directory else self._sd.root
        while (
            not checkpoints.exists() and checkpoints != checkpoints.parent
        ):  # not yet made: ask for the disk that it will be on
            checkpoints = checkpoints.parent
        directories = dict.fromkeys((self._sd.root, checkpoints))
        return [(directory, shutil.disk_usage(directory).free / (1 << 30)) for directory in directories]
