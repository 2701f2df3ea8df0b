"""In terminals with ASCII only nothing else is written: not by panes, and not by what opens over them."""

from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.widgets import Input

from hptui.tui.ascii_filter import REPLACEMENTS
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.chart_legend import letter_of
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import make
from tests.tui.walk import walking

OPENED = {
    "help": "question_mark",
    "palette": "colon",
    "columns": "f",
    "metrics": "M",
    "budget": "A",
    "confirm": "X",
    "launch": "r",
    "clone": "C",
    "messages": "exclamation_mark",
    "all metrics": "O",
    "insights": "H",
    "health": "d",
    "space": "e",
    "compare": "c",
    "trial": "enter",
}


def test_a_replacement_is_as_wide_as_its_sign():
    for sign, text in REPLACEMENTS.items():
        assert text.isascii()
        assert len(text) == cell_len(sign), unicodedata.name(sign)


@pytest.mark.parametrize("charts", ["ascii", "braille"])
async def test_every_screen_and_dialog_is_ascii(home, charts):
    sd = make(home)
    async with walking(home, size=(100, 30), study=sd, charts=charts) as walk:
        await walk.until("baseline")
        await walk.settled()
        await walk.press("j")  # comparing takes another trial than the best
        others = {"study": {sign for sign in walk.text if not sign.isascii()}}
        for name, key in OPENED.items() if charts == "ascii" else ():
            before = walk.app.screen
            await walk.press(key)
            await walk.until(lambda before=before: walk.app.screen is not before)
            await walk.pilot.pause(0.05)
            others[name] = {sign for sign in walk.text if not sign.isascii()}
            typed = [line for line in walk.app.screen.query(Input) if line.display and line.can_focus]
            assert all(line.content_size.height for line in typed), f"{name}: what is typed is not seen"
            await walk.press("escape")
            await walk.until(lambda before=before: walk.app.screen is before)
        if charts == "ascii":
            assert {name: signs for name, signs in others.items() if signs} == {}
        else:
            assert others["study"] > {"│", "╭"}


async def test_without_colours_a_letter_stands_for_each_curve(home):
    """In the chart, before the row of its trial and in the legend, each another one; frames keep their signs."""
    sd = make(home)
    async with walking(home, size=(120, 36), study=sd, charts="letters") as walk:
        await walk.until("baseline")
        await walk.settled()
        table, chart = walk.app.screen.query_one(TrialTable), walk.app.screen.query(Chart).first()
        shown = [curve.colour for curve in chart.plots if curve.colour is not None]
        assert len(shown) > 1
        assert len({letter_of(colour) for colour in shown}) == len(shown)
        letters = [table.mark_segment(row, Style(), is_marked=False, is_inverted=False).text for row in range(2)]
        assert all(letter.strip() and letter.isascii() for letter in letters), letters
        drawn = "".join(strip.text for strip in (chart.render_line(y) for y in range(chart.size.height)))
        assert not any(0x2800 < ord(sign) < 0x2900 for sign in drawn), "dots of several curves could not be told apart"
        assert "╭" in walk.text
