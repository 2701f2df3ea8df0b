"""All metrics in a grid: every one is reached, a filter chooses among them, one alone has its values in a table."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hptui.store.store import Store
from hptui.tui.screens.metrics import MAX_CHARTS, MIN_CHART_CELLS, MetricsScreen, grid_shape
from hptui.tui.screens.study import StudyScreen
from hptui.tui.widgets.chart import Chart
from tests.operations.made import make
from tests.tui.walk import SIZES, walking

NAMES = [f"layer.{n}/norm" for n in range(11)]


def many_metrics(home):
    """A study whose trials 1 to 3 have 11 further metrics: trial t has t + step / 10 in each of them."""
    sd = make(home)
    with Store.open(sd) as store:
        for number in (1, 2, 3):
            [attempt] = store.read.attempts(number)
            points = [(name, step, number + step / 10, None, float(step)) for name in NAMES for step in range(1, 41)]
            store.ingest(attempt.token, number, 1, points, offset=2, sequence=2)
    return sd


def shown(walk) -> list[str]:
    """The metrics of the charts in sight."""
    return [chart.metric for chart in walk.app.screen.query(Chart) if chart.display and chart.region.area]


@given(st.integers(0, 60), st.integers(20, 300), st.integers(4, 90))
def test_a_page_has_no_more_charts_than_there_are_and_none_is_too_small(count, width, height):
    columns, rows = grid_shape(count, width, height)
    assert 1 <= columns * rows <= MAX_CHARTS
    assert columns == 1 or width // columns >= MIN_CHART_CELLS
    assert (rows - 1) * columns < max(1, count)


@pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])
async def test_every_metric_is_reached_by_pages_and_by_charts(home, size):
    sd = many_metrics(home)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("O")
        await walk.until(lambda: isinstance(walk.app.screen, MetricsScreen))
        await walk.settled()
        screen = walk.app.screen
        everything = screen.names()
        assert everything[0] == "loss"
        assert set(everything) == {"loss", "accuracy", *NAMES}
        by_pages = list(shown(walk))
        assert len(by_pages) > 3
        while by_pages[-1] != everything[-1]:
            await walk.press("n")
            by_pages += shown(walk)
        assert by_pages == everything
        assert f"of {len(everything)}" in walk.text
        for _ in everything:
            await walk.press("k")
        assert screen.chart.metric == "loss"
        by_charts = ["loss"]
        for _ in everything[1:]:
            await walk.press("j")
            by_charts.append(screen.chart.metric)
        assert by_charts == everything


@pytest.mark.parametrize("size", [*SIZES, (40, 12), (20, 5)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_chart_alone_tells_the_value_of_each_trial_under_the_crosshair(home, size):
    sd = many_metrics(home)
    async with walking(home, size=size, study=sd, smoothing=0.0) as walk:
        await walk.until(lambda: isinstance(walk.app.screen, StudyScreen))
        await walk.settled()
        await walk.press("V", "O", "slash", *"R.7/", "enter")
        await walk.until(lambda: shown(walk) == ["layer.7/norm"])
        await walk.settled()
        await walk.press("enter")
        assert walk.app.screen.full
        if size[0] < 60:
            return
        chart = walk.app.screen.chart
        await walk.until(lambda: chart.crosshair is not None)
        await walk.settled()
        for _ in range(6):
            await walk.press("left")
        step = chart.crosshair
        position = re.search(r"step ([\d.]+)", walk.text[walk.text.index("at the crosshair") :])
        assert position
        assert float(position[1]) == pytest.approx(step, abs=0.01)
        for number in (1, 2, 3):
            row = next(line for line in walk.text.splitlines() if re.search(rf"│#{number}\b.*\d", line))
            value, lowest, highest, last = map(float, re.findall(r"\d+\.\d+|\d+", row.split(f"│#{number}")[1])[-4:])
            assert (lowest, highest, last) == (number + 0.1, number + 4, number + 4)
            assert value == pytest.approx(number + int(step) / 10)
        await walk.press("escape")
        assert not walk.app.screen.full
        await walk.press("escape")
        assert len(walk.app.screen.names()) == len(NAMES) + 2
        await walk.press("escape")
        await walk.until(lambda: isinstance(walk.app.screen, StudyScreen))


async def test_a_filter_that_is_no_regular_expression_or_matches_nothing_says_so(home):
    sd = many_metrics(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("O")
        await walk.settled()
        await walk.press("slash", "left_square_bracket")
        await walk.until("is no regular expression")
        assert len(walk.app.screen.names()) == len(NAMES) + 2
        await walk.press("backspace", *"xyz")
        await walk.until("no metric matches")
        await walk.press("enter", "enter", "n", "j", "a")
        assert walk.app.screen.names() == []
        await walk.press("escape")
        await walk.until("loss")


async def test_the_charts_of_a_page_share_window_axis_and_crosshair(home):
    sd = many_metrics(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("O")
        await walk.settled()
        await walk.press("j", "j", "a", "plus")
        await walk.settled()
        charts = walk.app.screen.curves.charts
        assert len(charts) > 4
        assert charts[2].window is not None
        assert {chart.window for chart in charts} == {charts[2].window}
        assert {chart.crosshair for chart in charts} == {charts[2].crosshair}
        await walk.press("o")
        assert {chart.axis for chart in charts} == {"time"}


async def test_a_chart_without_a_curve_says_whether_one_may_still_come(home):
    sd = many_metrics(home)
    with Store.open(sd) as store:
        store.add_points(1, 1, [("odd", step, 1.0, None, float(step)) for step in (1, 2, 3)])
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        for number, text in ((0, "not measured in these trials"), (7, "no curve yet")):
            await walk.press("number_sign", str(number), "enter", "enter")
            await walk.until(f"made › trial {number}")
            await walk.press("M", *"odd", "enter")
            await walk.until(text)
            await walk.press("escape")
