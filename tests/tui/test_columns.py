"""A pane of columns: each column can be reached, and what is out of sight is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from hptui.tui.cells import Cell
from hptui.tui.screens.compare import CompareScreen
from hptui.tui.widgets.columns import ColumnFacts
from tests.operations.made import TRIALS, make, trial
from tests.tui.walk import SIZES, walking

pytestmark = pytest.mark.terminal
EIGHT = [*TRIALS[:4], *(trial(n, "complete", "finished", 0.6 + n / 100) for n in range(4, 8))]


class Sized(ColumnFacts):
    """A pane of a given width that is not on a screen."""

    def __init__(self, width):
        super().__init__()
        self.width, self.border = width, ""

    @property
    def size(self):
        return type("Size", (), {"width": self.width, "height": 9})()

    def set_title(self, title, subtitle=""):
        self.border = subtitle

    def repaint(self):
        pass


@given(st.lists(st.integers(3, 24), min_size=2, max_size=9), st.integers(10, 80))
def test_every_column_is_reached_and_counted(widths, room):
    pane = Sized(room)
    pane.show([[Cell("x" * width) for width in widths], [Cell("one cell")]])
    seen = set()
    for _ in range(len(widths) + 1):
        left, right = pane.hidden_columns()
        shown = len(widths) - 1 - left - right
        assert left == pane.left
        assert shown >= 1
        word = "column" if left + right == 1 else "columns"
        assert (f"{left + right} more {word}:" in pane.border) == bool(left + right)
        seen.update(range(left, left + shown))
        pane.action_side(1)
    assert seen == set(range(len(widths) - 1))
    for _ in widths:
        pane.action_side(-1)
    assert pane.left == 0


class Plain(Sized):
    """The same without a theme: what is drawn, as text."""

    rich_style = Style()

    def style_of(self, part):
        return Style()


@given(st.lists(st.text("0123456789.", min_size=3, max_size=12), min_size=2, max_size=9), st.integers(14, 60))
def test_no_part_of_a_number_is_shown_for_the_number(texts, room):
    pane = Plain(room)
    pane.show([[Cell("loss  ", "muted"), *(Cell(f"{text}  ") for text in texts)]])
    for _ in texts:
        drawn = pane.draw(0, room).text
        assert drawn.startswith("loss  ")
        for word in drawn.split()[1:]:
            assert word in texts or word.endswith("…")
        pane.action_side(1)


@given(st.text("0123456789. ", min_size=1, max_size=60), st.integers(1, 40))
def test_a_line_that_is_cut_says_so(text, width):
    pane = Plain(width)
    drawn = pane.draw_line([Cell(text)], width).text
    assert len(drawn) == width
    assert drawn.rstrip() == text.rstrip() or (drawn.endswith("…") and text.startswith(drawn[:-1]))


@pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])
async def test_each_of_eight_trials_comes_into_sight(home, size):
    sd = make(home, trials=EIGHT)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("winner")
        for _ in range(8):
            await walk.press("space")
        await walk.press("c")
        await walk.until(lambda: isinstance(walk.app.screen, CompareScreen))
        await walk.until("more columns")
        pane = walk.app.screen.query_one("#differences", ColumnFacts)
        seen = ""
        for _ in range(8):
            seen += walk.text
            await walk.press("l")
        assert all(f"#{number}" in seen for number in range(8))
        assert pane.hidden_columns()[1] == 0
        await walk.press(*"hhhhhhhh")
        assert pane.left == 0


async def test_a_log_that_comes_after_its_trial_was_chosen_is_shown(home):
    running = trial(8, "running", ended=None, last_step=3, total_steps=40)
    sd = make(home, trials=[*TRIALS, running])
    log = sd.attempt(8, 1) / "log.txt"
    log.unlink(missing_ok=True)
    async with walking(home, study=sd) as walk:
        await walk.until("winner")
        assert walk.app.screen.table.go_to(8)
        await walk.until("has printed nothing yet")
        log.write_text("here I am\n")
        await walk.until("here I am")
        await walk.press("t")
        await walk.until("› trial 8")
        await walk.until("here I am")
