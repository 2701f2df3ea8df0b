"""What the feed's sources find, seen without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.core.errors import NotFound
from hptui.operations.machine import GpuNow, MachineNow, ProcessNow
from hptui.results.view import read_view
from hptui.store.records import Sample
from hptui.store.store import Store
from hptui.tui.screens.system import device_lines, process_lines
from hptui.tui.sources.curves import CurveKey, CurvesSource
from hptui.tui.sources.log import LogSource
from hptui.tui.sources.machine import MachineSource, SystemSnapshot
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource
from hptui.tui.themes import UNICODE_GLYPHS
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import STAGED, make, trial
from tests.tui.walk import walking


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


def test_what_a_trial_used_is_a_curve_over_its_steps(home: Path) -> None:
    """A sample stands at the step at which it was taken, and another sample makes the curve longer."""
    sd, pool = make(home, [trial(0, "running", last_step=100, ended=None)]), ReaderPool()
    with Store.open(sd) as store:
        attempt = store.read.attempts(0)[0]
        store.add_points(0, 1, [("loss", step, 1.0, None, step / 2) for step in range(0, 101, 10)])
        for second in (5, 15, 25):
            store.add_sample(Sample(attempt.token, attempt.started + second, rss_gb=second / 10, cpu=90.0, watts=300.0))
    found = StudySource(sd).poll(pool)
    assert found is not None
    assert found.usage == ("GPU power W", "CPU %", "RSS GiB"), "what was never measured has no curve"
    source, key = CurvesSource(sd), CurveKey(0, "RSS GiB")
    source.want = (key, CurveKey(0, "GPU load %"))
    curves = source.poll(pool)
    assert curves is not None
    assert curves.curves[key].mean.tolist() == [0.5, 1.5, 2.5]
    assert curves.curves[key].x.round().tolist() == [10, 30, 50]
    assert curves.curves[key].seconds.tolist() == [5, 15, 25]
    with Store.open(sd) as store:
        store.add_sample(Sample(attempt.token, attempt.started + 40, rss_gb=4.0))
    pool.begin()
    curves = source.poll(pool)
    assert curves is not None
    assert curves.curves[key].x.round().tolist() == [10, 30, 50, 80]
    pool.close()


def test_the_machine_shows_history_per_gpu_and_process() -> None:
    """A bar per reading, as high as the share of what the device can do."""
    gpu = GpuNow(0, "H200", 0.5, 70.0, 140.0, 60.0, 350.0, 700.0, 990.0, 1980.0)
    process = ProcessNow(7, "me", "/usr/bin/python train.py", "s trial 1", 0, 3.0, 1.0)
    history = {"gpu0": (0.0, 1.0), "watts0": (0.5, 1.0), "clock0": (1.0, 0.0)}
    snapshot = SystemSnapshot(MachineNow(0.1, 8, 1.0, 2.0, (gpu,)), (process,), (), history, {7: (0.5, 2.0)})
    devices = ["".join(cell.text for cell in line) for line in device_lines(snapshot, UNICODE_GLYPHS, 20)]
    assert any("power 350/700 W" in line and line.endswith("▅█") for line in devices)
    assert any("clock 990/1980 MHz" in line and line.endswith("█▁") for line in devices)
    row = "".join(cell.text for cell in process_lines([process], snapshot.loads, UNICODE_GLYPHS)[1])
    assert "200%" in row
    assert "▃█" in row


def test_a_load_is_not_shown_once_it_is_no_longer_read() -> None:
    """After the study has come to rest, the load of its last second would stand there for good."""
    source, pool = MachineSource(), ReaderPool()
    source.active = True
    while source.latest is None or source.latest.cpu is None:
        source.poll(pool)
    source.active = False
    assert source.poll(pool) is not None
    assert source.latest.cpu is None
    assert source.poll(pool) is None


async def test_trials_of_stages_that_are_not_comparable_are_never_mixed(home: Path) -> None:
    """Whatever the direction, the last stage stands first and a rule parts it from the one before."""
    trials = [trial(n, "complete", "finished", 0.5 - n / 10, stage="short") for n in range(2)]
    trials += [trial(n, "complete", "finished", 0.9 - n / 10, stage="long") for n in range(2, 4)]
    async with walking(home, study=make(home, trials, STAGED)) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        for down, order in ((False, [3, 2, 1, 0]), (True, [2, 3, 0, 1])):
            table.sort_by("loss", down)
            assert [one.number for one in table.trials.all] == order
            assert [table.trials.ends_group(index) for index in range(4)] == [False, True, False, False]
            ruled = [table.draw(y, 40) for y in range(1, 5)]
            assert [all(part.style.underline for part in line if part.style) for line in ruled].count(True) == 1
        table.sort_by("number", False)
        assert [one.number for one in table.trials.all] == [0, 1, 2, 3]
        assert not any(table.trials.ends_group(index) for index in range(4))


@pytest.mark.parametrize("before", [None, b"", b"one\n"])
@pytest.mark.parametrize("text", [b"", b"a line\n", b"\n", b"no end"])
def test_a_log_that_comes_later_is_shown_as_it_is(tmp_path: Path, before: bytes | None, text: bytes) -> None:
    """Also one in which nothing stands yet: it is no longer said that there is no log."""
    path, places = tmp_path / "log.txt", list[Path]()

    def find() -> Path:
        if not places:
            raise NotFound("no log yet")
        return places[0]

    source, pool = LogSource(None, "no trial yet", find=find), ReaderPool()
    if before is not None:
        other = tmp_path / "other.txt"
        other.write_bytes(before)
        source.path = other
    assert source.poll(pool) is not None
    source.path = None
    if before is None:
        assert source.latest is not None
        assert source.latest.problem == "no log yet"
    path.write_bytes(text)
    places.append(path)
    shown = source.poll(pool)
    assert shown is not None
    assert (shown.path, shown.problem, len(shown)) == (path, "", len(text.splitlines()))
    assert source.poll(pool) is None
