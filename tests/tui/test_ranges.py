"""A range of a picture or a chart, chosen with the mouse or with keys, and what is shown then."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import Axis, PlotOptions
from hptui.results.plots.registry import PLOTS
from hptui.results.view import read_view
from hptui.tui.charts.grid import _tick_lines
from hptui.tui.charts.plots import _parallel_grid, draw, with_log_y
from hptui.tui.filters import parse_filter
from hptui.tui.screens.plots import PlotsScreen
from hptui.tui.screens.study import StudyScreen
from hptui.tui.sources.plots import PlotRequest, draw_request
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.plot_pane import PlotPane
from tests.operations.made import FILE, make, trial
from tests.tui.walk import walking

MANY = [
    trial(n, "complete", "finished", 0.5 + n / 10, params={"learning_rate": 10 ** (-4.6 + n / 4), "width": width})
    for n, width in enumerate([16, 32, 64] * 4)
]
SIZES = [(100, 30), (60, 18), (38, 14)]


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> PlotContext:
    sd = make(tmp_path_factory.mktemp("ranges") / "home", MANY)
    return PlotContext(read_view(sd))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("style", ["braille", "ascii"])
@pytest.mark.parametrize("log", [False, True])
def test_a_range_between_two_points_lets_through_what_lies_between_them(context, size, style, log):
    """Where the axis says a value is, there is the point that has it."""
    for name, setting in (("history", ()), ("slice", ("learning_rate",)), ("slice", ("width",))):
        options = PlotOptions(settings=setting, whole_range=True, intervals=False)
        plot = draw_request(context, PlotRequest(name, options, *size, style, log=log))
        [area] = plot.areas
        assert area.name == (setting[0] if setting else "number")
        values = {one.number: one.params.get(area.name, one.number) for one in context.view.trials}
        cell = abs(area.position(0, int(area.first) + 3) / area.position(0, int(area.first) + 2))
        for mark in plot.marks:
            assert area.contains(mark.line, mark.column)
            position = area.position(mark.line, mark.column)
            if area.axis.kind == "log":
                assert abs(math.log(position / values[mark.trial])) <= 1.1 * abs(math.log(cell))
        first, last = plot.marks[1], plot.marks[-2]
        text = area.filter_between(area.position(0, first.column - 1), area.position(0, last.column + 1))
        test = parse_filter(text, ["number", "learning_rate", "width"]).test(
            lambda column: lambda found: found.params.get(column, found.number), lambda found: ""
        )
        kept = {one.number for one in context.view.trials if test(one)}
        low, high = sorted((values[first.trial], values[last.trial]))
        assert kept >= {number for number, value in values.items() if low <= value <= high}


def test_a_parallel_plot_has_a_vertical_range_for_each_axis(context):
    options = PlotOptions(settings=("learning_rate", "width"), whole_range=True)
    plot = draw_request(context, PlotRequest("parallel", options, 90, 24))
    assert [area.name for area in plot.areas] == ["learning_rate", "width", "loss"]
    for area in plot.areas:
        assert area.is_vertical
        assert area.first > area.last, "low values are at the bottom"
    rate = plot.areas[0]
    assert rate.position(round(rate.first), 0) == pytest.approx(1e-5, rel=0.5)
    assert rate.position(round(rate.last), 0) == pytest.approx(1e-1, rel=0.5)
    assert plot.areas[1].filter_between(-0.4, 1.2) == "width=16,32"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("last", range(3))
@pytest.mark.parametrize("margin", [-0.1, 0.1, 0.4, 0.7])
def test_a_brush_takes_the_categories_whose_lines_it_crosses(context, size, first, last, margin):
    """A line of a parallel plot crosses an axis at the height of its category: a brush around that takes no other."""
    options = PlotOptions(settings=("learning_rate", "width"), whole_range=True)
    request = PlotRequest("parallel", options, *size)
    area = draw_request(context, request).areas[1]
    plot = PLOTS["parallel"](context, options)
    assert plot is not None
    widths = ["16", "32", "64"]
    heights = {
        str(context.settings(context.trials[curve.trial])["width"]): dict(curve.points)[1.0] for curve in plot.curves
    }
    first, last = min(first, last), max(first, last)
    gap = heights["32"] - heights["16"]
    start, end = (
        area.first + (area.last - area.first) * (heights[widths[index]] + share * gap)
        for index, share in ((first, -margin), (last, margin))
    )
    text = area.filter_between(area.position(start, 0), area.position(end, 0))
    assert text == f"width={','.join(widths[first : last + 1])}"


@given(st.lists(st.integers(3, 24), min_size=2, max_size=9), st.sampled_from(["braille", "ascii"]), st.data())
def test_every_axis_of_a_parallel_plot_has_its_name(context, lengths, style, data):
    """However long the names are: two lines hold them, shortened where they must be."""
    width = data.draw(st.integers(8 + 8 * len(lengths), 120))
    names = [f"{chr(97 + index)}{'abcdefghijklmnopqrstuvw'[: length - 1]}" for index, length in enumerate(lengths)]
    plot = PLOTS["parallel"](context, PlotOptions(settings=("learning_rate",), whole_range=True))
    assert plot is not None
    plot = replace(plot, axes=tuple(Axis(name) for name in names), curves=())
    below = "\n".join("".join(cell.text for cell in line) for line in draw(plot, width, 20, style)[-2:]).split()
    for name in names:
        assert any(word == name or (word.endswith("…") and name.startswith(word[:-1])) for word in below), (name, below)


def test_no_axis_loses_its_name_at_any_width(context):
    """Three thousand plots: a long first name leaves little room for the third in the same line."""
    plot = PLOTS["parallel"](context, PlotOptions(settings=("learning_rate",), whole_range=True))
    assert plot is not None
    for seed in range(3000):
        dice = random.Random(seed)
        lengths = [dice.randint(3, 24) for _ in range(dice.randint(2, 9))]
        names = [f"{chr(97 + index)}{'abcdefghijklmnopqrstuvw'[: length - 1]}" for index, length in enumerate(lengths)]
        width = dice.randint(8 + 8 * len(names), 120)
        grid = _parallel_grid(replace(plot, axes=tuple(Axis(name) for name in names), curves=()), width, 20)
        words = " ".join(_tick_lines(grid, (), width - 8)).split()
        for name in names:
            shown = any(word == name or (word.endswith("…") and name.startswith(word[:-1])) for word in words)
            assert shown, (width, names, words)


def test_an_axis_is_logarithmic_only_where_all_values_are_positive(context):
    plot = PLOTS["history"](context, PlotOptions(intervals=False))
    assert plot is not None
    logarithmic = with_log_y(plot)
    assert logarithmic is not None
    assert logarithmic.y.kind == "log"
    assert logarithmic.y.low > 0


async def test_a_dragged_range_filters_the_study(home):
    async with walking(home, study=make(home, MANY)) as walk:
        await walk.until("★0")
        await walk.press("H")
        await walk.until(lambda: isinstance(walk.app.screen, PlotsScreen) and walk.app.screen.query_one(PlotPane).areas)
        pane = walk.app.screen.query_one(PlotPane)
        area = pane.areas[0]
        middle = int((area.first + area.last) / 2)
        await walk.pilot.mouse_down(pane, offset=(int(area.first) + 1, 8))
        await walk.pilot.mouse_up(pane, offset=(middle, 8))
        await walk.until("Show only these trials")
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, StudyScreen))
        await walk.until("of 12")
        shown = [one.number for one in walk.app.screen.table.trials.all]
        assert 4 <= len(shown) <= 8
        assert max(shown) < 8
        await walk.press("escape", "H")
        await walk.until(lambda: isinstance(walk.app.screen, PlotsScreen) and walk.app.screen.query_one(PlotPane).marks)
        pane = walk.app.screen.query_one(PlotPane)
        await walk.press("g", "space", "right", "right", "f")
        await walk.until("number>=0")
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, StudyScreen))
        await walk.until("trials 3 of 12")


async def test_a_dragged_part_of_a_chart_is_shown_alone(home):
    sd = make(home, MANY, FILE)
    async with walking(home, study=sd) as walk:
        await walk.until("★0")
        chart = walk.app.screen.query_one("#chart1", Chart)
        await walk.until(lambda: chart._frame is not None)
        full = chart._frame.box
        await walk.pilot.mouse_down(chart, offset=(chart._frame.gutter + 11, 4))
        await walk.pilot.mouse_up(chart, offset=(chart._frame.gutter + 31, 4))
        await walk.until(lambda: chart.window is not None)
        assert full.x0 < chart.window[0] < chart.window[1] < full.x1
        assert chart.crosshair is None
        await walk.until("zoomed")
