"""Studies as rows of a table: which studies, in what order. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hptui.core.format import duration
from hptui.tui.cells import Cell, TableColumn, plain_line, width_of
from hptui.tui.labels import best_in_row, goal_of, state_cell, time_ago
from hptui.tui.sources.studies import StudyLine
from hptui.tui.themes import Glyphs

SORT_KEYS: dict[str, Callable[[StudyLine], Any]] = {
    "study": lambda line: line.sd.name.lower(),
    "state": lambda line: "" if line.row is None else str(line.row.state),
    "trials": lambda line: line.total,
    "active": lambda line: -line.active,
    "time": lambda line: 0.0 if line.row is None else line.row.seconds,
    "objective": lambda line: _goal_of(line),
    "sampler": lambda line: "" if line.study is None else line.study.search.sampler,
}
"""Columns that studies can be sorted by."""


class StudyRows:
    """Studies as rows; unless they are sorted, running ones come first, then by their last activity."""

    pinned = 1

    def __init__(self, glyphs: Glyphs) -> None:
        self.glyphs = glyphs
        self.all: Sequence[StudyLine] = ()
        self.lines: Sequence[StudyLine] = ()
        self.columns: list[TableColumn] = []
        self.filter_text = ""
        self.by, self.down = "", False
        self._update_columns()

    def show(self, lines: Sequence[StudyLine]) -> None:
        """Show other studies."""
        self.all = lines
        self._select()
        self._update_columns()

    def set_filter(self, text: str) -> None:
        """Show only studies with all words of a text; a word after `!` is one that they must not have."""
        self.filter_text = text
        self._select()

    def set_sort(self, by: str, down: bool) -> None:
        """Set the column to sort by, and the direction."""
        self.by, self.down = by, down
        self._select()

    def _select(self) -> None:
        words = self.filter_text.lower().split()
        lines = [line for line in self.all if _matches(line, words)]
        if self.by:
            lines.sort(key=SORT_KEYS[self.by], reverse=self.down)
        self.lines = lines

    def _update_columns(self) -> None:
        readable = [line for line in self.all if line.study is not None]
        goals = [_goal_of(line) for line in readable]
        states = [self._state_of(line).text for line in self.all]
        columns = [
            TableColumn("study", "study", _column_width([line.sd.name for line in self.all], 12, 30)),
            TableColumn("state", "state", _column_width(states, 12, 24)),
            TableColumn("trials", "trials", 9, right=True),
            TableColumn("done", "", 6, sortable=False),
            TableColumn("best", "best", _column_width([_best_of(line) for line in readable], 12, 24), sortable=False),
            TableColumn("active", "last activity", 13),
            TableColumn("time", "time", 9, right=True),
            TableColumn("objective", "objective", _column_width(goals, 12, 40)),
            TableColumn("sampler", "sampler", 8),
        ]
        self.columns = columns

    def __len__(self) -> int:
        return len(self.lines)

    def key(self, index: int) -> Path:
        """Return the identity of a row."""
        return self.lines[index].sd.root

    def index_of(self, key: object) -> int | None:
        """Return the index of a row by its identity; None if it is not shown."""
        return next((index for index, line in enumerate(self.lines) if line.sd.root == key), None)

    def _state_of(self, line: StudyLine) -> Cell:
        if line.row is None or line.study is None:
            return Cell(f"{self.glyphs.gone} unreadable", "bad")
        return state_cell(line.row.state, self.glyphs, gone=line.gone)

    def marked(self, index: int) -> bool:
        """Return whether a row is marked; none ever is."""
        return False

    def sorting(self) -> tuple[str, bool]:
        """Return the column that the rows are sorted by, '' for none, and whether in descending order."""
        return self.by, self.down

    def cells(self, index: int) -> Sequence[Cell]:
        """Return the cells of a row, one per column."""
        line = self.lines[index]
        name = Cell(plain_line(line.sd.name, 64), bold=line.alive)
        if line.row is None or line.study is None:
            return [name, self._state_of(line), *([Cell("")] * 7)]
        ended, total = line.ended, line.total
        done = round(6 * ended / total) if total else 0
        bar = self.glyphs.full * done + self.glyphs.empty * (6 - done)
        return [
            name,
            self._state_of(line),
            Cell(f"{ended}/{total}"),
            Cell(bar, "running" if line.alive else "muted"),
            Cell(_best_of(line), "best"),
            Cell(time_ago(line.active), "muted"),
            Cell(duration(line.row.seconds) if line.row.seconds else "", "muted"),
            Cell(_goal_of(line), "muted"),
            Cell(plain_line(line.study.search.sampler, 20), "muted"),
        ]


def _matches(line: StudyLine, words: Sequence[str]) -> bool:
    """Return whether a study has all words, in its name, its state, or what it is about."""
    if not words:
        return True
    texts = [line.sd.name, "unreadable" if line.row is None else str(line.row.state)]
    if line.study is not None:
        texts += [line.study.about, _goal_of(line), line.study.search.sampler, line.study.trainer.kind]
    text = "\n".join(texts).lower()
    return all((word.removeprefix("!") in text) != word.startswith("!") for word in words)


def _column_width(texts: Sequence[str], min_width: int, max_width: int) -> int:
    return max(min_width, min(max_width, max(map(width_of, texts), default=0)))


def _best_of(line: StudyLine) -> str:
    return "" if line.study is None else best_in_row(line.study, line.best)


def _goal_of(line: StudyLine) -> str:
    return "" if line.study is None else goal_of(line.study)
