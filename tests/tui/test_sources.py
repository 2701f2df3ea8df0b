"""What the feed's sources find, seen without a screen."""

from __future__ import annotations

from pathlib import Path

from hptui.results.view import read_view
from hptui.store.store import Store
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource
from tests.operations.made import STAGED, make, trial


def test_the_best_of_a_staged_study_is_of_its_last_stage(home: Path) -> None:
    """A short run that ended lower than a long one ever did is not compared with it."""
    trials = [
        trial(0, "complete", "finished", 0.5, stage="short"),
        trial(1, "complete", "finished", 0.3, stage="short"),
        trial(2, "running", stage="long"),
    ]
    sd, pool = make(home, trials, STAGED), ReaderPool()
    source = StudySource(sd)
    found = source.poll(pool)
    assert found is not None
    assert found.best == {1}
    with Store.open(sd) as store:
        store.insert_trial(trial(3, "complete", "finished", 0.4, stage="long"))
    pool.begin()
    found = source.poll(pool)
    assert found is not None
    assert found.best == {3} == {one.number for one in read_view(sd).front}
    pool.close()
