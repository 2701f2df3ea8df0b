"""A source of the places of trials that run elsewhere: machines reached by ssh, nodes of Slurm and of Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.operations.places import executor_of, with_trials
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir, list_studies
from hptui.store.whereabouts import whereabouts
from hptui.tui.sources.pool import ReaderPool


@dataclass(frozen=True, slots=True)
class PlaceNow:
    """A place as a study's runner recorded it last.

    `since` is when its state began (UTC), 0 where nobody knows; `trials` are the numbers of those that run there.
    """

    study: str
    name: str
    state: str
    since: float
    running: int
    slots: int
    trials: tuple[int, ...]
    why: str


class PlacesSource:
    """Watches the studies of a HOME whose runner lives and starts trials elsewhere; reads only what has changed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._latest: tuple[PlaceNow, ...] | None = None
        self._known: dict[Path, tuple[int, tuple[PlaceNow, ...]]] = {}

    @property
    def latest(self) -> tuple[PlaceNow, ...] | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> tuple[PlaceNow, ...] | None:
        """Return the places of all studies if one has changed, else None."""
        alive = [sd for sd in list_studies(self.home) if runner_status(sd)["alive"]]
        latest = tuple(place for sd in alive for place in self._of(pool, sd))
        if latest == self._latest:
            return None
        self._latest = latest
        return latest

    def _of(self, pool: ReaderPool, sd: StudyDir) -> tuple[PlaceNow, ...]:
        try:
            tick, known = pool.tick(sd), self._known.get(sd.root)
            if known is None or known[0] != tick:
                reader = pool.reader(sd)
                elsewhere = executor_of(reader) != "local"
                self._known[sd.root] = known = tick, _places(sd.name, whereabouts(reader)) if elsewhere else ()
        except HptuiError:  # the list of studies says what is wrong with this one
            return ()
        return known[1]


def _places(study: str, recorded: dict[str, Any]) -> tuple[PlaceNow, ...]:
    """Return the places of one study; an attempt that waits for one belongs to none yet."""
    return tuple(
        PlaceNow(
            study,
            str(place["name"]),
            str(place["state"]),
            float(place["since"]),
            int(place["running"]),
            int(place["slots"]),
            tuple(place["trials"]),
            str(place["why"]),
        )
        for place in with_trials(recorded)
    )
