"""The screen of generated records: label and text of each, by category."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hptui.core.values import value_text
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.log import LogSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.records import CATEGORY_KEY, STEP_KEY, Records, RecordsSource
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts

MINOR_NAMES = ("row", "tokens", "finish", "cause", "seconds")
"""Names of values of less interest, which stand in one line."""
LABEL_CELLS = 11
"""Cells of the column of labels."""
GOOD_WORDS, BAD_WORDS = ("correct", "right", "pass"), ("format", "error", "fail", "empty")


class RecordsScreen(SourceScreen):
    """The records of one file."""

    scope = "records"
    BINDINGS: ClassVar[list[BindingType]] = bindings("records")

    def __init__(self, title: str, path: Path, paths: Sequence[Path] = ()) -> None:
        """Show the records of `path`; `paths` are the files of all steps, if it is one of several."""
        super().__init__()
        self._title, self.path, self._paths = title, path, list(paths)
        self.source = RecordsSource(path)
        self.kind = ""
        self.step: object = None

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield Facts(id="body", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self._show_records()

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self._show_records()

    def _show_records(self) -> None:
        snapshot = self.source.latest
        left = [Cell(plain_line(self._title, 80), bold=True)]
        if snapshot is not None:
            left += [
                Cell(f"{plain_line(kind, 30)} {count}", category_meaning(kind))
                for kind, count in snapshot.kinds.items()
            ]
        right = [Cell("the first ones" if snapshot is not None and snapshot.more else "", "warn")]
        self.query_one("#head", CellLine).show(left, right)
        if snapshot is None:
            return
        chosen = [record for record in snapshot.records if not self.kind or record.get(CATEGORY_KEY) == self.kind]
        if self.step is not None:
            chosen = [record for record in chosen if record.get(STEP_KEY) == self.step]
        pane = self.query_one("#body", Facts)
        chosen_by = [self.kind, "" if self.step is None else f"step {self.step}"]
        shown_by = "".join(f" · {text}" for text in chosen_by if text)
        pane.title = f"{len(chosen)} of {len(snapshot.records)}{shown_by}" if shown_by else f"{len(chosen)} records"
        if len(self._paths) > 1 and self.path in self._paths:
            pane.title = f"{self._paths.index(self.path) + 1} of {len(self._paths)} · {pane.title}"
        pane.set_title(plain_line(pane.title, 80), plain_line(self.path, 200))
        pane.show(record_lines(chosen))

    # keys -----------------------------------------------------------------------------------------------------

    def action_kind(self) -> None:
        """Show only one category, the next one, or all again."""
        snapshot = self.source.latest
        if not isinstance(snapshot, Records) or not snapshot.kinds:
            host_of(self).say("the records have no category", "warn")
            return
        kinds = ["", *snapshot.kinds]
        self.kind = kinds[(kinds.index(self.kind) + 1) % len(kinds)] if self.kind in kinds else ""
        self.query_one("#body", Facts).action_edge(-1)
        self._show_records()

    def action_turn(self, by: int) -> None:
        """Show only the records of the next step, or of the one before.

        They stand in this file, beyond whose last step all are shown again, or in the file of that step.
        """
        snapshot = self.source.latest
        records = snapshot.records if isinstance(snapshot, Records) else ()
        steps = sorted({step for record in records if isinstance(step := record.get(STEP_KEY), int)})
        if not steps:
            self._open_file_of_step(by)
            return
        ring: list[object] = [None, *steps]
        self.step = ring[(ring.index(self.step) + by) % len(ring)] if self.step in ring else None
        self.query_one("#body", Facts).action_edge(-1)
        self._show_records()

    def _open_file_of_step(self, by: int) -> None:
        index = self._paths.index(self.path) + by if self.path in self._paths else -1
        if len(self._paths) < 2 or self.path not in self._paths:
            host_of(self).say("the records have no step", "warn")
        elif not 0 <= index < len(self._paths):
            host_of(self).say(f"that is the {'last' if by > 0 else 'first'} of {len(self._paths)} steps")
        else:
            self.path = self._paths[index]
            self._title = f"{self._title.rpartition(' › ')[0]} › {self.path.name}"
            self.source = RecordsSource(self.path)
            self.watch_sources()

    def action_raw(self) -> None:
        host_of(self).open("log", title=self._title, source=LogSource(self.path))


def record_lines(records: Sequence[Mapping[str, Any]]) -> list[list[Cell]]:
    """Return records as lines: a label and its text; less interesting values in one line at the end."""
    lines: list[list[Cell]] = []
    for record in records:
        minor_values = []
        for name, value in record.items():
            if name in MINOR_NAMES:
                minor_values += [f"{name} {_record_text(value)}"] if value not in ("", None) else []
                continue
            style = category_meaning(str(value)) if name == CATEGORY_KEY else ""
            for line_number, part in enumerate(_record_text(value).split("\n")):
                label = plain_line(name, LABEL_CELLS - 1) if line_number == 0 else ""
                lines.append([Cell(label.ljust(LABEL_CELLS), "accent" if name in ("output",) else "muted")])
                lines[-1].append(Cell(plain_line(part, 4000), style))
        if minor_values:
            lines.append([Cell(" " * LABEL_CELLS + plain_line("   ".join(minor_values), 400), "muted")])
        lines.append([Cell("")])
    return lines


def category_meaning(kind: str) -> str:
    """Return the meaning of a category, for its colour."""
    word = kind.lower()
    if word.startswith(GOOD_WORDS):
        return "good"
    return "bad" if any(part in word for part in BAD_WORDS) else "warn"


def _record_text(value: Any) -> str:
    if isinstance(value, str):
        return value.rstrip("\n")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "–" if value is None else value_text(value)
