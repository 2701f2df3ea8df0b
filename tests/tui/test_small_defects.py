"""What a person was told wrongly or not at all: a start taken for an end, a verb where there is a key, no reason."""

from __future__ import annotations

import pytest

from hptui.core.trial import StudyState
from hptui.results.diagnosis import Diagnosis
from hptui.results.view import read_view
from hptui.store.store import Store
from hptui.tui import verbs
from hptui.tui.screens.steering import why_no_cure
from hptui.tui.sources import start_watch
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.start_watch import StartWatch
from hptui.tui.sources.studies import StudiesSource
from hptui.tui.sources.study import StudySource
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import FILE, TRIALS, make
from tests.tui.walk import walking

NOT_RUNNING = [state for state in StudyState if state not in (StudyState.RUNNING, StudyState.DRAINING)]


@pytest.mark.parametrize("before", NOT_RUNNING, ids=str)
@pytest.mark.parametrize("running", [StudyState.RUNNING, StudyState.DRAINING], ids=str)
def test_a_runner_that_starts_is_not_gone_and_one_that_dies_is(before, running, monkeypatch):
    watch = StartWatch()
    assert not watch.is_starting(before, alive=False)
    assert watch.is_starting(running, alive=False)
    assert watch.is_starting(running, alive=False)
    assert not watch.is_starting(running, alive=True)
    assert not watch.is_starting(running, alive=False)
    watch.is_starting(before, alive=False)
    assert watch.is_starting(running, alive=False)
    monkeypatch.setattr(start_watch, "START_S", -1.0)
    assert not watch.is_starting(running, alive=False)
    assert not StartWatch().is_starting(running, alive=False)


def test_both_lists_say_running_until_a_runner_should_have_started(home, monkeypatch):
    sd = make(home, state=StudyState.PAUSED)
    study, studies, pool = StudySource(sd), StudiesSource(home), ReaderPool()

    def look():
        pool.begin()
        study.poll(pool)
        studies.poll(pool)
        assert study.latest is not None
        assert studies.latest is not None
        return study.latest.gone, studies.latest[0].gone

    try:
        assert look() == (False, False)
        with Store.open(sd) as store:
            store.set_state(StudyState.RUNNING)
        assert look() == (False, False)
        assert study.latest.starting
        monkeypatch.setattr(start_watch, "START_S", -1.0)
        assert look() == (True, True)
    finally:
        pool.close()


def test_messages_of_the_screens_name_the_key_and_no_verb(home):
    sd = make(home)
    for message in (verbs.retry(sd, [4]), verbs.add(sd, {"learning_rate": "1e-3"})):
        assert "r in its screen starts it" in message
        assert "hptui run" not in message


def test_a_trial_without_a_cure_says_which_constraint_it_breaks(home):
    text = FILE.replace("[search]", '[search]\n    constraints = ["width <= 16", "learning_rate < 1"]')
    sd = make(home, text=text)
    view = read_view(sd)
    diagnosis = Diagnosis("nan", ("it ended as NaN",))
    broken = next(trial for trial in view.trials if trial.number == 6)
    baseline = next(trial for trial in view.trials if trial.number == 0)
    assert "trial 6 breaks the constraint width <= 16 as it is" in why_no_cure(view, broken, diagnosis)
    assert why_no_cure(view, baseline, diagnosis) == "it ended as NaN"
    assert why_no_cure(view, broken, Diagnosis("fine", ("all is well",))) == "all is well"


@pytest.mark.parametrize("begun", [False, True])
async def test_the_second_chart_waits_for_a_second_metric(home, begun):
    sd = make(home, trials=TRIALS if begun else TRIALS[-1:])
    async with walking(home, study=sd) as walk:
        await walk.until("waiting" if not begun else "★3")
        await walk.settled()
        titles = [chart.metric for chart in walk.app.screen.query(Chart) if chart.region.area]
        assert titles == (["loss", "accuracy"] if begun else ["loss"])


async def test_a_row_is_seen_on_five_lines(home):
    sd = make(home)
    async with walking(home, size=(20, 5), study=sd) as walk:
        await walk.until(lambda: "★3" in walk.text)
        table = walk.app.screen.query_one(TrialTable)
        assert table.region.height >= 2
        await walk.pilot.resize_terminal(80, 24)
        await walk.until("╭")
        await walk.pilot.resize_terminal(20, 5)
        await walk.until(lambda: "╭" not in walk.text and "★3" in walk.text)
