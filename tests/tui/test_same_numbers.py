"""Numbers on the screens are those of the record: how they are rounded, of what they are, how new they are."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest

from hptui.core.format import clock
from hptui.core.trial import Attempt, AttemptState, Reason, Role
from hptui.execution.classify_exit import AttemptEnd
from hptui.execution.finalize import _message_of_request
from hptui.results.diagnosis import curves_for_diagnosis, diagnose, read_scatter_pools
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from hptui.tui.screens.compare_rows import columns_of, metric_rows
from hptui.tui.screens.trial_facts import _attempt_text, setting_lines
from hptui.tui.sources.health import HealthSource
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource
from hptui.tui.trial_rows import TrialRows
from tests.operations.made import FILE, make, trial
from tests.results.kit import view_of

PLAIN = FILE.replace('[metrics.loss]\n    format = ".4f"\n', "")


def _seconds(text):
    if text.endswith(" s"):
        return float(text.removesuffix(" s"))
    return sum(int(part) * 60**power for power, part in enumerate(reversed(text.split(":"))))


@pytest.mark.parametrize("seed", range(20))
def test_a_time_reads_as_what_it_was(seed):
    rng = random.Random(seed)
    for _ in range(50):
        seconds = 10 ** rng.uniform(-2, 5)
        assert abs(_seconds(clock(seconds)) - seconds) <= max(0.051 * seconds, 0.0051 if seconds < 0.095 else 0.051)
    assert clock(0) == "0:00"


@pytest.mark.parametrize("seed", range(30))
def test_values_that_differ_look_different_and_read_as_recorded(seed):
    rng = random.Random(seed)
    first, gap = 10 ** rng.uniform(-2, 3), 10 ** rng.uniform(-5, -1)
    values = [first * (1 + gap * rng.randint(0, 6)) for _ in range(rng.randint(2, 9))]
    if seed % 5 == 4:
        values = [round(value, 2) + 0.01 for value in values]
    trials = [
        trial(n, "complete", "finished", value, metrics={"loss": value, "other": value})
        for n, value in enumerate(values)
    ]
    maximized = PLAIN.replace('metric = "loss"', 'metric = "loss"\n    goal = "maximize"')
    view = view_of(trials, PLAIN if seed % 2 else maximized)
    rows = TrialRows()
    rows.show(view, frozenset(), ("loss", "other"))
    rows.set_columns(("loss", "other"))
    is_coarse = all(value == round(value, 2) for value in values) and len(set(values)) > 1
    texts = {}
    for at in range(len(rows)):
        value = view.by_number[rows.key(at)].values["loss"]
        _, _, cell, other = (cell.text for cell in rows.cells(at))
        assert texts.setdefault(value, cell) == cell
        assert not is_coarse or len(cell.partition(".")[2]) <= 2, "no digits that were not measured"
        for text in (cell, other):
            assert abs(float(text.replace(",", "")) - value) <= 0.51 * 10 ** -len(text.partition(".")[2])
            assert abs(float(text.replace(",", "")) - value) <= 5.1e-4 * value
    distinct = sorted(set(values))
    apart = min((high - low for low, high in pairwise(distinct)), default=first)
    if apart > 2e-5 * max(distinct):  # six digits are shown at most
        assert len(set(texts.values())) == len(distinct)


@pytest.mark.parametrize("format", ["percent", ".1%", ".0%", ".3f", ""])
@pytest.mark.parametrize("seed", range(6))
def test_a_difference_has_the_unit_of_its_values(format, seed):
    rng = random.Random(f"{format}{seed}")
    values = [round(rng.random(), 3) for _ in range(4)]
    text = PLAIN.replace('format = "percent"', f'format = "{format}"')
    text = text.replace('metric = "loss"', 'metric = "accuracy"\n    goal = "maximize"')
    measured = [{"accuracy": value} for value in values]
    trials = [trial(n, "complete", "finished", values=value, metrics=value) for n, value in enumerate(measured)]
    view = view_of(trials, text)
    row = next(row for row in metric_rows(columns_of(view, view.trials)) if row[0].text == "accuracy")
    for value, cell in zip(values[1:], row[2:], strict=True):
        shown, _, difference = cell.text.removeprefix("*").partition(" ")
        is_share = shown.endswith("%")
        assert difference.endswith(" pts") == (is_share and value != values[0])
        if value != values[0]:
            size = (value - values[0]) * (100 if is_share else 1)
            assert math.isclose(float(difference.removesuffix(" pts")), size, rel_tol=0.06, abs_tol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_how_far_a_setting_is_from_the_bests_stands_beside_its_own_value(seed):
    rng = random.Random(seed)
    drawn = [{"learning_rate": 10 ** rng.uniform(-5, -1), "width": rng.choice([16, 32, 64])} for _ in range(2)]
    best, other = (trial(n, "complete", "finished", 0.1 + n, params=params) for n, params in enumerate(drawn))
    table = setting_lines(view_of([best, other]), other, best, everything=False)
    heading, *lines = [[cell.text.strip() for cell in line] for line in table]
    at = heading.index("from it") if "from it" in heading else None
    for line in lines:
        name = line[0]
        own, theirs = other.params[name], best.params[name]
        if own == theirs or at is None:
            continue
        assert heading[at - 1] == "best #0"
        assert "%" not in line[at - 1]
        assert "(" not in line[at - 1]
        told = line[at]
        ratio = float(told.removesuffix("%")) / 100 + 1 if told.endswith("%") else float(told.removeprefix("×"))
        assert math.isclose(ratio, own / theirs, rel_tol=0.05, abs_tol=0.006)


async def test_a_diagnosis_is_made_again_when_another_trial_has_ended(home):
    """That a trial did not learn is said only where another one did: the other may end later."""
    flat = [1.0, 1.001, 0.999, 1.0, 1.001, 0.999, 1.0, 1.0, 1.001, 0.999]
    sd = make(home, [_with_curve(n, flat) for n in range(3)])
    with Store.open(sd) as store:
        for number in range(3):
            _write(store, number, flat)
    study, pool = StudySource(sd), ReaderPool()
    health = HealthSource(sd, study, [0, 1, 2, 3])
    try:
        _look(study, health, pool)
        with Store.open(sd) as store:
            fell = [1.0 - 0.09 * step for step in range(10)]
            store.insert_trial(_with_curve(3, fell))
            _write(store, 3, fell)
        _look(study, health, pool)
        with StoreReader.open(sd) as reader:
            view = read_view(sd, reader)
            pools = read_scatter_pools(view, reader)
            for one in view.trials:
                fresh = diagnose(view, one, curves_for_diagnosis(view, reader, one), pools)
                assert health.latest.diagnoses[one.number].sentence == fresh.sentence
    finally:
        pool.close()


def _look(study, health, pool):
    pool.begin()
    study.poll(pool)
    health.poll(pool)


def _with_curve(number, values):
    role = Role.BASELINE if number == 0 else Role.SEARCH
    return trial(number, "complete", "finished", min(values), role=role, metrics={"loss": values[-1]}, last_step=10)


def _write(store, number, values):
    store.add_points(number, 1, [("loss", step, value, None, float(step)) for step, value in enumerate(values, 1)])


@pytest.mark.parametrize("status", ["running", "paused", "complete", "pruned", "failed"])
@pytest.mark.parametrize("seed", range(8))
def test_what_runs_has_no_end_yet(status, seed):
    """A curve that is level or has turned is told as it stands so far."""
    rng = random.Random(seed)
    rise = seed % 2 and 0.02
    values = [1 + 2 * 0.6**n + max(0, n - 15) * rise + rng.gauss(0, 1e-3) for n in range(40)]
    curve = [(n + 1, value, float(n)) for n, value in enumerate(values)]
    reason = {"complete": "finished", "pruned": "pruner", "failed": "crash"}.get(status)
    view = view_of([trial(0, status, reason, metrics={"loss": values[-1]})])
    said = diagnose(view, view.trials[0], {"loss": curve}).sentence
    assert said
    if view.trials[0].status.open:
        assert "at the end" not in said


@pytest.mark.parametrize("state", list(AttemptState), ids=str)
def test_an_attempt_that_runs_shows_how_long_it_has_run(state):
    attempt = Attempt("t", 0, 1, state, started=1000.0, seconds=0.0 if state is AttemptState.RUNNING else 61.0)
    text = _attempt_text(attempt, 1042.0)
    assert "0:00" not in text
    assert ("0:42" in text) == (state is AttemptState.RUNNING)
    assert ("1:01" in text) == (state is not AttemptState.RUNNING)
    assert ":" not in _attempt_text(attempt, 0.0) or state is not AttemptState.RUNNING, "nobody knows without a runner"


@pytest.mark.parametrize("state", list(AttemptState), ids=str)
@pytest.mark.parametrize("reason", [Reason.FINISHED, Reason.PRUNER, Reason.USER])
def test_what_finished_first_did_not_end_for_what_was_asked(state, reason):
    asked = "loss 1.26 at 40 % of training is worse than the median 1.24 of 6 trials"
    said = _message_of_request(AttemptEnd(state, None, reason, ""), asked)
    assert (said == asked) == ((state, reason) != (AttemptState.DONE, Reason.FINISHED))
    assert asked in said
    assert _message_of_request(AttemptEnd(state, None, reason, ""), "") == ""
