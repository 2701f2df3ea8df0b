"""What a trial has generated, one record after the other, or only the records of one category."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hptui.model.values import value_text
from hptui.tui.cells import Cell
from hptui.tui.keys import bindings
from hptui.tui.screens.base import Place, app_of
from hptui.tui.screens.log import LogScreen
from hptui.tui.sources.log import LogSource
from hptui.tui.sources.pool import Source
from hptui.tui.sources.records import KIND, Records, RecordsSource
from hptui.tui.text import plain
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.lineui import Answer, CellLine, KeyLine

QUIET = ("row", "tokens", "finish", "cause", "seconds")
"""Names of values of less interest, which stand in one line."""
LABEL = 11
"""Cells of the column of labels."""
GOOD, BAD = ("correct", "right", "pass"), ("format", "error", "fail", "empty")


class RecordsScreen(Place):
    """The records of one file."""

    scope = "records"
    BINDINGS: ClassVar[list[BindingType]] = bindings("records")

    def __init__(self, title: str, path: Path) -> None:
        super().__init__()
        self._title, self.path = title, path
        self.source = RecordsSource(path)
        self.kind = ""

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield Facts(id="body", classes="pane")
        yield Answer(id="answer")
        yield KeyLine(ascii=app_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self._show_records()

    def sources(self) -> Sequence[Source]:
        """Return the sources to poll while this screen is in front."""
        return [self.source]

    def read(self, source: Source, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self._show_records()

    def _show_records(self) -> None:
        snapshot = self.source.latest
        left = [Cell(plain(self._title, 80), bold=True)]
        if snapshot is not None:
            left += [Cell(f"{plain(kind, 30)} {count}", meaning(kind)) for kind, count in snapshot.kinds.items()]
        right = [Cell("the first ones" if snapshot is not None and snapshot.more else "", "warn")]
        self.query_one("#head", CellLine).show(left, right)
        if snapshot is None:
            return
        chosen = [record for record in snapshot.records if not self.kind or record.get(KIND) == self.kind]
        pane = self.query_one("#body", Facts)
        pane.title = (
            f"{len(chosen)} of {len(snapshot.records)} · {self.kind}" if self.kind else f"{len(chosen)} records"
        )
        pane.entitle(plain(pane.title, 80), plain(self.path, 200))
        pane.show(lines_of(chosen))

    # keys -----------------------------------------------------------------------------------------------------

    def action_kind(self) -> None:
        """Show only one category, the next one, or all again."""
        snapshot = self.source.latest
        if not isinstance(snapshot, Records) or not snapshot.kinds:
            app_of(self).say("the records have no category", "warn")
            return
        kinds = ["", *snapshot.kinds]
        self.kind = kinds[(kinds.index(self.kind) + 1) % len(kinds)] if self.kind in kinds else ""
        self.query_one("#body", Facts).action_edge(-1)
        self._show_records()

    def action_raw(self) -> None:
        self.app.push_screen(LogScreen(self._title, LogSource(self.path)))


def lines_of(records: Sequence[Mapping[str, Any]]) -> list[list[Cell]]:
    """Return records as lines: a label and its text; less interesting values in one line at the end."""
    lines: list[list[Cell]] = []
    for record in records:
        minor_values = []
        for name, value in record.items():
            if name in QUIET:
                minor_values += [f"{name} {_record_text(value)}"] if value not in ("", None) else []
                continue
            style = meaning(str(value)) if name == KIND else ""
            for line_number, part in enumerate(_record_text(value).split("\n")):
                label = plain(name, LABEL - 1) if line_number == 0 else ""
                lines.append([Cell(label.ljust(LABEL), "accent" if name in ("output",) else "muted")])
                lines[-1].append(Cell(plain(part, 4000), style))
        if minor_values:
            lines.append([Cell(" " * LABEL + plain("   ".join(minor_values), 400), "muted")])
        lines.append([Cell("")])
    return lines


def meaning(kind: str) -> str:
    """Return the meaning of a category, for its colour."""
    word = kind.lower()
    if word.startswith(GOOD):
        return "good"
    return "bad" if any(part in word for part in BAD) else "warn"


def _record_text(value: Any) -> str:
    if isinstance(value, str):
        return value.rstrip("\n")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "–" if value is None else value_text(value)
