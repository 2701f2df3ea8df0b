"""The first screen: all studies of HOME, and a preview of the one under the cursor."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from hptui.core.space import Space
from hptui.core.trial import StudyState
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.alerts import StudyFacts
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.labels import best_text, facts_of_study, labelled_lines, settings_of
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.filter_line import FilterLine
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.studies import StudiesSource, StudyLine
from hptui.tui.study_rows import StudyRows
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.table import TableWidget


def _facts_of(line: StudyLine) -> StudyFacts | None:
    """Return what alerts of a study are made of; None if it cannot be read."""
    if line.row is None or line.study is None:
        return None
    return facts_of_study(
        line.sd, line.row, line.study, line.counts, line.best.trial, line.best.others, line.best.fresh
    )


class StudyTable(TableWidget):
    """The table of studies."""

    def sort_by(self, name: str, down: bool | None = None) -> None:
        """Sort by a column; in the opposite direction if it is sorted by it already."""
        by, was_down = self.rows.sorting()
        assert isinstance(self.rows, StudyRows)
        self.rows.set_sort(name, (not was_down if by == name else False) if down is None else down)
        self.update()


class StudiesScreen(SourceScreen):
    """All studies, and a preview of the selected one."""

    scope = "studies"
    BINDINGS: ClassVar[list[BindingType]] = bindings("studies")

    def compose(self) -> ComposeResult:
        host = host_of(self)
        self.rows = StudyRows(host.glyphs)
        self.source = StudiesSource(host.home)
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            yield StudyTable(self.rows, glyphs=host.glyphs, id="studies", classes="pane")
            yield Facts(id="preview", classes="pane")
        yield TextInput(id="filter", placeholder="a word of the name, the state or what it is about; !word: not")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.filter_line = FilterLine(self.query_one("#filter", TextInput), self.query_one("#answer", CellLine))
        self.query_one(TableWidget).focus()
        self._update_head()

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.source]

    def alerts_of(self, key: str) -> bool:
        """Return True: it watches all studies."""
        return True

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self.rows.show(snapshot)
        self.query_one(TableWidget).update()
        self._update_head()
        self._show_welcome(not snapshot)
        self._preview()
        for line in snapshot:
            if (facts := _facts_of(line)) is not None:
                host_of(self).watch_study(facts)

    def _show_welcome(self, shown: bool) -> None:
        """Show the ways to begin in place of an empty table, or the table, which then has the focus."""
        if shown == self.has_class("-welcome"):
            return
        self.set_class(shown, "-welcome")
        # What is hidden loses the focus, and can only have it again once it is laid out.
        self.call_after_refresh(self.query_one("#preview" if shown else "#studies").focus)

    def _update_head(self) -> None:
        host = host_of(self)
        lines = self.rows.all
        running = sum(line.alive for line in lines)
        count_text = "" if self.source.latest is None else f"{len(lines)} {'study' if len(lines) == 1 else 'studies'}"
        left = [Cell("hptui", bold=True), Cell(count_text), Cell(f"{running} running" if running else "", "running")]
        left.append(Cell(plain_line(host.home, 200), "muted"))
        self.query_one("#head", CellLine).show(left, [Cell("read-only", "warn")] if host.config.readonly else [])
        text = self.rows.filter_text
        shown = f" {len(self.rows)} of {len(lines)} · filter {plain_line(text, 40)}" if text else ""
        self.query_one(TableWidget).set_title(f"studies{shown}")

    @property
    def line(self) -> StudyLine | None:
        """The study under the cursor."""
        key = self.query_one(TableWidget).key
        return next((line for line in self.rows.lines if line.sd.root == key), None)

    @on(TableWidget.Moved, "#studies")
    def _preview(self) -> None:
        pane, line = self.query_one("#preview", Facts), self.line
        self.refresh_bindings()
        if line is None:
            is_empty = self.has_class("-welcome")
            pane.title = "welcome" if is_empty else ""
            pane.set_title(pane.title)
            pane.show(_welcome_lines(host_of(self).home) if is_empty else [])
            return
        pane.title = plain_line(line.sd.name, 60)
        pane.set_title(pane.title)
        pane.show(_preview_lines(line))

    @on(TableWidget.Opened, "#studies")
    def _open(self) -> None:
        if (line := self.line) is not None:
            host_of(self).open("study", sd=line.sd)

    def idle_keys(self) -> Collection[str]:
        """Return the keys that need a study, or one that runs."""
        if self.line is None:
            return ("studies.run", "studies.pause", "studies.stop", "studies.copy", "table.open")
        if self.line.alive:
            return ()
        row = self.line.row
        has_ended = row is not None and row.state in (StudyState.DONE, StudyState.STOPPED)
        return ("studies.pause", "studies.stop") if has_ended else ("studies.pause",)

    # the filter -----------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.filter_line.open(self.rows.filter_text)

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        if self.filter_line.is_open:
            self._filter_by(event.value)

    def _filter_by(self, text: str) -> None:
        self.rows.set_filter(text)
        self.query_one(TableWidget).update()
        self._update_head()
        self._preview()

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self) -> None:
        self.filter_line.close()
        self.query_one(TableWidget).focus()

    def key_escape(self, event: events.Key) -> None:
        """Remove the filter."""
        if self.filter_line.is_open or self.rows.filter_text:
            event.stop()
            event.prevent_default()
            self._filter_submitted()
            self._filter_by("")

    # keys -----------------------------------------------------------------------------------------------------

    def action_new(self) -> None:
        """Create a study from a study file, or from a template that the user's editor opens first."""
        host_of(self).open("new_study", then=self._open_created)

    def _open_created(self, result: tuple[str, StudyDir]) -> Awaitable[object] | None:
        return host_of(self).open("study", sd=result[1])

    def action_run(self) -> None:
        if (line := self.line) is not None:
            self.run_study(line.sd, alive=line.alive)

    def action_pause(self) -> None:
        if (line := self.line) is not None:
            host_of(self).run_in_background(lambda: verbs.pause(line.sd), f"pausing {line.sd.name}…")

    def action_stop(self) -> None:
        line = self.line
        if line is None:
            return
        details = ["Running trials save a checkpoint and end; nothing new starts."]
        self.ask(
            f"Stop the study {line.sd.name}?",
            details,
            lambda: host_of(self).run_in_background(lambda: verbs.stop(line.sd), f"stopping {line.sd.name}…"),
            yes="Stop",
        )

    def action_tour(self) -> None:
        host_of(self).open("tour")

    def action_copy(self) -> None:
        if (line := self.line) is not None:
            host_of(self).copy(str(line.sd.root), "the study's directory")


def _preview_lines(line: StudyLine) -> list[list[Cell]]:
    """Return the lines of the preview."""
    study, row = line.study, line.row
    if study is None or row is None:
        return [[Cell(plain_line(part, 400), "bad")] for part in line.error.splitlines()]
    searched = {f"{p.name} {p.describe()}": None for p in study.space.parameters}
    for stage in study.stages:
        searched |= {f"{p.name} {p.describe()} ({stage.name})": None for p in (stage.space or Space()).parameters}
    space = "   ".join(searched)
    derived = "   ".join(f"{d.name} = {d.expr.text}" for d in study.space.derived)
    rules = "   ".join(constraint.text for constraint in study.space.constraints)
    budget = [f"{study.search.trials} trials" if study.search.trials else "until stopped"]
    if study.stages:
        total_text = f"{line.wanted} trials" if line.wanted else "trials"
        budget = [f"{total_text} in stages: {', '.join(stage.name for stage in study.stages)}"]
    budget += [f"pruner {study.search.pruner.kind}"] if study.search.pruner.kind != "none" else []
    budget += [f"stop if {rule}" for rule in study.search.stop]
    pairs: list[tuple[str, list[Cell]]] = [
        ("about", [Cell(plain_line(study.about, 300))]),
        ("state", [Cell(plain_line(row.message, 300), "warn" if row.state is StudyState.PAUSED else "muted")]),
        ("space", [Cell(plain_line(space, 600))]),
        ("derived", [Cell(plain_line(derived, 300))]),
        ("constraint", [Cell(plain_line(rules, 300))]),
        ("budget", [Cell(plain_line("   ".join(budget), 300))]),
        ("trainer", [Cell(plain_line(study.trainer.kind, 80))]),
    ]
    if (best := line.best.trial) is not None:
        text = best_text(study, best, line.best.others, line.best.fresh, line.best.mean)
        pairs.append(("best", [Cell(f"{text}  ", "best"), Cell(settings_of(best))]))
    pairs += [(event.level, [Cell(_event_text(event), _level_meaning(event.level))]) for event in line.warnings]
    return labelled_lines(pairs)


def _event_text(event: Any) -> str:
    prefix = "" if event.trial is None else f"trial {event.trial}: "
    return plain_line(f"{prefix}{event.message}", 300)


def _level_meaning(level: str) -> str:
    return "bad" if level == "error" else "warn"


def _welcome_lines(home: Path) -> list[list[Cell]]:
    ways = (
        ("a template", "a small model to train, or one to fine-tune; your editor opens the study file first"),
        ("a script", "your own training script, as it is: its options and metrics are found by reading it"),
        ("a sweep", "a sweep file of W&B, as it is"),
    )
    # The key stands first: a terminal of five lines shows one.
    lines = [[Cell("n", "accent", bold=True), Cell("  begins a study, from one of three:")]]
    lines += [[Cell(f"   {name:<12}", "best"), Cell(text, "muted")] for name, text in ways]
    lines.append([Cell("t", "accent", bold=True), Cell("  a tour of half a minute: what is where")])
    lines.append([Cell("?", "accent", bold=True), Cell("  tells what every key does")])
    lines += [[Cell("")], [Cell("No study yet in "), Cell(plain_line(home, 200), "accent")]]
    return lines
