"""What a person was told wrongly or not at all: a start taken for an end, a verb where there is a key, no reason."""

from __future__ import annotations

import pytest

from hptui.core.trial import StudyState
from hptui.operations.space import entry_reader
from hptui.results.diagnosis import Diagnosis
from hptui.results.view import read_view
from hptui.store.store import Store
from hptui.trainers import registry
from hptui.tui import verbs
from hptui.tui.screens.chart_panel import _length_of
from hptui.tui.screens.parameter_form import USUAL_RANGE, _default_entry
from hptui.tui.screens.report import _headings
from hptui.tui.screens.steering import why_no_cure
from hptui.tui.sources import start_watch
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.start_watch import StartWatch, starting_runner
from hptui.tui.sources.studies import StudiesSource
from hptui.tui.sources.study import StudySource
from hptui.tui.space_rows import sample_lines
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import FILE, TRIALS, make, trial
from tests.results.kit import study_of
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


def test_a_runner_that_is_started_here_after_one_that_died_is_not_gone(tmp_path):
    watch, root = StartWatch(tmp_path), tmp_path
    assert not watch.is_starting(StudyState.RUNNING, alive=False), "nobody has started one"
    with starting_runner(root):
        assert watch.is_starting(StudyState.RUNNING, alive=False)
        assert not watch.is_starting(StudyState.RUNNING, alive=True), "the verb itself holds the lock"
    assert watch.is_starting(StudyState.RUNNING, alive=False)
    with pytest.raises(OSError, match="no"), starting_runner(root):
        raise OSError("no")
    assert not watch.is_starting(StudyState.RUNNING, alive=False)
    with starting_runner(root):
        assert not watch.is_starting(StudyState.DONE, alive=False)


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


def test_a_chart_is_as_long_as_the_trials_in_it():
    short, long = trial(0, "complete", total_steps=20), trial(1, "complete", total_steps=200)
    unknown = trial(2, "running")
    for numbers, length in (([0], 20), ([1], 200), ([0, 1], 200), ([0, 2], 20), ([2], 200), ([], 200)):
        assert _length_of([short, long, unknown], numbers) == length
    assert _length_of([unknown], [2]) == 0


def test_the_first_range_of_a_setting_is_its_usual_one():
    """For every setting of every trainer that says which range is usual: the entry is that range, and is accepted."""
    count = 0
    for kind in ("toy", "charlm", "sft"):
        study = study_of(FILE.replace('kind = "toy"', f'kind = "{kind}"').replace("width = 16", ""))[0]
        for name, field in (registry.schema(kind, study.directory) or {}).items():
            usual = USUAL_RANGE.fullmatch(field.typical)
            if usual is None or field.choices:
                continue
            entry = _default_entry(study, name)
            assert (float(entry["low"]), float(entry["high"])) == (float(usual[1]), float(usual[2])), name
            assert entry_reader(study)(name, entry).name == name
            count += 1
    assert count > 25


def test_names_of_draws_take_the_room_that_is_left():
    samples = [{"learning_rate": 1e-3, "width": 64, "a_name_too_long": 1}]
    assert sample_lines(samples)[0].split() == ["lr", "wid…", "antl"]
    for room in range(10, 80):
        heading, line = sample_lines(samples, room)
        assert len(heading) == len(line)
        assert len(heading) <= max(room, len(sample_lines(samples)[0]))
    assert sample_lines(samples, 60)[0].split() == list(samples[0])


def test_sections_of_a_report_are_named_without_marks():
    text = "# one\n\n## two\n<summary>three</summary>\ntext # no\n### four\n"
    assert _headings(text) == [(0, "one"), (2, "  two"), (3, "    three"), (5, "    four")]


async def test_studies_are_filtered_and_sorted(home):
    for name in ("alpha", "beta", "gamma"):
        state = StudyState.PAUSED if name == "beta" else StudyState.DONE
        make(home, TRIALS[:2], FILE.replace('"made"', f'"{name}"'), state=state)
    async with walking(home) as walk:
        await walk.until("gamma")
        rows = walk.app.screen.rows
        names = lambda: [line.sd.name for line in rows.lines]
        for text, expected in (
            ("alp", ["alpha"]),
            ("paused", ["beta"]),
            ("!paused !gam", ["alpha"]),
            ("made hand nowhere", []),
            ("", ["alpha", "beta", "gamma"]),
        ):
            await walk.press("slash", *(["backspace"] * len(rows.filter_text)), *text, "enter")
            assert sorted(names()) == expected, text
            assert (f"filter {text}" in walk.text) == bool(text)
        await walk.press("s")
        assert names() == ["alpha", "beta", "gamma"]
        await walk.press("S")
        assert names() == ["gamma", "beta", "alpha"]
        await walk.press("slash", *"bet", "enter", "escape")
        assert names() == ["gamma", "beta", "alpha"]
        assert walk.app.screen.__class__.__name__ == "StudiesScreen"


async def test_a_table_that_cannot_be_sorted_has_no_key_for_it(home):
    async with walking(home, study=make(home)) as walk:
        keys = lambda: {active.binding.id for active in walk.app.screen.active_bindings.values() if active.enabled}
        await walk.until("★3")
        assert "table.sort" in keys()
        await walk.press("d")
        await walk.until("diagnoses")
        assert "table.up" in keys()
        assert "table.sort" not in keys()


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 15), (40, 10), (20, 5)], ids=str)
async def test_a_panel_chosen_by_its_key_is_seen_at_every_size(home, size):
    async with walking(home, study=make(home), size=size) as walk:
        await walk.until(lambda: walk.app.screen.query(TrialTable) and len(walk.app.screen.table.rows))
        for screen, panels in (("study", 3), ("trial", 4)):
            for _ in range(panels):
                await walk.press("v")
                await walk.settled()
                pane = walk.app.screen.focused
                assert pane.region.height >= size[1] // 3, f"{screen}: {pane} has {pane.region} of {size}"
            await walk.press("v", "enter")
            await walk.settled()
