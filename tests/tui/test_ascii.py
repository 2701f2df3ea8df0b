"""In terminals with ASCII only nothing else is written: not by panes, and not by what opens over them."""

from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from hptui.tui.ascii_filter import REPLACEMENTS
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
