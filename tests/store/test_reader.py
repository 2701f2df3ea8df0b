"""Reading while somebody writes."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import hptui
from hptui.core.errors import MachineError, NotFound
from hptui.core.trial import Attempt, AttemptState, Reason, Rejection, Role, StudyState, Trial, TrialStatus
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import Sample
from hptui.store.store import Store

ROOT = Path(hptui.__file__).parents[1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(StudyDir(tmp_path / "study"), {"trainer": {"kind": "toy"}}, "study") as store:
        yield store


@pytest.fixture
def reader(store: Store) -> Iterator[StoreReader]:
    with StoreReader.open(StudyDir(store.connection.path.parent)) as reader:
        yield reader


def trial(number: int, **fields: object) -> Trial:
    given = {"name": f"t{number}", "status": TrialStatus.WAITING, "role": Role.SEARCH, "params": {"lr": 1e-4}}
    return Trial(number, **{**given, **fields})


def test_a_trial_comes_back_as_it_was_stored(store: Store, reader: StoreReader) -> None:
    whole = trial(
        0,
        status=TrialStatus.COMPLETE,
        role=Role.LISTED,
        reason=Reason.EARLY_STOP,
        params={"lr": 1e-4, "layers": 4, "dims": [1, 2.5, "x", None, True], "wild": math.inf, "deep": {"a": {"b": 1}}},
        values={"loss": 1.25},
        effective={"batch": 8},
        final={"loss": 1.25, "gap": -math.inf, "none": None},
        message="line\nwith \x1b[31m colour, \0 and ü",
        seed=7,
        engine="random",
        title="Ä title",
        note="a note",
        total_steps=100,
        progress=0.5,
        seconds=12.5,
        created=1.0,
        started=2.0,
        ended=3.0,
        rejections=(Rejection({"lr": 1.0}, "too big", 0.25), Rejection({"lr": 2.0}, "again", math.inf)),
        seen=(0, 1, 2, 5, 9, 10),
        replicate_of=3,
        revision=2,
    )
    store.insert_trial(whole)
    assert reader.trial(0) == whole


def test_nan_comes_back_as_nan(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0, final={"loss": math.nan}, params={"x": [math.nan]}))
    found = reader.trial(0)
    assert math.isnan(found.final["loss"])
    assert math.isnan(found.params["x"][0])


def test_an_attempt_comes_back_as_it_was_stored(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    attempt = Attempt(
        "token", 0, 1, AttemptState.FAILED, Reason.OOM, "CUDA out of memory", "stop", "boot", "host", "cuda:0", True,
        1.0, 2.0, 3.0, 40, 1, 9, 1000, 50, 7.5, 6.5, 2.5, 2.0, {"torch": "2.13", "gpus": ["H200"]},
    )  # fmt: skip
    store.insert_attempt(attempt)
    assert reader.attempts(0) == [attempt]
    assert reader.attempt("token") == attempt


def test_a_trial_gathers_what_its_attempts_used(store: Store, reader: StoreReader) -> None:
    for number in range(4):
        store.insert_trial(trial(number, peak_memory_gb=3.0 if number == 3 else None))
    peaks = {(0, 1): (8.0, 30.0), (0, 2): (9.0, 20.0), (1, 1): (None, 2.0), (1, 2): (None, 4.0)}
    for (number, n), (gpu, rss) in peaks.items():
        store.insert_attempt(Attempt(f"{number}-{n}", number, n, AttemptState.DONE, peak_gpu_gb=gpu, peak_rss_gb=rss))
    found = [(one.peak_memory_gb, one.attempts) for one in reader.trials()]
    assert found == [(9.0, 2), (4.0, 2), (None, 0), (3.0, 0)]


def test_last_values_are_floats_even_where_they_are_not_finite(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    store.add_points(0, 1, [("a", 1, None, "nan", 0.0), ("b", 1, None, "inf", 0.0), ("c", 1, None, "-inf", 0.0)])
    metrics = reader.trials()[0].metrics
    assert math.isnan(metrics["a"])
    assert (metrics["b"], metrics["c"]) == (math.inf, -math.inf)


def test_changes_names_only_what_changed_since(store: Store, reader: StoreReader) -> None:
    for number in range(5):
        store.insert_trial(trial(number))
    found, mark = reader.changed_trials()
    assert [one.number for one in found] == [0, 1, 2, 3, 4]
    assert reader.changed_trials(mark) == ([], mark)
    store.update_trial(3, note="x")
    store.insert_attempt(Attempt("a", 1, 1, AttemptState.RUNNING))
    found, mark = reader.changed_trials(mark)
    assert [one.number for one in found] == [1, 3]
    store.ingest("a", 1, 1, [("loss", 1, 0.5, None, 0.1)], offset=10, sequence=1)
    found, mark = reader.changed_trials(mark)
    assert [(one.number, one.metrics, one.last_step) for one in found] == [(1, {"loss": 0.5}, 1)]
    store.update_attempt("a", peak_rss_gb=1.5)
    found, mark = reader.changed_trials(mark)
    assert [(one.number, one.peak_memory_gb) for one in found] == [(1, 1.5)]
    store.delete_points_after(1, None)
    found, mark = reader.changed_trials(mark)
    assert [(one.number, one.metrics, one.last_step) for one in found] == [(1, {}, None)]
    assert reader.changed_trials(mark) == ([], mark)


def test_a_curve_has_all_its_points_and_can_be_continued(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    store.add_points(0, 1, [("loss", step, 1 / step, None, step / 10) for step in (3, 1, 2)])
    store.add_points(0, 1, [("loss", 4, None, "inf", 0.4)])
    assert reader.curve(0, "loss") == [(1, 1.0, 0.1), (2, 0.5, 0.2), (3, 1 / 3, 0.3), (4, math.inf, 0.4)]
    assert reader.curve(0, "loss", after=3) == [(4, math.inf, 0.4)]
    assert reader.curve(0, "nothing") == reader.curve(9, "loss") == []


def test_buckets_keep_the_peaks_of_a_long_curve(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    values = dict.fromkeys(range(10000), 1.0) | {4321: 99.0, 7777: -99.0}
    store.add_points(0, 1, [("loss", step, value, None, 0.0) for step, value in values.items()])
    found = reader.buckets(0, "loss", 80)
    assert len(found) <= 80
    assert sum(one.n for one in found) == 10_000
    assert (max(one.high for one in found), min(one.low for one in found)) == (99.0, -99.0)
    assert all(one.last < other.first for one, other in pairwise(found))
    assert reader.buckets(0, "other", 80) == []


def test_buckets_of_nothing_finite_have_no_extremes(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    store.add_points(0, 1, [("loss", step, None, "nan", 0.0) for step in range(4)])
    assert [(one.low, one.high, one.mean, one.n) for one in reader.buckets(0, "loss", 1)] == [(None, None, None, 4)]


def test_metric_names_are_known_per_trial_and_for_all(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    store.insert_trial(trial(1))
    store.add_points(0, 1, [("loss", 1, 1.0, None, 0.0), ("acc", 1, 1.0, None, 0.0)])
    store.add_points(1, 1, [("acc", 1, 2.0, None, 0.0)])
    assert reader.metric_names() == ["loss", "acc"]
    assert reader.metric_names(1) == ["acc"]
    assert {number: one.value for number, one in reader.summaries_of_metric("acc").items()} == {0: 1.0, 1: 2.0}


def test_events_come_in_order_and_the_newest_win_a_limit(store: Store, reader: StoreReader) -> None:
    for number in range(5):
        store.add_event("info", "test", f"event {number}", trial=number % 2)
    found = reader.events(limit=3)
    assert [one.message for one in found] == ["event 2", "event 3", "event 4"]
    assert reader.events(after_id=found[-1].id) == []
    assert [one.message for one in reader.events(trial=1)] == ["event 1", "event 3"]


def test_samples_checkpoints_and_artifacts_come_back(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    store.add_sample(Sample("token", 10.0, rss_gb=1.5))
    store.add_sample(Sample("token", 15.0, gpu_gb=2.0, util=80.0, cpu=12.5))
    store.add_checkpoint(0, 20, 1, "checkpoints/step-00000020", 1234)
    store.add_checkpoint(0, 10, 1, "checkpoints/step-00000010", 1234)
    store.add_artifact(0, 1, "samples.txt", "Samples")
    assert [(one.at, one.rss_gb, one.util) for one in reader.samples("token")] == [
        (10.0, 1.5, None),
        (15.0, None, 80.0),
    ]
    assert [one.at for one in reader.samples("token", after=10.0)] == [15.0]
    assert [one.step for one in reader.checkpoints(0)] == [10, 20]
    assert [(one.path, one.label) for one in reader.artifacts(0)] == [("samples.txt", "Samples")]
    store.delete_checkpoint(0, 10)
    assert [one.step for one in reader.checkpoints(0)] == [20]


def test_a_request_shows_whether_it_was_carried_out(store: Store, reader: StoreReader) -> None:
    asked = store.add_command("pause", {"trials": [1]})
    assert reader.command_state(asked) == (False, False, "")
    store.finish_command(asked, True, "paused")
    assert reader.command_state(asked) == (True, True, "paused")
    with pytest.raises(NotFound):
        reader.command_state(asked + 1)


def test_revisions_of_the_specification_are_all_kept(store: Store, reader: StoreReader) -> None:
    assert store.set_spec({"trainer": {"kind": "other"}}, "because") == 2
    assert reader.spec_json() == {"trainer": {"kind": "other"}}
    assert reader.spec_json(1) == {"trainer": {"kind": "toy"}}
    assert [(one.rev, one.why) for one in reader.revisions()] == [(1, "created"), (2, "because")]
    assert reader.study().revision == 2
    with pytest.raises(NotFound, match="no revision 9"):
        reader.spec_json(9)


def test_data_version_changes_with_every_foreign_commit_and_only_then(store: Store, reader: StoreReader) -> None:
    before = reader.connection.data_version()
    assert reader.connection.data_version() == before
    store.add_event("info", "test", "x")
    after = reader.connection.data_version()
    assert after != before
    assert reader.connection.data_version() == after


def test_a_snapshot_sees_one_moment(store: Store, reader: StoreReader) -> None:
    with reader.connection.snapshot():
        assert reader.trials() == []
        store.insert_trial(trial(0))
        assert reader.trials() == []
    assert len(reader.trials()) == 1


def test_no_read_is_left_open_to_make_the_log_grow(store: Store, reader: StoreReader) -> None:
    store.insert_trial(trial(0))
    reader.trials()
    reader.changed_trials()
    reader.curve(0, "loss")
    store.checkpoint_wal()
    assert store.connection.path.with_name("study.db-wal").stat().st_size == 0


def test_a_reader_cannot_write(reader: StoreReader) -> None:
    with pytest.raises(MachineError, match="readonly"):
        reader.connection.rows("DELETE FROM study")


def test_what_is_missing_is_named(reader: StoreReader) -> None:
    with pytest.raises(NotFound, match="no trial 7"):
        reader.trial(7)
    with pytest.raises(NotFound, match="no attempt nope"):
        reader.attempt("nope")


def test_a_reader_may_be_used_by_another_thread(store: Store, reader: StoreReader) -> None:
    states: list[StudyState] = []
    thread = threading.Thread(target=lambda: states.append(reader.study().state))
    thread.start()
    thread.join()
    assert states == [StudyState.NEW]


@pytest.mark.parametrize("name", ["with space", "per%20cent", "hash#mark", "what?mode=rw", "ünïcode"])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    sd = StudyDir(tmp_path / name / "study")
    with Store.create(sd, {"a": 1}, "study"), StoreReader.open(sd) as reader:
        assert reader.spec_json() == {"a": 1}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [name]


READ = """
import os, sys
from pathlib import Path
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
if os.geteuid() == 0:  # root may write anywhere
    os.setgid(65534); os.setuid(65534)
with StoreReader.open(StudyDir(Path(sys.argv[1]))) as reader:
    print(reader.connection.frozen, reader.study().name, len(reader.trials()))
"""


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that every user can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_store_in_a_directory_that_cannot_be_written_is_read_as_frozen(open_path: Path) -> None:
    sd = StudyDir(open_path / "study")
    with Store.create(sd, {}, "study") as store:
        store.insert_trial(trial(0))
    sd.db.chmod(0o444)
    sd.root.chmod(0o555)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    done = subprocess.run(
        [sys.executable, "-B", "-c", READ, str(sd.root)], env=environment, capture_output=True, text=True
    )
    sd.root.chmod(0o700)
    assert (done.stdout.split(), done.stderr) == (["True", "study", "1"], "")


def test_a_backup_of_a_store_that_is_written_to_is_a_whole_study(
    store: Store, reader: StoreReader, tmp_path: Path
) -> None:
    store.insert_trial(trial(0))
    copy = StudyDir(tmp_path / "copy")
    copy.root.mkdir()
    reader.connection.backup(copy.db)
    store.insert_trial(trial(1))
    assert copy.db.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in copy.root.iterdir()] == ["study.db"]
    with StoreReader.open(copy) as other:
        assert [one.number for one in other.trials()] == [0]
    with Store.open(copy) as other:
        assert other.read.next_number() == 1


def test_ten_thousand_trials_are_read_in_a_few_queries(store: Store, reader: StoreReader) -> None:
    with store.transaction():
        for number in range(300):
            store.insert_trial(trial(number))
    asked: list[str] = []
    reader.connection.handle.set_trace_callback(asked.append)
    assert len(reader.trials()) == 300
    reader.connection.handle.set_trace_callback(None)
    assert len([sql for sql in asked if sql.startswith("SELECT")]) <= 5
