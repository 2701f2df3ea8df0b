"""One trial: everything that is recorded of it except its curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hptui.model.trial import Attempt, Trial
from hptui.storage.paths import StudyDir
from hptui.storage.rows import ArtifactRow, CheckpointRow, EventRow, MetricSummary
from hptui.tui.sources.pool import ReaderPool

MAX_TRIAL_EVENTS = 20
"""Number of latest events that are read."""


@dataclass(frozen=True, slots=True)
class TrialSnapshot:
    """A trial with its attempts, files, metric summaries and events."""

    trial: Trial
    attempts: tuple[Attempt, ...]
    metrics: Mapping[str, MetricSummary]
    checkpoints: tuple[CheckpointRow, ...]
    artifacts: tuple[ArtifactRow, ...]
    events: tuple[EventRow, ...]


class TrialSource:
    """Watches one trial."""

    def __init__(self, sd: StudyDir, number: int) -> None:
        self.sd, self.number = sd, number
        self._latest: TrialSnapshot | None = None
        self._tick = -1

    @property
    def latest(self) -> TrialSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> TrialSnapshot | None:
        """Return the trial if it has changed, else None."""
        tick = pool.tick(self.sd)
        if tick == self._tick:
            return None
        self._tick = tick
        reader = pool.reader(self.sd)
        with reader.snapshot():
            snapshot = TrialSnapshot(
                reader.trial(self.number),
                tuple(reader.attempts(self.number)),
                reader.metric_summaries(self.number),
                tuple(reader.checkpoints(self.number)),
                tuple(reader.artifacts(self.number)),
                tuple(reader.events(trial=self.number, limit=MAX_TRIAL_EVENTS)),
            )
        if snapshot == self._latest:
            return None
        self._latest = snapshot
        return snapshot
