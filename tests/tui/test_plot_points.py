"""Points of insights: each is where the cursor says, many show how many they are, and each opens its trial."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hptui.tui.charts.grid import (
    ASCII_DENSITIES,
    DENSITIES,
    MAX_SEPARATE_DOTS,
    Dot,
    DotGrid,
    draw_grid,
    series_line,
    trial_marks,
)
from hptui.tui.charts.raster import PlaneBox
from hptui.tui.screens.plots import PlotsScreen
from hptui.tui.widgets.plot_pane import PlotPane
from tests.operations.made import TRIALS, make, trial
from tests.tui.walk import walking

STYLES = ["braille", "block", "ascii"]
HEIGHTS = st.floats(1e-3, 1e3)


def lines_of(drawing) -> list[str]:
    return ["".join(cell.text for cell in line) for line in drawing]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), HEIGHTS), min_size=1, max_size=20),
    st.lists(st.floats(0, 1), max_size=4),
    st.integers(12, 90),
    st.integers(4, 30),
    st.sampled_from(STYLES),
    st.booleans(),
)
def test_every_trial_is_drawn_where_its_mark_says(points, foot, width, height, style, log):
    dots = [Dot(x, y, trial=number) for number, (x, y) in enumerate(points)]
    without = [Dot(x, 1.0, status="failed", trial=100 + n) for n, x in enumerate(foot)]
    line = series_line(sorted(points))
    grid = DotGrid(PlaneBox(0, 1, 1e-3, 1e3, log), dots, [(line, "best")], foot=without or None)
    lines = lines_of(draw_grid(grid, width, height, style))
    marks = trial_marks(grid, width, height, style)
    assert {mark.trial for mark in marks} == {dot.trial for dot in [*dots, *without]}
    for mark in marks:
        character = lines[mark.line][mark.column]
        assert character in ("●o" if mark.trial < 100 else "✕x")
    # Numbers hide nothing: without them the same is drawn elsewhere.
    bare = DotGrid(grid.box, [Dot(x, y) for x, y in points], grid.lines, foot=grid.foot)
    for with_numbers, without_numbers in zip(lines, lines_of(draw_grid(bare, width, height, style)), strict=True):
        for index, character in enumerate(without_numbers):
            assert character == " " or with_numbers[index] == character


@pytest.mark.parametrize("style", STYLES)
def test_many_points_show_how_many_they_are_and_not_the_line_hidden(style):
    numbers = range(MAX_SEPARATE_DOTS * 6)
    dots = [Dot((n * 37 % 101) / 100, (n * 31 % 57) / 56, trial=n) for n in numbers]
    dots.append(Dot(0.0, 0.0, "best", trial=0))  # the best is drawn twice at its place, as in a history
    level = series_line([(0.0, 0.25), (1.0, 0.25)], stepped=True)
    grid = DotGrid(PlaneBox(0, 1, 0, 1), dots, [(level, "best")])
    drawing = draw_grid(grid, 60, 20, style)
    lines = lines_of(drawing)
    counts = Counter((mark.line, mark.column) for mark in trial_marks(grid, 60, 20, style))
    signs = ASCII_DENSITIES if style == "ascii" else DENSITIES
    on_line = 0
    for (line, column), count in counts.items():
        character = lines[line][column]
        if character in "●o":
            continue
        if character not in signs:
            on_line += 1
            continue
        power = signs.index(character)
        assert 2**power <= count
        assert power == len(signs) - 1 or count < 2 ** (power + 1)
    assert sum(line.count("●" if style != "ascii" else "o") for line in lines) == 1
    assert on_line > 20


@pytest.mark.process
async def test_the_cursor_reaches_every_trial_names_it_and_opens_it(home):
    sd = make(home)
    async with walking(home, size=(80, 24), study=sd) as walk:
        await walk.until("★3")
        await walk.press("H")
        await walk.until("best so far")
        await walk.settled()
        pane = walk.app.screen.query_one(PlotPane)
        assert pane.trial == 3
        await walk.press("g")
        seen = []
        for _ in range(7):
            seen.append(pane.trial)
            named = next(line for line in walk.text.splitlines() if line.startswith(f" #{pane.trial} "))
            assert str(next(one for one in TRIALS if one.number == pane.trial).status) in named
            await walk.press("l")
        assert seen == [0, 1, 2, 3, 4, 5, 6]
        await walk.press("asterisk", "k")
        above = next(mark for mark in pane.marks if mark.trial == pane.trial)
        best = next(mark for mark in pane.marks if mark.trial == 3)
        assert above.line < best.line
        await walk.press("right_square_bracket", "right_square_bracket")
        await walk.until("loss over")
        await walk.settled()
        assert pane.trial == above.trial
        assert {mark.trial for mark in pane.marks} == {0, 1, 2, 3, 4, 5, 6}, "those without a value, too"
        await walk.press("enter")
        await walk.until(f"trial {above.trial}")
        await walk.press("escape")
        await walk.until(lambda: isinstance(walk.app.screen, PlotsScreen))
        mark = next(mark for mark in pane.marks if mark.trial == 0)
        await walk.pilot.click(pane, offset=(mark.column + 1, mark.line + 1), times=2)
        await walk.until("trial 0")


async def test_the_cell_under_the_cursor_is_reversed(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("H")
        await walk.until("best so far")
        await walk.settled()
        pane = walk.app.screen.query_one(PlotPane)
        for key in "ghl":
            await walk.press(key)
            reversed_cells = [
                (y, x)
                for y in range(pane.size.height)
                for x, style in enumerate(_styles(pane.render_line(y)))
                if style is not None and style.reverse
            ]
            mark = next(mark for mark in pane.marks if mark.trial == pane.trial)
            assert reversed_cells == [(mark.line, mark.column)]


def _styles(strip):
    return [segment.style for segment in strip for _ in segment.text]


def test_a_page_goes_through_thousands_of_trials(home):
    sd = make(home, trials=[trial(n, "complete", "finished", 0.5 + (n * 7 % 13) / 10) for n in range(400)])

    async def walk_through():
        async with walking(home, study=sd) as walk:
            await walk.until("★")
            await walk.press("H")
            await walk.until("or more trials")
            await walk.settled()
            pane = walk.app.screen.query_one(PlotPane)
            await walk.press("g", "ctrl+d", "ctrl+d")
            assert pane.trial == 80
            await walk.press("G")
            assert pane.trial == 399

    asyncio.run(walk_through())
