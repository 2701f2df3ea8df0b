"""Pictures of a study: each is drawn from recorded trials, with its numbers, at any size."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from hptui.results.importance import Importance
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import PlotOptions
from hptui.results.plots.registry import PLOTS
from hptui.results.plots.settings import parallel
from hptui.results.view import best_trials, read_view
from hptui.tui.charts.grid import Dot, DotGrid, draw_grid, series_line
from hptui.tui.charts.plots import draw
from hptui.tui.charts.raster import PlaneBox
from hptui.tui.screens.plots import ESTIMATES, TABS, PlotsScreen
from hptui.tui.sources.plots import PlotRequest, draw_request
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


def asked(sd, name, *settings, size=(70, 30), charts="braille", importance=None):
    """The plot of that name as the screen asks for it."""
    options = PlotOptions(settings=settings, whole_range=True, intervals=False)
    return draw_request(PlotContext(read_view(sd)), PlotRequest(name, options, *size, charts, importance))


SETTINGS = {"slice": ["learning_rate"], "contour": ["learning_rate", "batch_size"], "parallel": ["learning_rate"]}


@pytest.mark.parametrize("charts", ["braille", "block", "ascii"])
@pytest.mark.parametrize("name", TABS.values())
@pytest.mark.parametrize("size", [(70, 30), (30, 6), (12, 3)])
def test_every_picture_fits_and_none_fails(sd, name, size, charts):
    known = Importance("GP", {"learning_rate": 0.75, "batch_size": 0.25}, (0, 1, 2))
    found = asked(sd, name, *SETTINGS.get(name, ()), size=size, charts=charts, importance=known)
    assert found.title
    assert found.drawing
    if charts == "ascii":
        assert text(found.drawing).replace("…", ".").replace("·", ".").isascii()


def test_the_screen_has_a_tab_for_every_plot_but_the_curves_of_the_study_screen():
    assert {*TABS.values(), "curves"} == set(PLOTS)


def test_the_history_names_every_new_best(sd):
    view = read_view(sd)
    rows = asked(sd, "history").table.rows
    best = min((trial for trial in view.trials), key=lambda trial: trial.values["loss"])
    assert rows[-1][0] == str(best.number)
    assert rows[0][0] == "0"


def test_a_slice_groups_by_value_with_its_n(sd):
    rows = asked(sd, "slice", "batch_size").table.rows
    assert sum(int(row[1]) for row in rows) == 6
    assert {row[0] for row in rows} <= {"8", "16", "32"}


def test_a_heat_map_counts_every_trial_once(sd):
    rows = asked(sd, "contour", "learning_rate", "batch_size").table.rows
    assert sum(int(row[3]) for row in rows) == 6


@pytest.mark.parametrize("charts", ["braille", "ascii"])
@pytest.mark.parametrize("size", [(70, 30), (60, 20), (40, 14)])
def test_a_parallel_plot_writes_the_ends_of_each_axis(sd, size, charts):
    """Above and below the lines, so that neither hides the other; the last axis is the objective's."""
    plot = parallel(PlotContext(read_view(sd)), PlotOptions(settings=("learning_rate", "batch_size"), whole_range=True))
    lines = text(draw(plot, *size, marks=charts)).splitlines()
    heights = {row: line for row, line in enumerate(lines) if line.strip()}
    for axis, label in zip(plot.axes, ("learning_rate", "batch_size", "loss"), strict=True):
        assert axis.label == label
        low, high = (
            (plot.labels["low"], plot.labels["high"]) if axis is plot.z else map(axis.text, (axis.low, axis.high))
        )
        top = next(row for row, line in heights.items() if high in line.split())
        bottom = max(row for row, line in heights.items() if low in line.split())
        assert top < bottom, (label, low, high)


def test_what_does_not_apply_says_so(sd):
    assert "one objective" in text(asked(sd, "pareto").drawing)
    assert "counts its answers" in text(asked(sd, "categories").drawing)
    assert "eight comparable trials" in text(asked(sd, "importance").drawing)
    assert "two parameters" in text(asked(sd, "contour", "learning_rate", "learning_rate").drawing)
    assert "nothing is searched" in text(asked(sd, "slice").drawing)
    assert asked(sd, "slice").title == "slice"


def test_importance_is_that_of_the_other_process(sd):
    found = asked(
        sd, "importance", importance=Importance("GP", {"batch_size": 0.9}, (0, 1, 2, 3), 0.0, 0.1, ("width",))
    )
    assert found.table.rows[0] == ("batch_size", "90.0%")
    assert "90%" in text(found.drawing)
    assert text(found.drawing).endswith("not shown for width")


def test_dots_stand_where_they_belong():
    level = series_line([(0.0, 0.5), (1.0, 0.5)], stepped=True)
    grid = DotGrid(PlaneBox(0, 1, 0, 1), [Dot(0.0, 0.0, "bad"), Dot(1.0, 1.0, "best")], [(level, "muted")])
    lines = draw_grid(grid, 40, 12)
    first = next(n for n, line in enumerate(lines) if any(cell.meaning == "best" for cell in line))
    last = next(n for n, line in enumerate(lines) if any(cell.meaning == "bad" for cell in line))
    assert first < last


def test_a_logarithmic_axis_spreads_its_decades_evenly():
    box = PlaneBox(0, 1, 1e-3, 1e3, log=True)
    lines = draw_grid(DotGrid(box, [Dot(0.5, 1e-3, "bad"), Dot(0.5, 1.0, "warn"), Dot(0.5, 1e3, "best")]), 40, 15)
    rows = [
        next(n for n, line in enumerate(lines) if any(cell.meaning == m for cell in line))
        for m in ("best", "warn", "bad")
    ]
    assert rows[1] - rows[0] == rows[2] - rows[1]


def test_a_trial_outside_the_range_keeps_its_mark_beneath_another(sd):
    for charts, mark in (("braille", "□"), ("ascii", "@")):
        dots = [Dot(1.0, 0.5, "accent", outside=True), Dot(1.0, 0.5, "best")]
        drawing = draw_grid(DotGrid(PlaneBox(0, 1, 0, 1), dots), 40, 12, charts)
        assert [cell for line in drawing for cell in line if cell.text.strip() == mark and cell.meaning == "best"]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (20, 5)])
def test_the_screen_turns_through_all_of_them(sd, size, monkeypatch):
    # What works it out is another process, and is looked at below.
    monkeypatch.setattr(PlotsScreen, "_importance", lambda self, estimate: None)

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


def test_an_estimate_says_what_it_assumes_and_what_chance_gives(sd):
    known = Importance("rank correlation", {"batch_size": 0.6, "width": 0.2}, (0, 1), caveat="assumes much")
    found = asked(sd, "importance", importance=replace(known, chance={"batch_size": 0.3, "width": 0.3}))
    assert found.title == "rank correlation"
    assert "assumes much" in text(found.drawing)
    assert [row[-1] for row in found.table.rows] == ["> 30.0%", "≤ 30.0%"]
    assert [cell.meaning for line in found.drawing for cell in line if "█" in cell.text] == ["accent", "muted"]


def test_a_key_goes_through_the_estimates_of_importance(sd, monkeypatch):
    asked_for = []
    monkeypatch.setattr(PlotsScreen, "_importance", lambda self, estimate: asked_for.append(estimate))

    async def walk():
        async with walking(sd.root.parent, study=sd) as person:
            await person.until("trials")
            await person.press("H", "i")
            await person.settled()
            screen = person.app.screen
            assert screen.tab == "importance"
            for estimate in ESTIMATES[1:]:
                reply = {"method": f"by {estimate}", "shares": {"width": 0.5}, "trials": [0], "unseen": []}
                await person.press("i")
                assert asked_for[-1] == estimate
                found = {"importance": {**reply, "chance": {"width": 0.1}}, "says": ""}
                screen._importance_computed(estimate, found, screen._estimated_of)
                await person.until(f"by {estimate}")
            assert asked_for == list(ESTIMATES)
            await person.press("i")
            screen._importance_computed("", "it took longer than 120 s", screen._estimated_of)
            await person.until("could not be estimated: it took")
            assert "nothing can be said" not in person.text, "what failed is not what cannot be said"

    asyncio.run(walk())


def test_importance_comes_from_another_process(sd):
    async def walk():
        async with walking(sd.root.parent, study=sd) as person:
            await person.until("trials")
            await person.press("H")
            await person.press("right_square_bracket")
            await person.until("too few to tell", 90)  # of six trials nothing can be said

    asyncio.run(walk())


def test_two_objectives_have_a_front(tmp_path: Path):
    second = '[[objective]]\nmetric = "accuracy"\ngoal = "maximize"\n'
    (tmp_path / "seen.toml").write_text(STUDY.format(second=second))
    sd = run_to_rest(tmp_path / "home", tmp_path / "seen.toml")
    rows = asked(sd, "pareto").table.rows
    assert {row[0] for row in rows} == {
        str(trial.number) for trial in best_trials(read_view(sd).study, read_view(sd).trials)
    }


def test_a_step_at_the_end_of_an_axis_is_seen():
    line = series_line([(0.0, 1.0), (1.0, 0.0)], stepped=True)
    drawing = draw_grid(DotGrid(PlaneBox(0, 1, 0, 1), [], [(line, "best")]), 40, 12)
    drawn = [index for index, row in enumerate(drawing) if any(cell.meaning == "best" for cell in row)]
    assert len(drawn) > 6, "from the top to the foot"


@pytest.mark.parametrize("count", [2, 4, 6, 8])
@pytest.mark.parametrize("seed", range(5))
def test_labels_of_axes_never_touch(count, seed):
    die = random.Random(seed)
    texts = [die.choice(["constant", "cosine", "a", "2.696", "1e-3", "linear_with_warmup"]) for _ in range(count)]
    labels = [(float(index), 0.0, text) for index, text in enumerate(texts)]
    grid = DotGrid(PlaneBox(0, count - 1, 0, 1), [], [], names_axes=True, axis_labels=labels)
    lowest = "".join(cell.text for cell in draw_grid(grid, 40, 12)[grid.body_height(12)])
    assert lowest.split()
    for word in lowest.split():
        is_cut = word.endswith("…") and any(text.startswith(word[:-1]) and text[0].isalpha() for text in texts)
        assert word in texts or is_cut, lowest
