"""Pictures of a study: each is drawn from recorded trials, with its numbers, at any size."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hptui.results.view import best_trials, read_view
from hptui.tui.charts.plot_picture import Dot, DotGrid, draw_grid, stepped_line
from hptui.tui.charts.plot_views import PLOTS, PlotOptions, importance_plot
from hptui.tui.screens.plots import PlotsScreen
from tests.support import run_to_rest
from tests.tui.walk import walking

STUDY = """
name = "seen"
[[objective]]
metric = "loss"
goal = "minimize"
{second}
[trainer]
kind = "toy"
steps = 3
[space]
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
batch_size = {{ choices = [8, 16, 32] }}
[search]
sampler = "random"
trials = 6
"""


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("insights")
    (folder / "seen.toml").write_text(STUDY.format(second=""))
    return run_to_rest(folder / "home", folder / "seen.toml")


def text(drawing) -> str:
    return "\n".join("".join(cell.text for cell in line) for line in drawing)


@pytest.mark.parametrize("charts", ["braille", "ascii"])
@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("size", [(70, 30), (30, 6), (12, 3)])
def test_every_picture_fits_and_none_fails(sd, name, size, charts):
    found = PLOTS[name](read_view(sd), PlotOptions(*size, "learning_rate", "batch_size", charts))
    assert found.title
    assert found.drawing
    if charts == "ascii":
        assert text(found.drawing).replace("…", ".").replace("·", ".").isascii()


def test_the_history_names_every_new_best(sd):
    view = read_view(sd)
    rows = PLOTS["history"](view, PlotOptions(70, 30)).rows
    best = min((trial for trial in view.trials), key=lambda trial: trial.values["loss"])
    assert rows[-1][0] == str(best.number)
    assert rows[0][0] == "0"


def test_a_slice_groups_by_value_with_its_n(sd):
    view = read_view(sd)
    rows = PLOTS["slice"](view, PlotOptions(70, 30, "batch_size")).rows
    assert sum(int(row[1]) for row in rows) == 6
    assert {row[0] for row in rows} <= {"8", "16", "32"}


def test_a_heat_map_counts_every_trial_once(sd):
    rows = PLOTS["heat map"](read_view(sd), PlotOptions(70, 30, "learning_rate", "batch_size")).rows
    assert sum(int(row[3]) for row in rows) == 6


def test_what_does_not_apply_says_so(sd):
    assert "one objective" in text(PLOTS["pareto"](read_view(sd), PlotOptions(70, 30)).drawing)
    assert "counts its answers" in text(PLOTS["categories"](read_view(sd), PlotOptions(70, 30)).drawing)
    assert "four complete trials" in text(importance_plot(read_view(sd), None, PlotOptions(70, 30)).drawing)


def test_dots_stand_where_they_belong():
    plane = DotGrid([Dot(0.0, 0.0, "bad"), Dot(1.0, 1.0, "best")], [(stepped_line([(0.0, 0.5), (1.0, 0.5)]), "muted")])
    lines = draw_grid(plane, 40, 12)
    first = next(n for n, line in enumerate(lines) if any(cell.meaning == "best" for cell in line))
    last = next(n for n, line in enumerate(lines) if any(cell.meaning == "bad" for cell in line))
    assert first < last


def test_values_that_are_no_numbers_are_left_out():
    nan = float("nan")
    assert draw_grid(DotGrid([Dot(nan, 0.5, "bad"), Dot(0.5, float("inf"), "bad")]), 40, 12)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (20, 5)])
def test_the_screen_turns_through_all_of_them(sd, size, monkeypatch):
    # What works it out is another process, and is looked at below.
    monkeypatch.setattr(PlotsScreen, "_importance", lambda self: None)

    async def walk():
        async with walking(sd.root.parent, size=size, study=sd) as person:
            await person.until(lambda: person.app.screen.__class__.__name__ == "StudyScreen")
            await person.settled()
            await person.press("H")
            for _ in range(10):  # all seven, and on to the heat map
                await person.press("right_square_bracket")
                await person.press("m")
            if size[0] > 60:
                await person.until("learning_rate")

    asyncio.run(walk())


def test_the_numbers_of_one_picture_are_never_those_of_another(sd):
    async def walk():
        async with walking(sd.root.parent, study=sd) as person:
            await person.until("trials")
            await person.press("H")
            await person.until("best so far")
            screen = person.app.screen
            assert screen.plot is not None
            screen.action_turn(2)
            assert screen.plot is None
            screen.action_write()
            assert person.app.screen is screen
            await person.until(lambda: screen.plot is not None and "over" in screen.plot.title)

    asyncio.run(walk())


def test_importance_comes_from_another_process(sd):
    async def walk():
        async with walking(sd.root.parent, study=sd) as person:
            await person.until("trials")
            await person.press("H")
            await person.press("right_square_bracket")
            await person.until("learning_rate", 90)
            await person.until("%")

    asyncio.run(walk())


def test_two_objectives_have_a_front(tmp_path: Path):
    second = '[[objective]]\nmetric = "accuracy"\ngoal = "maximize"\n'
    (tmp_path / "seen.toml").write_text(STUDY.format(second=second))
    sd = run_to_rest(tmp_path / "home", tmp_path / "seen.toml")
    rows = PLOTS["pareto"](read_view(sd), PlotOptions(70, 30)).rows
    assert {row[0] for row in rows} == {
        str(trial.number) for trial in best_trials(read_view(sd).study, read_view(sd).trials)
    }
