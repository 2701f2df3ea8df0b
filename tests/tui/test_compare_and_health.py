"""Trials side by side; what they suffer from, and the key that queues the cure."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import Input

from hptui.core.trial import Reason, TrialStatus
from hptui.results.diagnosis import curves_for_diagnosis, diagnose, diagnose_trials
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.tui.screens.clone import CloneForm
from hptui.tui.screens.compare import CompareScreen
from hptui.tui.screens.compare_rows import columns_of, difference_lines, metric_lines, metric_rows, rows_to_write
from hptui.tui.screens.dialogs import ChoiceDialog
from hptui.tui.screens.space import SpaceScreen
from hptui.tui.screens.steering import entries_without
from tests.operations.made import FILE, TRIALS, make
from tests.operations.made import trial as made_trial
from tests.results.kit import view_of
from tests.support import run_to_rest, trials
from tests.tui.walk import walking

STUDY = """
name = "ill"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 6
[space]
learning_rate = { low = 1e-4, high = 1e-1, log = true }
batch_size = { choices = [8, 16, 64] }
[search]
sampler = "random"
trials = 3
[[trial]]
name = "huge"
set = { batch_size = 64, fail_if = "batch_size >= 64" }
"""


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("health")
    (folder / "ill.toml").write_text(STUDY)
    return run_to_rest(folder / "home", folder / "ill.toml")


def huge(sd):
    return next(trial for trial in trials(sd) if trial.name == "huge")


def text(lines) -> str:
    return "\n".join("".join(cell.text for cell in line) for line in lines)


def test_only_settings_that_differ_are_shown_unless_all_are_asked_for(sd):
    view = read_view(sd)
    two = [view.trials[0], huge(sd)]
    assert "steps" not in text(difference_lines(columns_of(view, two)))
    assert "fail" in text(difference_lines(columns_of(view, two)))
    assert "steps" in text(difference_lines(columns_of(view, two), everything=True))
    assert "are the same" in text(difference_lines(columns_of(view, [two[0], two[0]])))


def test_others_are_measured_by_the_first(sd):
    view = read_view(sd)
    done = [trial for trial in view.trials if trial.values][:2]
    shown = text(metric_lines(columns_of(view, done)))
    apart = done[1].values["loss"] - done[0].values["loss"]
    assert f"{apart:+.2g}" in shown
    assert "–" not in shown.split("loss")[1].splitlines()[0]


def test_what_is_not_complete_is_no_result_and_is_compared_with_nothing():
    """For each status on either side: only complete trials have a value, a difference, the mark of the best."""
    done = [made_trial(0, "complete", "finished", 0.5), made_trial(1, "complete", "finished", 0.25)]
    for status in TrialStatus:
        if status is TrialStatus.COMPLETE:
            continue
        other = made_trial(2, status, metrics={"loss": 0.0625})
        row = metric_rows(columns_of(view_of([*done, other]), [*done, other]))[1]
        assert [cell.text for cell in row] == ["loss", "0.5000", "*0.2500 -0.25", "(0.0625)"], status
        row = metric_rows(columns_of(view_of([*done, other]), [other, *done]))[1]
        assert [cell.text for cell in row] == ["loss", "(0.0625)", "0.5000", "*0.2500"], status


def test_a_written_comparison_says_what_cannot_be_compared():
    done = [made_trial(n, "complete", "finished", 0.5 - n / 10) for n in range(3)]
    longer = replace(done[2], params={**done[2].params, "steps": 99})
    rows = rows_to_write(columns_of(view_of([*done[:2], longer]), [*done[:2], longer]))
    assert rows[-1] == ["not comparable", "", "", "they trained for different lengths"]
    assert all(row[0] != "not comparable" for row in rows_to_write(columns_of(view_of(done[:2]), done[:2])))


def test_every_trial_has_a_diagnosis_from_its_curves(sd):
    view = read_view(sd)
    with StoreReader.open(sd) as reader:
        found = {trial.number: one for trial, one in diagnose_trials(view, reader, view.trials)}
        assert diagnose(view, view.trials[0], curves_for_diagnosis(view, reader, view.trials[0])).kind == found[0].kind
    assert found[huge(sd).number].kind == "oom"
    assert huge(sd).reason is Reason.OOM
    assert found[0].healthy


def test_what_a_trial_failed_at_is_taken_out_of_the_space(sd):
    view = read_view(sd)
    with StoreReader.open(sd) as reader:
        _, found = next(iter(diagnose_trials(view, reader, [huge(sd)])))
    assert entries_without(view, huge(sd), found) == {"batch_size": {"choices": [8, 16]}}


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (20, 5)])
def test_the_ill_stand_first_and_one_key_queues_the_cure(sd, size):
    async def walk():
        async with walking(sd.root.parent, size=size, study=sd) as person:
            await person.until(lambda: person.app.screen.__class__.__name__ == "StudyScreen")
            await person.settled()
            await person.press("d")
            if size[0] < 60:
                return
            await person.until("oom")
            await person.until("1 of ")
            await person.press("C")
            await person.until(lambda: isinstance(person.app.screen, CloneForm | ChoiceDialog))
            if isinstance(person.app.screen, ChoiceDialog):
                await person.press("enter")
            await person.until(lambda: isinstance(person.app.screen, CloneForm))
            form = person.app.screen
            assert form.query_one("#note", Input).value.startswith("oom: ")
            assert "32" in [line.value for line in form.query(Input)]
            await person.press("escape")
            await person.press("e")
            await person.until(lambda: isinstance(person.app.screen, SpaceScreen))
            await person.until(lambda: person.app.screen.draft is not None)
            assert person.app.screen.draft.entries["batch_size"]["choices"] == [8, 16]

    asyncio.run(walk())


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (20, 5)])
def test_marked_trials_are_compared(sd, size):
    async def walk():
        async with walking(sd.root.parent, size=size, study=sd) as person:
            await person.until(lambda: person.app.screen.__class__.__name__ == "StudyScreen")
            await person.settled()
            await person.press("space", "down", "space", "c")
            if size[0] > 60:
                await person.until("settings that differ")
                await person.until("measured by trial")
                await person.press("f")
                await person.until("all settings")

    asyncio.run(walk())


async def test_the_best_alone_is_compared_with_the_baseline_or_with_another_without_one(home):
    for made, expected in ((TRIALS, "compare trials 3, 0"), (TRIALS[1:], "compare trials 3, 1")):
        place = home / str(len(made))
        async with walking(place, study=make(place, made)) as walk:
            await walk.until("★3")
            await walk.press("asterisk", "c")
            await walk.until(expected)


@pytest.mark.parametrize("kind", ["csv", "md"])
def test_the_comparison_is_written(sd, tmp_path, kind):
    target = tmp_path / f"out.{kind}"

    async def walk():
        async with walking(sd.root.parent, study=sd) as person:
            await person.until(lambda: person.app.screen.__class__.__name__ == "StudyScreen")
            await person.settled()
            await person.press("space", "space", "c")
            await person.until("settings that differ")
            await person.press("w")
            await person.until("Write the table")
            person.app.screen.query_one(Input).value = "somewhere"
            await person.press("enter")
            await person.until("says neither CSV nor Markdown")
            person.app.screen.query_one(Input).value = str(target)
            await person.press("enter")
            await person.until(target.is_file)

    asyncio.run(walk())
    lines = target.read_text().splitlines()
    assert any("learning_rate" in line.replace("\\", "") for line in lines)
    if kind == "csv":
        assert [float(cell) for cell in next(line for line in lines if line.startswith("loss")).split(",")[1:2]]
    else:
        assert lines[1] == "| --- | --- | --- |"


async def test_a_trial_of_another_study_stands_beside_them_with_the_reason_where_it_is_not_comparable(home):
    sd = make(home)
    make(home, text=FILE.replace('name = "made"', 'name = "longer"').replace("steps = 10", "steps = 99"))
    make(home, text=FILE.replace('name = "made"', 'name = "alike"'))
    make(home, text=FILE.replace('name = "made"', 'name = "elsewhere"').replace('"loss"', '"accuracy"'))
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("j", "space", "space", "c")
        await walk.until(lambda: isinstance(walk.app.screen, CompareScreen))
        for name in ("longer", "alike"):
            await walk.press("a")
            await walk.until("A trial of which study")
            assert "elsewhere" not in walk.text
            await walk.press(*name, "enter", "enter")
            await walk.until(f"{name} #3")
        await walk.until("steps 99, not 10")
        columns = walk.app.screen._columns()
        assert [bool(column.problem) for column in columns] == [False, False, True, False]
        assert [column.study for column in columns] == ["", "", "longer", "alike"]
        assert len({column.colour for column in columns}) == 4
