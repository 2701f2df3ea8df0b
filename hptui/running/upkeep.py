"""What a runner does beside trials: samples, the write-ahead log, ballast, free space, activity time."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from hptui.model.study import Study
from hptui.running.live import Live
from hptui.running.samples import Sampler
from hptui.storage.paths import StudyDir
from hptui.storage.store import Store

log = logging.getLogger(__name__)

BALLAST = 8 << 20
WAL_SECONDS = 60.0
WAL_BYTES = 16 << 20
ACTIVITY_SECONDS = 5.0


class Looks(Protocol):
    """Something that can be told to look again."""

    def look_again(self) -> None: ...


class Upkeep:
    """The chores of one runner."""

    def __init__(self, sd: StudyDir, store: Store) -> None:
        self._sd, self._store = sd, store
        self._sampler = Sampler()
        self._watched: set[str] = set()
        self._unsaved = 0.0
        self._wal_at = time.monotonic()
        self._later: Looks | None = None

    def begin(self) -> None:
        """Set ballast aside and start sampling."""
        try:
            fd = os.open(self._sd.ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, BALLAST)
            finally:
                os.close(fd)
        except OSError as error:
            log.warning("no ballast: %s", error)
            self.drop_ballast()

    def end(self) -> None:
        """Stop sampling and give everything back."""
        self._sampler.close()
        self.drop_ballast()

    def drop_ballast(self) -> None:
        """Give the reserve back to the disk."""
        self._sd.ballast.unlink(missing_ok=True)

    def active(self, seconds: float) -> None:
        """Count activity of the study; saved every few seconds."""
        self._unsaved += seconds
        if self._unsaved >= ACTIVITY_SECONDS:
            self.settle()

    def settle(self) -> None:
        """Save what is counted."""
        unsaved, self._unsaved = self._unsaved, 0.0
        self._store.add_seconds(unsaved)

    def later(self, looks: Looks) -> None:
        """Have somebody look again at the next turn."""
        self._later = looks

    def turn(self, live: Mapping[str, Live]) -> None:
        """One turn of the loop's worth of chores."""
        if self._later is not None:
            looks, self._later = self._later, None
            looks.look_again()
        self._sample(live)
        now = time.monotonic()
        if now - self._wal_at > WAL_SECONDS or self._wal_size() > WAL_BYTES:
            self._wal_at = now
            self._store.checkpoint_wal()

    def _wal_size(self) -> int:
        try:
            return os.stat(f"{self._sd.db}-wal").st_size
        except OSError:
            return 0

    def _sample(self, live: Mapping[str, Live]) -> None:
        for token in self._watched - live.keys():
            self._sampler.unwatch(token)
            self._watched.discard(token)
        for token, one in live.items():
            if token not in self._watched and one.shim is not None:
                self._sampler.watch(token, one.shim)
                self._watched.add(token)
        for sample in self._sampler.drain():
            if sample.token in live:
                self._store.add_sample(sample)

    def short_of_space(self, study: Study) -> str:
        """Why no attempt should start on this disk, or ''."""
        elsewhere = Path(study.checkpoint_place) if study.checkpoint_place else self._sd.root
        while not elsewhere.exists() and elsewhere != elsewhere.parent:  # it is made with the first checkpoint
            elsewhere = elsewhere.parent
        for place in dict.fromkeys((self._sd.root, elsewhere)):
            free = shutil.disk_usage(place).free / (1 << 30)
            if free < study.resources.min_free_gb:
                return (
                    f"only {free:.2f} GiB free on the disk of {place}, [resources] min_free_gb is "
                    f"{study.resources.min_free_gb:g}: free some space, then start the study again"
                )
        return ""
