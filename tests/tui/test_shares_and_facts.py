"""Axes of shares in per cent, recorded tables as words, and reasons that are not cut where the table scrolls."""

from __future__ import annotations

import random

import pytest

from hptui.core.trial import TrialStatus
from hptui.results.diagnosis import Diagnosis
from hptui.results.plots.plot import Axis, percent_tick
from hptui.tui.charts.layout import axis_layout
from hptui.tui.charts.raster import PlaneBox
from hptui.tui.screens.health import MAX_WHY_CELLS, HealthRows
from hptui.tui.screens.trial_facts import fact_text
from hptui.tui.themes import UNICODE_GLYPHS
from hptui.tui.widgets.table import TableWidget
from tests.results.seeds import one


@pytest.mark.parametrize("seed", range(20))
def test_ticks_of_shares_are_in_per_cent_and_differ(seed):
    die = random.Random(seed)
    low = die.uniform(0.0, 0.9)
    high = low + die.choice([0.5, 0.1, 0.02, 0.004]) * die.uniform(0.5, 1.0)
    plain, shares = (axis_layout(PlaneBox(0, 9, low, high, percents=p), 60, 14) for p in ("", "y"))
    assert len(plain.rows) == len(shares.rows)
    texts = [text for _, text in shares.rows]
    assert len(set(texts)) == len(texts)
    for (_, number), text in zip(plain.rows, texts, strict=True):
        assert text.endswith("%")
        assert float(text[:-1]) / 100 == pytest.approx(float(number), abs=(high - low) / 2)
    axis = Axis("accuracy", "linear", low, high, format="percent")
    quarters = [axis.text(axis.at(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert len(set(quarters)) == 5
    assert all(text.endswith("%") for text in quarters)
    assert percent_tick(0.58, 0.3) == "58%"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"val_loss": "output", "loss": "the tap"}, "val_loss: output  loss: the tap"),
        ({"a": {"b": 1.5}, "c": [1, 2]}, "a: b: 1.5  c: 1, 2"),
        ([0.001, 2e-5], "1e-3, 2e-5"),
        (1024, "1024"),
        (True, "true"),
    ],
)
def test_a_recorded_table_is_words(value, text):
    assert fact_text(value) == text
    assert not set("{}[]\"'") & set(fact_text(value))


@pytest.mark.parametrize("width", [80, 100, 160, 240])
@pytest.mark.parametrize("length", [10, 60, 120, 400])
def test_a_reason_is_whole_wherever_the_table_can_scroll_to_it(width, length):
    rows = HealthRows(UNICODE_GLYPHS)
    rows.set_width(width)
    sentence = ("word " * 100)[:length].strip()
    trial = one(3, {"a": 0.1}, {"val_loss": 1.0})
    assert trial.status is TrialStatus.COMPLETE
    rows.show([(trial, Diagnosis("fine", (sentence,)))])
    why = next(column for column in rows.columns if column.name == "sentence")
    assert why.width > min(len(sentence), MAX_WHY_CELLS - 1)


class SizedTable(TableWidget):
    """A table of a given width that is not on a screen."""

    def __init__(self, rows, width):
        super().__init__(rows, glyphs=UNICODE_GLYPHS)
        self.width = width

    @property
    def size(self):
        return type("Size", (), {"width": self.width, "height": 9})()

    def repaint(self):
        pass

    def post_message(self, message):
        return True


@pytest.mark.parametrize("width", [60, 78, 100, 160])
@pytest.mark.parametrize("length", [10, 60, 120, 400])
def test_a_reason_is_seen_at_once_and_whole_after_scrolling_to_it(width, length):
    rows = HealthRows(UNICODE_GLYPHS)
    rows.set_width(width)
    rows.show([(one(3, {"a": 0.1}, {"val_loss": 1.0}), Diagnosis("fine", (("word " * 100)[:length].strip(),)))])
    table = SizedTable(rows, width)
    names = [column.name for column in rows.columns]
    drawn = table.columns_in_sight(width)
    assert drawn[names.index("sentence")] >= 20
    assert sum(drawn.values()) + 2 * len(drawn) <= width
    assert all(drawn[index] == rows.columns[index].width for index in range(3))  # numbers and states are never cut
    for index, column in enumerate(rows.columns[1:], 1):
        table.action_column(1)
        if column.width <= width - 12:
            assert table.columns_in_sight(width)[index] == column.width
