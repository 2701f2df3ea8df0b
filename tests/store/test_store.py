"""Writing: all or nothing, exactly once, whoever is killed and however full the disk is."""

from __future__ import annotations

import math
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hptui
from hptui.core.errors import MachineError, NotFound, UserError
from hptui.core.trial import Attempt, AttemptState, Role, StudyState, Trial, TrialStatus
from hptui.store import records
from hptui.store.metric_points import MetricPoint
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import MetricSummary
from hptui.store.store import DiskFull, Store
from tests.support import PATIENCE

ROOT = Path(hptui.__file__).parents[1]


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, **more}


@pytest.fixture
def sd(tmp_path: Path) -> StudyDir:
    return StudyDir(tmp_path / "study")


@pytest.fixture
def store(sd: StudyDir) -> Iterator[Store]:
    """A study with one running attempt of trial 0."""
    with Store.create(sd, {}, "study") as store:
        begin(store)
        yield store


def begin(store: Store) -> None:
    store.insert_trial(Trial(0, "t0", TrialStatus.RUNNING, Role.SEARCH, {}))
    store.insert_attempt(Attempt("token", 0, 1, AttemptState.RUNNING))


def loss(*values: float, first: int = 1) -> list[MetricPoint]:
    return [("loss", step, value, None, step / 10) for step, value in enumerate(values, first)]


def integrity(sd: StudyDir) -> str:
    conn = sqlite3.connect(sd.db)
    try:
        return str(conn.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        conn.close()


# summaries of metrics ---------------------------------------------------------------------------------------------


def test_a_summary_follows_new_points(store: Store) -> None:
    store.add_points(0, 1, loss(3.0, 1.0))
    store.add_points(0, 1, loss(2.0, 5.0, first=3))
    assert store.read.metric_summaries(0) == {"loss": MetricSummary(4, 5.0, 1.0, 2, 5.0, 4, 4, 0)}


def test_an_overwritten_extreme_is_forgotten(store: Store) -> None:
    store.add_points(0, 1, loss(3.0, 1.0, 2.0))
    store.add_points(0, 2, loss(2.5, first=2))
    assert store.read.metric_summaries(0) == {"loss": MetricSummary(3, 2.0, 2.0, 3, 3.0, 1, 3, 0)}


def test_an_earlier_step_that_comes_late_does_not_become_the_last(store: Store) -> None:
    store.add_points(0, 1, loss(3.0, first=10))
    store.add_points(0, 1, loss(1.0, first=5))
    assert store.read.metric_summaries(0) == {"loss": MetricSummary(10, 3.0, 1.0, 5, 3.0, 10, 2, 0)}
    assert store.read.trial(0).last_step == 10


def test_a_step_twice_in_one_batch_counts_once_and_the_later_wins(store: Store) -> None:
    store.add_points(0, 1, [*loss(9.0), *loss(1.0)])
    assert store.read.metric_summaries(0) == {"loss": MetricSummary(1, 1.0, 1.0, 1, 1.0, 1, 1, 0)}
    assert store.read.curve(0, "loss") == [(1, 1.0, 0.1)]


def test_points_of_one_step_are_what_a_plain_model_says(store: Store) -> None:
    """Random writes of several attempts, in batches, against a dictionary."""
    random.seed(12)
    expected: dict[str, dict[tuple[int, int], tuple[float, int]]] = {"a": {}, "b": {}}
    for attempt in (1, 2, 3):
        if attempt > 1:
            store.delete_points_after(0, 10 * (attempt - 1))
            for name, places in expected.items():
                expected[name] = {place: one for place, one in places.items() if place[0] <= 10 * (attempt - 1)}
        for _ in range(40):
            batch: list[MetricPoint] = []
            for name in random.sample(["a", "b"], random.randint(1, 2)):
                places = expected[name]
                step = random.randint(8 * (attempt - 1), 8 * (attempt - 1) + 12)
                mine = [place for place, (_, by) in places.items() if place[0] == step and by == attempt]
                for sub in range(len(mine), len(mine) + random.randint(1, 4)):
                    value = random.choice([random.random(), math.nan])
                    batch.append((name, step, value, None, 0.0, sub))
                    if not sub:
                        for place in [place for place in places if place[0] == step]:
                            del places[place]
                    places[step, sub] = value, attempt
            store.add_points(0, attempt, batch)
        for name, places in expected.items():
            rows = [(step, value) for (step, _), (value, _) in sorted(places.items())]
            found = [(step, value) for step, value, _ in store.read.curve(0, name)]
            assert str(found) == str(rows)
            finite = [value for _, value in rows if math.isfinite(value)]
            last = store.read.metric_summaries(0)[name]
            assert str((last.step, last.value)) == str(rows[-1])
            assert (last.low, last.high, last.n, last.nonfinite) == (
                min(finite),
                max(finite),
                len(rows),
                len(rows) - len(finite),
            )
            assert sum(bucket.n for bucket in store.read.buckets(0, name, 7)) == len(rows)
    store.delete_metric(0, "a", 3)
    kept = [value for _, (value, attempt) in sorted(expected["a"].items()) if attempt != 3]
    assert str([value for _, value, _ in store.read.curve(0, "a")]) == str(kept)
    assert store.read.metric_summaries(0)["a"].n == len(kept) > 0
    assert len(store.read.curve(0, "b")) == len(expected["b"])


def test_values_that_are_not_finite_count_but_are_no_extremes(store: Store) -> None:
    points = [("loss", 1, None, "inf", 0.0), ("loss", 2, 2.0, None, 0.0), ("loss", 3, math.nan, None, 0.0)]
    store.add_points(0, 1, points)
    last = store.read.metric_summaries(0)["loss"]
    assert math.isnan(last.value)
    assert (last.low, last.high, last.n, last.nonfinite) == (2.0, 2.0, 3, 2)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinity_given_as_a_number_is_stored_as_its_name(store: Store, value: float) -> None:
    store.add_points(0, 1, [("loss", 1, value, None, 0.0)])
    assert store.connection.rows("SELECT value, odd FROM points") == [(None, str(value))]
    assert store.read.trial(0).metrics == {"loss": value}


def test_trials_and_metrics_do_not_mix(store: Store) -> None:
    store.insert_trial(Trial(1, "t1", TrialStatus.RUNNING, Role.SEARCH, {}))
    store.add_points(0, 1, loss(1.0))
    store.add_points(1, 1, [*loss(2.0), ("acc", 1, 0.5, None, 0.0)])
    assert [one.metrics for one in store.read.trials()] == [{"loss": 1.0}, {"loss": 2.0, "acc": 0.5}]


def test_cutting_points_leaves_what_came_before(store: Store) -> None:
    store.add_points(0, 1, loss(3.0, 1.0, 0.5, 0.1))
    store.add_points(0, 1, [("late", 4, 1.0, None, 0.4)])
    store.delete_points_after(0, 2)
    assert store.read.metric_summaries(0) == {"loss": MetricSummary(2, 1.0, 1.0, 2, 3.0, 1, 2, 0)}
    assert (store.read.trial(0).last_step, store.read.trial(0).metrics) == (2, {"loss": 1.0})
    store.delete_points_after(0, None)
    assert store.read.curve(0, "loss") == []
    assert (store.read.trial(0).last_step, store.read.trial(0).metrics) == (None, {})


finite = st.floats(-4, 4).map(lambda value: value + 0.0)  # SQLite keeps no sign of a zero
values = st.one_of(finite, st.sampled_from([math.nan, math.inf, -math.inf]))
batch = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12), values), max_size=8)
cut = st.one_of(st.none(), st.integers(-1, 13))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.one_of(batch, st.tuples(st.just("cut"), cut)), max_size=8))
def test_a_summary_always_says_what_the_points_say(store: Store, steps: list[object]) -> None:
    number = store.read.next_number()
    store.insert_trial(Trial(number, "t", TrialStatus.RUNNING, Role.SEARCH, {}))
    known: dict[tuple[str, int], float] = {}
    for step in steps:
        if isinstance(step, tuple):
            store.delete_points_after(number, step[1])
            known = {key: v for key, v in known.items() if step[1] is not None and key[1] <= step[1]}
            continue
        store.add_points(number, 1, [(name, at, value, None, 0.0) for name, at, value in step])
        known |= {(name, at): value for name, at, value in step}
    assert repr(store.read.metric_summaries(number)) == repr(expected_summaries(known, store.read.metric_names(number)))
    assert store.read.trial(number).last_step == max((at for _, at in known), default=None)


def expected_summaries(known: Mapping[tuple[str, int], float], order: list[str]) -> dict[str, MetricSummary]:
    found = {}
    for name in order:
        curve = sorted((at, value) for (metric, at), value in known.items() if metric == name)
        finite = [(value, at) for at, value in curve if math.isfinite(value)]
        low = min(finite, default=(None, None))
        high = max(finite, key=lambda pair: (pair[0], -pair[1]), default=(None, None))
        found[name] = MetricSummary(*curve[-1], *low, *high, len(curve), len(curve) - len(finite))
    assert {metric for metric, _ in known} == set(order)
    return found


# transactions -----------------------------------------------------------------------------------------------------


def test_an_error_undoes_everything_in_the_transaction(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.update_trial(0, note="x")
            store.add_points(0, 1, loss(1.0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (store.read.trial(0).note, store.read.trial(0).metrics) == ("", {})


def test_a_metric_whose_first_points_were_undone_is_known_afterwards(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.add_points(0, 1, [("first", 1, 1.0, None, 0.0)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    store.add_points(0, 1, [("second", 1, 2.0, None, 0.0), ("first", 1, 3.0, None, 0.0)])
    assert store.read.trial(0).metrics == {"second": 2.0, "first": 3.0}


def test_a_metric_whose_first_points_were_undone_in_a_part_is_known_afterwards(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.add_points(0, 1, [("first", 1, 1.0, None, 0.0)])
            raise ZeroDivisionError

    with store.transaction():
        with pytest.raises(ZeroDivisionError):
            fail()
        store.add_points(0, 1, [("second", 1, 2.0, None, 0.0), ("first", 1, 3.0, None, 0.0)])
    assert store.read.trial(0).metrics == {"second": 2.0, "first": 3.0}


def test_a_metric_that_a_full_disk_undid_is_known_afterwards(store: Store) -> None:
    pages = store.connection.rows("PRAGMA page_count")[0][0]
    store.connection.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        store.add_points(0, 1, [("first", step, 1.0, None, 0.0) for step in range(5000)])
    store.connection.rows("PRAGMA max_page_count = 1000000")
    store.add_points(0, 1, [("second", 1, 2.0, None, 0.0), ("first", 1, 3.0, None, 0.0)])
    assert store.read.trial(0).metrics == {"second": 2.0, "first": 3.0}


def test_a_part_can_fail_alone(store: Store) -> None:
    with store.transaction():
        store.update_trial(0, note="kept")
        with pytest.raises(NotFound):
            store.ingest("nobody", 0, 1, loss(1.0), offset=1, sequence=1)
        store.add_points(0, 1, loss(2.0))
    assert (store.read.trial(0).note, store.read.trial(0).metrics) == ("kept", {"loss": 2.0})


def test_nobody_sees_half_a_transaction(store: Store, sd: StudyDir) -> None:
    with StoreReader.open(sd) as reader, store.transaction(durable=True):
        store.update_trial(0, status=TrialStatus.COMPLETE)
        assert reader.trial(0).status is TrialStatus.RUNNING
    with StoreReader.open(sd) as reader:
        assert reader.trial(0).status is TrialStatus.COMPLETE


def statements(store: Store) -> list[str]:
    said: list[str] = []
    store.connection.handle.set_trace_callback(said.append)
    return said


def synchronous_at_commit(said: list[str]) -> list[str]:
    level, found = "?", []
    for sql in said:
        if sql.startswith("PRAGMA synchronous"):
            level = sql.rpartition(" ")[2]
        elif sql == "COMMIT":
            found.append(level)
    return found


def test_changes_of_state_are_on_the_disk_and_points_need_not_be(store: Store) -> None:
    store.add_event("info", "test", "leaves the level at NORMAL")
    said = statements(store)
    store.update_trial(0, status=TrialStatus.COMPLETE)
    store.ingest("token", 0, 1, loss(1.0), offset=1, sequence=1)
    store.update_attempt("token", state=AttemptState.DONE)
    store.update_trial(0, progress=0.5)
    store.set_state(StudyState.DONE)
    assert synchronous_at_commit(said) == ["FULL", "NORMAL", "FULL", "NORMAL", "FULL"]


def test_a_durable_part_makes_the_whole_durable(store: Store) -> None:
    store.add_event("info", "test", "leaves the level at NORMAL")
    said = statements(store)
    with store.transaction():
        store.update_trial(0, status=TrialStatus.COMPLETE)
    assert synchronous_at_commit(["PRAGMA synchronous = NORMAL", *said]) == ["NORMAL", "FULL"]


def test_a_change_of_state_really_reaches_the_disk(store: Store, sd: StudyDir) -> None:
    """Counted where it happens: the log file is synced by the kernel for a durable change, and only for that."""
    probe = textwrap.dedent("""
        import sys
        from pathlib import Path
        from hptui.core.trial import TrialStatus
        from hptui.store.paths import StudyDir
        from hptui.store.store import Store
        with Store.open(StudyDir(Path(sys.argv[1])), exclusive=False) as store:
            store.add_points(0, 1, [("loss", 1, 1.0, None, 0.0)])
            print("--", flush=True)
            with store.transaction():
                store.update_trial(0, status=TrialStatus.COMPLETE)
            print("--", flush=True)
    """)
    if not (strace := shutil.which("strace")):
        pytest.skip("strace is not installed")
    done = subprocess.run(
        [strace, "-y", "-e", "trace=fsync,fdatasync,write", sys.executable, "-c", probe, str(sd.root)],
        env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if "PTRACE" in done.stderr:
        pytest.skip("processes may not be traced here")
    points, state, _ = (len(re.findall(r"sync\(.*study\.db-wal>", part)) for part in done.stderr.split('"--'))
    assert (points, state) == (0, 1)


# the study, trials, attempts --------------------------------------------------------------------------------------


def test_a_study_knows_when_it_began_and_ended(store: Store) -> None:
    assert store.read.study().started is None
    store.set_state(StudyState.RUNNING)
    began = store.read.study().started
    store.set_state(StudyState.DONE, "all trials are done")
    done = store.read.study()
    assert began is not None
    assert (done.started, done.message) == (began, "all trials are done")
    assert done.ended is not None
    store.set_state(StudyState.RUNNING)
    again = store.read.study()
    assert (again.started, again.ended, again.message, again.state) == (began, None, "", StudyState.RUNNING)


def test_numbers_go_on_after_the_last(store: Store) -> None:
    assert store.read.next_number() == 1


def test_active_seconds_add_up(store: Store) -> None:
    store.add_seconds(1.5)
    store.add_seconds(2.0)
    assert store.read.study().seconds == 3.5


def test_open_attempts_are_those_that_have_not_ended(store: Store) -> None:
    for n, state in enumerate((AttemptState.STARTING, AttemptState.LOST), 2):
        store.insert_attempt(Attempt(f"t{n}", 0, n, state))
    assert [one.n for one in store.read.attempts(open=True)] == [1, 2]
    assert [one.n for one in store.read.attempts(0)] == [1, 2, 3]
    assert store.read.attempts(1, open=True) == []


@pytest.mark.parametrize("field", ["number", "metrics", "attempts", "rejections", "nonsense"])
def test_fields_that_a_row_does_not_hold_cannot_be_set(store: Store, field: str) -> None:
    with pytest.raises(TypeError, match=field):
        store.update_trial(0, **{field: 1})


def test_what_does_not_exist_cannot_be_changed(store: Store) -> None:
    with pytest.raises(NotFound, match="no trial 5"):
        store.update_trial(5, note="x")
    with pytest.raises(NotFound, match="no attempt"):
        store.update_attempt("nobody", message="x")


def test_an_attempt_without_its_trial_and_a_number_twice_are_refused(store: Store) -> None:
    with pytest.raises(MachineError, match="FOREIGN KEY"):
        store.insert_attempt(Attempt("x", 9, 1, AttemptState.STARTING))
    with pytest.raises(MachineError, match="UNIQUE"):
        store.insert_trial(Trial(0, "again", TrialStatus.WAITING, Role.SEARCH, {}))
    assert store.read.trial(0).name == "t0"


def test_bytes_that_are_no_text_do_not_stop_the_writer(store: Store) -> None:
    torn = b"caf\xe9".decode("utf-8", "surrogateescape")
    store.add_event("error", "crash", torn)
    store.update_trial(0, message=torn, params={"x": torn})
    store.add_points(0, 1, [(torn, 1, 1.0, None, 0.0)])
    assert store.read.events()[-1].message == store.read.trial(0).message == "caf?"
    assert store.read.trial(0).metrics == {"caf?": 1.0}


@pytest.mark.parametrize("points", [[("x" * 201, 1, 1.0, None, 0.0)], [("", 1, 1.0, None, 0.0)]])
def test_a_batch_with_an_impossible_name_is_refused_whole(store: Store, points: list[MetricPoint]) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        store.ingest("token", 0, 1, [*loss(1.0), *points], offset=9, sequence=9)
    assert (store.read.trial(0).metrics, store.read.attempt("token").offset) == ({}, 0)


def test_a_batch_with_an_impossible_step_is_refused_whole(store: Store) -> None:
    with pytest.raises(OverflowError):
        store.ingest("token", 0, 1, [*loss(1.0), ("loss", 2**63, 1.0, None, 0.0)], offset=9, sequence=9)
    assert (store.read.trial(0).metrics, store.read.attempt("token").offset) == ({}, 0)


def test_what_was_seen_is_kept_without_growing_with_the_square(store: Store) -> None:
    store.insert_trial(Trial(1, "t1", TrialStatus.WAITING, Role.SEARCH, {}, seen=tuple(range(5000))))
    assert store.connection.rows("SELECT seen FROM trials WHERE number = 1") == [("0-4999",)]
    assert store.read.trial(1).seen == tuple(range(5000))
    assert [one.seen for one in store.read.trials()] == [(), ()]
    assert len(store.read.trials(seen=True)[1].seen) == 5000


@given(st.sets(st.integers(0, 60)))
def test_numbers_survive_packing(numbers: set[int]) -> None:
    assert records.unpack_numbers(records.pack_numbers(numbers)) == tuple(sorted(numbers))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_values))
def test_settings_survive_json(settings_: dict[str, object]) -> None:
    again = records.parse_json(records.dump_json(settings_))
    assert again == settings_
    assert repr(again) == repr(settings_)  # 1 stays 1, 1.0 stays 1.0


def test_requests_are_answered_once_and_in_order(store: Store) -> None:
    first, second = store.add_command("pause", {}), store.add_command("add", {"params": {"lr": 1e-4}})
    assert [(one.verb, one.args) for one in store.read.pending_commands()] == [
        ("pause", {}),
        ("add", {"params": {"lr": 1e-4}}),
    ]
    store.finish_command(first, False, "no")
    assert [one.id for one in store.read.pending_commands()] == [second]
    assert [(one.ok, one.result) for one in store.read.commands()] == [(False, "no"), (None, "")]


# several processes ------------------------------------------------------------------------------------------------

ASKER = """
import sys
from pathlib import Path
from hptui.store.paths import StudyDir
from hptui.store.store import Store
for number in range(60):
    with Store.open(StudyDir(Path(sys.argv[1])), exclusive=False) as store:
        store.add_command("note", {"number": number})
"""


def test_others_leave_requests_while_the_runner_writes(store: Store, sd: StudyDir) -> None:
    askers = [
        subprocess.Popen([sys.executable, "-c", ASKER, str(sd.root)], env=environment(), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    step = 0
    with StoreReader.open(sd) as reader:
        while any(asker.poll() is None for asker in askers):
            step += 1
            store.ingest("token", 0, 1, loss(1.0, first=step), offset=step, sequence=step)
            reader.changed_trials()
    assert [(asker.returncode, asker.stderr.read() if asker.stderr else b"") for asker in askers] == [(0, b"")] * 2
    for asker in askers:
        asker.stderr.close()
    assert len(store.read.pending_commands()) == 120
    assert len(store.read.curve(0, "loss")) == step


def test_a_reader_that_hangs_in_mid_read_does_not_hold_the_writer_up(store: Store, sd: StudyDir) -> None:
    with StoreReader.open(sd) as reader, reader.connection.snapshot():
        reader.trials()
        store.add_points(0, 1, loss(1.0))
        began = time.monotonic()
        store.checkpoint_wal()
        assert time.monotonic() - began < 5.0 * PATIENCE
        store.add_points(0, 1, loss(1.0, first=2))
    assert len(store.read.curve(0, "loss")) == 2


# being killed -----------------------------------------------------------------------------------------------------

INGESTER = """
import sys
from pathlib import Path
from hptui.store.paths import StudyDir
from hptui.store.store import Store
with Store.open(StudyDir(Path(sys.argv[1]))) as store:
    offset = store.read.attempt("token").offset
    last = int(sys.argv[2])
    while offset < last:
        batch = range(offset + 1, min(last, offset + 7) + 1)
        points = [("loss", step, float(step), None, 0.0) for step in batch]
        store.ingest("token", 0, 1, points, offset=batch[-1], sequence=batch[-1])
        offset = batch[-1]
        if offset % 5 == 0:
            store.checkpoint_wal()
"""


def check_recorded_once(sd: StudyDir, last: int | None = None) -> int:
    with StoreReader.open(sd) as reader:
        offset = reader.attempt("token").offset
        curve = reader.curve(0, "loss")
        summary = reader.metric_summaries(0).get("loss")
    assert [step for step, _, _ in curve] == list(range(1, offset + 1))
    assert (summary.n, summary.step) == (offset, offset) if summary else offset == 0
    assert last is None or offset == last
    return offset


@pytest.mark.parametrize("crash", ["ingest.rows:1", "ingest.rows:3", "ingest.offset:1", "ingest.offset:4"])
def test_a_batch_is_recorded_exactly_once_however_its_writer_dies(store: Store, sd: StudyDir, crash: str) -> None:
    store.close()
    command = [sys.executable, "-c", INGESTER, str(sd.root), "50"]
    assert subprocess.run(command, env=environment(HPTUI_CRASH=crash)).returncode == 137
    assert check_recorded_once(sd) == 7 * (int(crash[-1]) - 1)
    assert subprocess.run(command, env=environment()).returncode == 0
    check_recorded_once(sd, 50)
    assert integrity(sd) == "ok"


def test_killing_the_writer_at_any_moment_loses_and_doubles_nothing(store: Store, sd: StudyDir) -> None:
    store.close()
    rounds = random.Random(5)
    last = 200_000
    command = [sys.executable, "-c", INGESTER, str(sd.root), str(last)]
    before = 0
    for _ in range(8):
        child = subprocess.Popen(command, env=environment())
        with StoreReader.open(sd) as reader:  # it has begun
            while child.poll() is None and reader.attempt("token").offset == before:
                time.sleep(0.002)
        time.sleep(rounds.random() * 0.05)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        now = check_recorded_once(sd)
        assert now > before
        before = now
        assert integrity(sd) == "ok"


FINISHER = """
import sys
from pathlib import Path
from hptui.core.trial import AttemptState, TrialStatus
from hptui.store.paths import StudyDir
from hptui.store.store import Store
with Store.open(StudyDir(Path(sys.argv[1]))) as store, store.transaction(durable=True):
    store.update_attempt("token", state=AttemptState.DONE)
    store.update_trial(0, status=TrialStatus.COMPLETE, values={"loss": 1.0})
    store.add_event("info", "finished", "trial 0", trial=0)
"""


@pytest.mark.parametrize(("crash", "finished"), [("durable.before:1", False), ("durable.after:1", True)])
def test_a_trial_finishes_with_all_that_belongs_to_it_or_not_at_all(
    store: Store, sd: StudyDir, crash: str, finished: bool
) -> None:
    store.close()
    done = subprocess.run([sys.executable, "-c", FINISHER, str(sd.root)], env=environment(HPTUI_CRASH=crash))
    assert done.returncode == 137
    with StoreReader.open(sd) as reader:
        trial, attempt, events = reader.trial(0), reader.attempts(0)[0], reader.events()
    assert (trial.status is TrialStatus.COMPLETE) == finished
    assert (attempt.state is AttemptState.DONE) == finished
    assert (trial.values == {"loss": 1.0}) == finished
    assert len(events) == finished


# a full disk ------------------------------------------------------------------------------------------------------


def test_a_full_disk_undoes_the_batch_and_the_store_goes_on_when_there_is_space(store: Store, sd: StudyDir) -> None:
    store.ingest("token", 0, 1, loss(1.0), offset=1, sequence=1)
    pages = store.connection.rows("PRAGMA page_count")[0][0]
    store.connection.rows(f"PRAGMA max_page_count = {pages}")
    many = loss(*[0.5] * 5000, first=2)
    with pytest.raises(DiskFull, match="disk is full"):
        store.ingest("token", 0, 1, many, offset=2, sequence=2)
    check_recorded_once(sd, 1)
    store.connection.rows("PRAGMA max_page_count = 1000000")
    store.ingest("token", 0, 1, many, offset=5001, sequence=2)
    check_recorded_once(sd, 5001)
    assert integrity(sd) == "ok"


def test_nothing_is_written_piecemeal_after_a_full_disk_ended_a_transaction(store: Store) -> None:
    pages = store.connection.rows("PRAGMA page_count")[0][0]
    store.connection.rows(f"PRAGMA max_page_count = {pages}")

    def carry_on_regardless() -> None:
        with store.transaction():
            store.update_trial(0, note="before")
            with suppress(DiskFull):
                store.add_points(0, 1, loss(*[0.5] * 5000))
            store.update_trial(0, title="after")

    with pytest.raises(MachineError, match="rolled back"):
        carry_on_regardless()
    store.connection.rows("PRAGMA max_page_count = 1000000")
    assert (store.read.trial(0).note, store.read.trial(0).title) == ("", "")


FULL = """
import resource, sys
from pathlib import Path
from hptui.core.errors import MachineError
from hptui.store.paths import StudyDir
from hptui.store.store import DiskFull, Store

with Store.open(StudyDir(Path(sys.argv[1]))) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    offset, refused = 0, 0
    while refused < 3:
        batch = range(offset + 1, offset + 501)
        points = [("loss", step, float(step), None, 0.0) for step in batch]
        try:
            store.ingest("token", 0, 1, points, offset=batch[-1], sequence=batch[-1])
            offset = batch[-1]
        except DiskFull:
            refused += 1
    assert len(store.read.curve(0, "loss")) == offset > 0
    try:
        store.set_state("paused", "disk full")
    except DiskFull:
        print("state refused")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    batch = range(offset + 1, offset + 501)
    points = [("loss", step, float(step), None, 0.0) for step in batch]
    store.ingest("token", 0, 1, points, offset=batch[-1], sequence=batch[-1])
    store.set_state("paused", "disk full")
    print("went on")
"""


def test_files_that_cannot_grow_are_a_full_disk(store: Store, sd: StudyDir) -> None:
    store.close()
    command = [sys.executable, "-c", FULL, str(sd.root), str(1_500_000)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    assert (done.stdout.splitlines()[-1:], done.stderr) == (["went on"], "")
    assert check_recorded_once(sd) > 500
    assert integrity(sd) == "ok"
    with StoreReader.open(sd) as reader:
        assert reader.study().message == "disk full"


def test_a_creation_on_a_full_disk_leaves_nothing(sd: StudyDir) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from hptui.store.paths import StudyDir; "
        "from hptui.store.store import DiskFull, Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "try: Store.create(StudyDir(Path(sys.argv[1])), {}, 'study')\n"
        "except DiskFull as error: print('full')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(sd.root)], env=environment(), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("full\n", "")
    assert list(sd.root.iterdir()) == []


def test_a_backup_on_a_full_disk_leaves_the_old_one(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    target.write_bytes(b"the old one")
    blocked = tmp_path / "nowhere" / "backup.db"
    with pytest.raises(MachineError, match="No such file"):
        store.connection.backup(blocked)
    store.connection.backup(target)
    assert target.read_bytes()[:15] == b"SQLite format 3"
    assert [entry.name for entry in tmp_path.glob(".*")] == []


def test_a_store_that_another_process_keeps_busy_says_so(store: Store, sd: StudyDir) -> None:
    other = sqlite3.connect(sd.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.connection.rows("PRAGMA busy_timeout = 20")
    with pytest.raises(MachineError, match="locked by another process"):
        store.add_event("info", "test", "x")
    other.execute("ROLLBACK")
    other.close()
    store.add_event("info", "test", "now")
    assert [one.message for one in store.read.events()] == ["now"]


def test_a_study_cannot_be_made_where_a_file_lies(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises((MachineError, UserError)):
        Store.create(StudyDir(tmp_path / "home" / "study"), {}, "study")
