"""A trial has one colour: while it is shown, wherever it is shown, and when it comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hptui.tui.screens.compare import CompareScreen
from hptui.tui.themes import N_SERIES_COLOURS
from hptui.tui.trial_palette import TrialPalette
from hptui.tui.widgets.columns import ColumnFacts
from tests.operations.made import make
from tests.tui.walk import walking

shown_trials = st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True)


@given(st.lists(shown_trials, min_size=1, max_size=8))
def test_a_colour_stays_while_its_trial_is_shown(visits):
    palette, before = TrialPalette(), {}
    for numbers in visits:
        colours = palette.assign(numbers)
        assert list(colours) == [] or set(colours) == set(numbers[:N_SERIES_COLOURS])
        assert len(set(colours.values())) == len(colours), "no two that are shown look alike"
        assert all(colours[number] == before[number] for number in colours if number in before)
        assert all(palette.colour_of(number) == colour for number, colour in colours.items())
        before = dict(colours)


@given(shown_trials)
def test_a_trial_that_comes_back_has_its_colour_again(numbers):
    palette = TrialPalette()
    first = dict(palette.assign(numbers))
    palette.assign([])
    assert palette.assign(numbers) == first


@pytest.mark.terminal
async def test_table_chart_and_comparison_agree(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("winner")
        await walk.settled()
        screen = walk.app.screen
        shown = {number for number in range(7) if screen.table.colour_of(number) is not None}
        assert shown == set(screen.curves.numbers)
        in_study = {number: screen.table.colour_of(number) for number in shown}
        for row in screen.table.in_sight():
            number, strip = screen.table.rows.key(row), screen.table.draw(1 + row, 60)
            swatch = list(strip)[1]
            assert (swatch.text != " ") == (number in shown)
            if number in shown and row != screen.table.cursor:
                assert swatch.style.color == screen.table.style_of(f"table--series-{in_study[number]}").color
        for _ in range(4):
            await walk.press("space")
        await walk.press("c")
        await walk.until(lambda: isinstance(walk.app.screen, CompareScreen))
        await walk.settled()
        headings = walk.app.screen.query_one("#differences", ColumnFacts).lines[0][1:]
        for number, cell in zip(walk.app.screen.numbers, headings, strict=True):
            assert cell.meaning == f"series-{walk.app.palette_of(sd).colour_of(number)}"
            assert number not in in_study or cell.meaning == f"series-{in_study[number]}"
