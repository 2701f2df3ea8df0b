"""What a study has found, in pictures, each beside its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hptui.results.view import View
from hptui.storage.paths import StudyDir
from hptui.tui.cells import Cell
from hptui.tui.insights.picture import Insight
from hptui.tui.insights.views import Wish, importance_bars
from hptui.tui.keys import bindings
from hptui.tui.screens.base import Place, app_of
from hptui.tui.sources.insight import InsightSource, Wanted
from hptui.tui.sources.pool import Source
from hptui.tui.sources.study import StudySource
from hptui.tui.text import fit, plain, width_of
from hptui.tui.verbs import apart
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.lineui import Answer, CellLine, KeyLine

TIMEOUT = 120
NAMES = ("history", "importance", "slice", "heat map", "parallel", "pareto", "categories")


class InsightsScreen(Place):
    """One picture at a time; `[` and `]` change it, `m` and `M` the parameters that it is of."""

    scope = "insights"
    BINDINGS: ClassVar[list[BindingType]] = bindings("insights")

    def __init__(self, sd: StudyDir) -> None:
        super().__init__()
        self.sd = sd
        self.source = StudySource(sd)
        self.pictures = InsightSource(self.source)
        self.insight: Insight | None = None
        self.index = 0
        self.one, self.other = 0, 1
        self.shares: dict[str, float] | None = None
        self.caveat = ""
        self._asked: tuple[int, ...] | None = None
        self._answered = False

    def compose(self) -> ComposeResult:
        app = app_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="insight-panes"):
            yield Facts(id="picture", classes="pane")
            yield Facts(id="numbers", classes="pane")
        yield Answer(id="answer")
        yield KeyLine(ascii=app.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#picture").focus()

    def sources(self) -> Sequence[Source]:
        return [self.source, self.pictures]

    def read(self, source: Source, found: Any) -> None:
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @property
    def name_(self) -> str:
        return NAMES[self.index]

    def _parameters(self) -> list[str]:
        snapshot = self.source.latest
        return [one.name for one in snapshot.view.study.space.parameters] if snapshot is not None else []

    def _draw(self) -> None:
        """Show the picture that is wanted now, or have it drawn."""
        snapshot = self.source.latest
        if snapshot is None:
            return
        self._head()
        wish = self._wish()
        if self.name_ == "importance":
            self._show(self._importances(snapshot.view, wish))
            return
        self.pictures.want = Wanted(self.name_, wish)
        drawn = self.pictures.latest
        if drawn is None or drawn.wanted != self.pictures.want:
            self.insight = None  # what is still to be seen is another picture
            self.feed.wake()
        else:
            self._show(drawn.insight)

    def _show(self, found: Insight) -> None:
        self.insight = found
        picture, numbers = self.query_one("#picture", Facts), self.query_one("#numbers", Facts)
        picture.title = plain(found.title, 100)
        picture.entitle(picture.title)
        picture.show([*found.drawing, *([[Cell(f" {plain(found.note, 200)}", "muted")]] if found.note else [])])
        numbers.title = "the numbers"
        numbers.entitle(numbers.title)
        numbers.show(table(found.headings, found.rows))

    def _wish(self) -> Wish:
        size, names = self.query_one("#picture", Facts).size, self._parameters()
        one = names[self.one % len(names)] if names else ""
        other = names[self.other % len(names)] if names else ""
        return Wish(max(20, size.width), max(6, size.height - 2), one, other, app_of(self).config.charts)

    def _importances(self, view: View, wish: Wish) -> Insight:
        self._ask_importance(view)
        if not self._answered:
            return Insight("importance", [[Cell("")], [Cell("  working it out in another process…", "muted")]])
        return importance_bars(view, self.shares, wish, self.caveat)

    def _head(self) -> None:
        left = [Cell(plain(self.sd.name, 40), bold=True), Cell("insights", "muted")]
        tabs = [Cell(name, "accent" if name == self.name_ else "muted", bold=name == self.name_) for name in NAMES]
        self.query_one("#head", CellLine).show(tabs if self.size.width < 110 else [*left, *tabs])

    # importance, in a process of its own: Optuna takes seconds to import -------------------------------------------

    def _ask_importance(self, view: View) -> None:
        ended = tuple(trial.number for trial in view.trials if trial.values)
        if self._asked != ended:
            self._asked = ended
            self._importance()

    @work(thread=True, exclusive=True, group="importance")
    def _importance(self) -> None:
        command = [sys.executable, "-P", "-m", "hptui.results.importance", str(self.sd.root)]
        try:
            done = subprocess.run(command, env=apart(), capture_output=True, text=True, timeout=TIMEOUT, check=False)
            found = json.loads(done.stdout) if done.returncode == 0 else None
        except (subprocess.TimeoutExpired, ValueError, OSError):
            found = None
        self.app.call_from_thread(self._important, found)

    def _important(self, found: dict[str, Any] | None) -> None:
        self.shares = found["shares"] if found else None
        self.caveat = str(found["caveat"]) if found else ""
        self._answered = True
        if self.is_current and self.name_ == "importance":
            self._draw()

    # keys -----------------------------------------------------------------------------------------------------

    def action_turn(self, by: int) -> None:
        self.index = (self.index + by) % len(NAMES)
        self._draw()

    def action_parameter(self, by: int) -> None:
        self.one += by
        names = self._parameters()
        if names and self.one % len(names) == self.other % len(names):
            self.other += 1
        self._draw()

    def action_other(self, by: int) -> None:
        self.other += by
        names = self._parameters()
        if names and self.one % len(names) == self.other % len(names):
            self.other += by
        self._draw()

    def action_write(self) -> None:
        if self.insight is None:
            app_of(self).say("it is not drawn yet", "warn")
        else:
            name = f"{self.sd.name}-{self.name_.replace(' ', '-')}"
            self.write_table(name, self.insight.headings, self.insight.rows)

    def action_copy(self) -> None:
        """The numbers, tab by tab, for a spreadsheet."""
        if self.insight is None:
            app_of(self).say("it is not drawn yet", "warn")
        else:
            lines = ["\t".join(self.insight.headings), *("\t".join(row) for row in self.insight.rows)]
            app_of(self).copy("\n".join(lines) + "\n", "the numbers")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[Cell]]:
    """Cells under headings, as wide as they need to be."""
    if not headings:
        return []
    widths = [max(width_of(text) for text in column) for column in zip(headings, *rows, strict=True)]

    def line(texts: Sequence[str]) -> str:
        return " ".join(f" {fit(text, width)}" for text, width in zip(texts, widths, strict=True))

    return [[Cell(line(headings), "muted")], *([Cell(line(row))] for row in rows)]
