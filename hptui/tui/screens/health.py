"""The diagnoses of trials, those with a problem first, and what may help: one key queues the changed trial."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from hptui.core.trial import Trial
from hptui.results.diagnosis import Diagnosis
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, TableColumn, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.steering import SteeringScreen
from hptui.tui.screens.trial_facts import diagnosis_lines
from hptui.tui.sources.health import HealthSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySource
from hptui.tui.themes import STATUS_MEANINGS, Glyphs
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.table import TableWidget

MAX_DIAGNOSED = 400
"""Number of latest trials that are diagnosed."""


MAX_WHY_CELLS = 140
"""Cells of the longest sentence that is shown whole; a longer one stands in the pane below."""


class HealthRows:
    """Trials with their diagnoses as rows; those with a problem come first."""

    pinned = 1

    def __init__(self, glyphs: Glyphs) -> None:
        self.glyphs = glyphs
        self.rows: list[tuple[Trial, Diagnosis]] = []
        self.columns: list[TableColumn] = []
        self._width = 120
        self.set_width(120)

    def set_width(self, width: int) -> None:
        """Set the columns for a table of this width; the table scrolls to what is beyond it."""
        self._width = width
        longest = max((len(diagnosis.sentence) for _, diagnosis in self.rows), default=0)
        why = max(20, min(90, width - 44), min(longest + 1, MAX_WHY_CELLS))
        self.columns = [
            TableColumn("number", "#", 6, right=True, sortable=False),
            TableColumn("status", "status", 12, sortable=False),
            TableColumn("kind", "health", 10, sortable=False),
            TableColumn("sentence", "why", why, sortable=False, min_width=20),
            TableColumn("remedy", "what may help", 50, sortable=False, min_width=20),
        ]

    def show(self, rows: Sequence[tuple[Trial, Diagnosis]]) -> None:
        """Show other diagnoses."""
        self.rows = sorted(rows, key=lambda row: (row[1].healthy, -row[0].number))
        self.set_width(self._width)

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> int:
        """Return the identity of a row."""
        return self.rows[index][0].number

    def index_of(self, key: object) -> int | None:
        """Return the index of a row by its identity; None if it is not shown."""
        return next((index for index, (trial, _) in enumerate(self.rows) if trial.number == key), None)

    def marked(self, index: int) -> bool:
        """Return whether a row is marked; none ever is."""
        return False

    def sorting(self) -> tuple[str, bool]:
        """Return the column and direction of sorting; these rows have none."""
        return "", False

    def cells(self, index: int) -> Sequence[Cell]:
        """Return the cells of a row, one per column."""
        trial, diagnosis = self.rows[index]
        meaning = "good" if diagnosis.kind in ("fine", "improving") else "muted" if diagnosis.healthy else "bad"
        remedy = diagnosis.suggestions[0].sentence if diagnosis.suggestions else ""
        return [
            Cell(str(trial.number)),
            Cell(f"{self.glyphs.status[trial.status]} {trial.status}", STATUS_MEANINGS[trial.status]),
            Cell(diagnosis.kind, meaning, bold=not diagnosis.healthy),
            Cell(plain_line(diagnosis.sentence, 300)),
            Cell(plain_line(remedy, 200), "accent"),
        ]


class HealthScreen(SteeringScreen):
    """All diagnoses of a study."""

    scope = "health"
    BINDINGS: ClassVar[list[BindingType]] = bindings("health")

    def __init__(self, sd: StudyDir, study_source: StudySource) -> None:
        super().__init__()
        self.sd, self.study_source = sd, study_source
        self.health = HealthSource(sd, study_source)
        self._count = 0

    def compose(self) -> ComposeResult:
        host = host_of(self)
        self.rows = HealthRows(host.glyphs)
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            yield TableWidget(self.rows, glyphs=host.glyphs, id="diagnoses", classes="pane")
            yield Facts(id="cure", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one(TableWidget).focus()
        self._request_diagnoses()

    def on_resize(self) -> None:
        self.rows.set_width(self.size.width)
        self.query_one(TableWidget).update()

    def _request_diagnoses(self) -> None:
        view = self.view
        if view is not None:
            numbers = [trial.number for trial in view.trials if trial.last_step is not None or not trial.status.open]
            self.health.want = tuple(reversed(numbers[-MAX_DIAGNOSED:]))
            self._count = len(numbers)

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.study_source, self.health]

    def read(self, source: FeedSource, reading: Any) -> None:
        """Show the new snapshot of a source."""
        self._request_diagnoses()
        snapshot, view = self.health.latest, self.view
        if snapshot is None or view is None:
            return
        trials = {trial.number: trial for trial in view.trials}
        self.rows.show(
            [(trials[number], diagnosis) for number, diagnosis in snapshot.diagnoses.items() if number in trials]
        )
        self.query_one(TableWidget).update()
        if snapshot.left:
            self.feed.wake()
        self._update_head(snapshot.left)
        self._show_suggestions()

    def _update_head(self, left: int) -> None:
        n_unhealthy = sum(not diagnosis.healthy for _, diagnosis in self.rows.rows)
        cells = [Cell(plain_line(self.sd.name, 40), bold=True), Cell("health", "muted")]
        of = f"{len(self.rows):,} trials"
        if self._count > MAX_DIAGNOSED:
            of = f"the newest {of} (of {self._count:,})"
        cells.append(Cell(f"{n_unhealthy} of {of} need something", "warn" if n_unhealthy else "good"))
        self.query_one("#head", CellLine).show(cells, [Cell(f"{left} to look at", "muted")] if left else [])
        self.query_one(TableWidget).set_title("diagnoses")

    @property
    def row(self) -> tuple[Trial, Diagnosis] | None:
        """The trial and the diagnosis under the cursor."""
        key = self.query_one(TableWidget).key
        return next((row for row in self.rows.rows if row[0].number == key), None)

    @on(TableWidget.Moved, "#diagnoses")
    def _show_suggestions(self) -> None:
        pane = self.query_one("#cure", Facts)
        pane.title = "what may help"
        pane.set_title(pane.title)
        self.refresh_bindings()
        if self.row is not None:
            trial, diagnosis = self.row
            message = [[Cell(plain_line(trial.message, 600), "muted")]] if trial.message else []
            pane.show([*diagnosis_lines(diagnosis), *message])

    @on(TableWidget.Opened, "#diagnoses")
    def _open(self) -> None:
        if self.row is not None:
            number = self.row[0].number
            host_of(self).open("trial", sd=self.sd, study_source=self.study_source, number=number)

    def idle_keys(self) -> Collection[str]:
        """Return the key of a cure, where nothing may help."""
        return [] if self.row is not None and self.row[1].suggestions else ["health.cure"]

    def action_cure(self) -> None:
        if self.row is not None:
            self.cure_trial(*self.row)

    def action_space(self) -> None:
        if self.row is not None:
            self.cure_space(*self.row)
