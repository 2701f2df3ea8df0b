"""The rows of a table of trials: which trials, in what order, in which columns. No Textual in here.

Running trials stand on top whatever the order, then starred ones. A trial that has not changed keeps its cells; all are
sorted again at each change, which takes about 10 ms for 10,000 trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter, itemgetter

from hptui.core.stages import stage_index, stage_overrides
from hptui.core.study import Study
from hptui.core.trial import SECONDS_ALONE, Role, Trial, TrialStatus
from hptui.results.columns import MEASURED_COLUMNS, TRIAL_FACT_COLUMNS, setting_column, shown_settings, standing_text
from hptui.results.packing import has_shares
from hptui.results.view import View
from hptui.tui.cells import Cell, TableColumn, width_of
from hptui.tui.filters import Filter, parse_filter
from hptui.tui.themes import UNICODE_GLYPHS, Glyphs
from hptui.tui.trial_cells import (
    MAX_HEADING_CELLS,
    STATUS_COLUMN,
    STATUS_RANK,
    STEP_COLUMN,
    TREND_COLUMN,
    TrialCells,
    name_columns,
    objective_decimals,
)

SAMPLE_ROWS = 40
"""Number of rows, from either end, on which widths are measured."""
MAX_COLUMN_CELLS = 24
"""Cells that a column takes at most."""
COLUMNS_AFTER_SETTINGS = ("stage", "seconds", SECONDS_ALONE, "peak_memory_gb", "note")
"""Columns that come after the settings."""


class TrialRows:
    """Trials as rows of a table, filtered and sorted."""

    pinned = 2

    def __init__(self, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        self.glyphs = glyphs
        self.columns: list[TableColumn] = []
        self.marks: set[int] = set()
        self.filter_text = ""
        self.chosen: tuple[str, ...] = ()
        self.by, self.down = "", False
        self.all: list[Trial] = []
        self._state: TrialCells | None = None
        self._metrics: tuple[str, ...] = ()
        self._trends: Mapping[int, tuple[float | None, ...]] = {}
        self._trials: dict[int, Trial] = {}
        self._sorted: Sequence[Trial] = ()
        self._texts: dict[int, str] = {}
        self._index_by_number: dict[int, int] = {}
        self._cells: dict[int, Sequence[Cell]] = {}
        self._filter = Filter()
        self._names: list[str] = []
        self._widths: dict[str, int] = {}

    # what is shown --------------------------------------------------------------------------------------------

    def show(
        self,
        view: View,
        best: frozenset[int],
        metrics: tuple[str, ...] = (),
        starred: frozenset[int] = frozenset(),
        now: float = 0.0,
    ) -> None:
        """Show a new state of the study.

        `best` and `starred` are numbers of trials; `now` is the time, 0 without a runner.
        """
        before, self._metrics = self._state, metrics
        same = before is not None and before.view.study is view.study
        changed = [trial for trial in view.trials if self._trials.get(trial.number) is not trial]
        if not same or len(changed) > len(view.trials) // 2:
            self._cells.clear()
            self._texts.clear()
            renewed: set[int] = set()
        else:
            renewed = {trial.number for trial in changed}
        best_before = before.best if before is not None else frozenset()
        starred_before = before.starred if before is not None else frozenset()
        for number in renewed | (best_before ^ best) | (starred_before ^ starred):
            self._cells.pop(number, None)
            self._texts.pop(number, None)
        decimals = objective_decimals(view)
        if before is not None and before.decimals != decimals:
            self._cells.clear()
        self._state = TrialCells(view, best, self._trends, self.glyphs, starred, decimals, now)
        self._trials.update((trial.number, trial) for trial in changed)
        if before is None:  # columns chosen in an earlier visit may no longer exist
            names = {*self.available(), "number", STATUS_COLUMN}
            self.chosen = tuple(name for name in self.chosen if name in names)
            self.by = self.by if self.by in names else ""
        if before is None and not self.by:
            objective = view.study.objective
            self.by, self.down = objective.metric, objective.goal == "maximize"
        self._update_columns()
        self._sort()

    def show_trends(self, trends: Mapping[int, tuple[float | None, ...]]) -> list[int]:
        """Set the sparklines of trials, and return the numbers of the trials whose sparkline changed."""
        changed = [number for number, trend in trends.items() if self._trends.get(number) != trend]
        self._trends = trends
        if self._state is not None:
            self._state = replace(self._state, trends=trends)
        for number in changed:
            self._cells.pop(number, None)
        return changed

    def set_filter(self, text: str) -> None:
        """Show only the trials that a filter selects.

        Raises: FilterError if the text is no valid filter; the rows then stay as they were.
        """
        if text == self.filter_text:
            return
        self._filter = parse_filter(text, self.filterable())
        self.filter_text = text
        self._apply_filter()

    def set_sort(self, by: str, down: bool) -> None:
        """Set the column to sort by, and the direction."""
        self.by, self.down = by, down
        self._sort()

    def set_columns(self, names: Sequence[str]) -> None:
        """Show these columns after the number and the status; () for the default ones."""
        self.chosen = tuple(names)
        self._cells.clear()
        self._update_columns()

    def toggle(self, number: int) -> None:
        """Mark a trial, or unmark it."""
        self.marks ^= {number}

    @property
    def _current(self) -> TrialCells:
        """The cells of the state that is shown."""
        assert self._state is not None, "no state of the study has been shown yet"
        return self._state

    # what can be shown ----------------------------------------------------------------------------------------

    def default_columns(self) -> list[str]:
        """Return the columns that are shown by default."""
        view = self._current.view
        columns = [name for name in view.study.report.columns if name not in TRIAL_FACT_COLUMNS[:4]]
        objectives = [objective.metric for objective in view.study.objectives]
        listed = [name for trial in view.study.trials for name in trial.set]
        varied = [setting_column(view, name) for name in (*shown_settings(view), *listed)]
        settings = [name for name in (columns or varied) if name not in objectives]
        settings = list(dict.fromkeys(name for name in settings if name not in COLUMNS_AFTER_SETTINGS))
        stage = ["stage"] if any(trial.stage for trial in view.trials) else []
        memory = ["peak_memory_gb"] if any(trial.peak_memory_gb for trial in view.trials[:SAMPLE_ROWS]) else []
        notes = ["note"] if any(trial.note for trial in view.trials) else []
        times = ["seconds", *([SECONDS_ALONE] if has_shares(view.trials[:SAMPLE_ROWS]) else [])]
        return [*stage, *objectives, TREND_COLUMN, *name_columns(view), *settings, STEP_COLUMN, *times, *memory, *notes]

    def available(self) -> list[str]:
        """Return all columns that can be shown."""
        view = self._current.view
        settings = dict.fromkeys(setting_column(view, name) for name in (*view.study.space.names, *view.base))
        facts = [name for name in TRIAL_FACT_COLUMNS if name not in ("number", "status")]
        names = [*self.default_columns(), *settings, *self._metrics, *MEASURED_COLUMNS, *facts]
        return [name for name in dict.fromkeys(names) if not name.endswith((":k", ":n"))]

    def filterable(self) -> list[str]:
        """Return the names that a filter may use."""
        if self._state is None:
            return list(TRIAL_FACT_COLUMNS)
        return list(dict.fromkeys(["number", "status", *(name for name in self.available() if name != TREND_COLUMN)]))

    # the order ------------------------------------------------------------------------------------------------

    def _sort(self) -> None:
        trials, running_status = () if self._state is None else self._state.view.trials, TrialStatus.RUNNING
        starred = frozenset() if self._state is None else self._state.starred
        running_trials = [trial for trial in trials if trial.status is running_status]
        other_trials = [trial for trial in trials if trial.status is not running_status] if running_trials else trials
        starred_trials = [trial for trial in other_trials if trial.number in starred] if starred else []
        if starred_trials:
            other_trials = [trial for trial in other_trials if trial.number not in starred]
        groups = (running_trials, starred_trials, *self._comparable_groups(other_trials))
        self._sorted = [trial for group in groups for trial in self._ordered(group)]
        self._apply_filter()

    def _apply_filter(self) -> None:
        if self._state is None:  # the filter applies once there are trials
            return
        test = self._filter.test(self._current.value_getter, self._search_text)
        self.all = [trial for trial in self._sorted if test(trial)] if self._filter else list(self._sorted)
        self._index_by_number = {trial.number: index for index, trial in enumerate(self.all)}

    def _mixes_stages(self) -> bool:
        """Return whether the order is one of values that stages do not share: those of metrics."""
        if self._state is None or not self._state.view.study.stages:
            return False
        objectives = [objective.metric for objective in self._state.view.study.objectives]
        return self.by in (*objectives, *self._metrics)

    def _comparable_groups(self, trials: Sequence[Trial]) -> Sequence[Sequence[Trial]]:
        """Return trials in groups whose metrics are comparable, those of the last stage first."""
        if not self._mixes_stages():
            return [trials]
        study = self._current.view.study
        groups: dict[str, list[Trial]] = {}
        for trial in trials:
            groups.setdefault(_conditions(study, trial), []).append(trial)
        last = lambda group: max(stage_index(study, trial.stage) for trial in group)
        return sorted(groups.values(), key=last, reverse=True)

    def ends_group(self, index: int) -> bool:
        """Return whether the next row's metrics are not comparable with this row's."""
        if not self._mixes_stages() or index + 1 >= len(self.all):
            return False
        study = self._current.view.study
        return _conditions(study, self.all[index]) != _conditions(study, self.all[index + 1])

    def _ordered(self, trials: Sequence[Trial]) -> Sequence[Trial]:
        """Sort trials by value, those without one last; equal ones keep their order."""
        by, down = self.by, self.down
        if not trials:
            return ()
        if by in ("number", ""):
            return sorted(trials, key=attrgetter("number"), reverse=down)
        if by == STATUS_COLUMN:
            sign = -1 if down else 1
            return sorted(trials, key=lambda trial: (sign * STATUS_RANK[trial.status], trial.reason or ""))
        get = self._current.value_getter(by)
        numbers: list[tuple[float, Trial]] = []
        texts: list[tuple[str, Trial]] = []
        without: list[Trial] = []
        for trial in trials:
            value = get(trial)
            if value is None or value == "" or value != value:
                without.append(trial)
            elif isinstance(value, (int, float)):
                numbers.append((value, trial))
            else:
                texts.append((str(value), trial))
        numbers.sort(key=itemgetter(0), reverse=down)
        texts.sort(key=itemgetter(0), reverse=down)
        without.sort(key=lambda trial: STATUS_RANK[trial.status])
        return [*(trial for _, trial in numbers), *(trial for _, trial in texts), *without]

    def _search_text(self, trial: Trial) -> str:
        """Return the text in which a filter looks for a bare word."""
        text = self._texts.get(trial.number)
        if text is None:
            role = "" if trial.role is Role.SEARCH else trial.role
            words = [trial.name, trial.title, trial.note, trial.message, trial.status, trial.reason or "", role]
            if trial.number in self._current.starred:
                words.append("starred")
            words += [trial.engine, trial.stage, standing_text(self._current.view, trial)]
            words += [value for value in trial.params.values() if isinstance(value, str)]
            text = self._texts[trial.number] = "\n".join(words).lower()
        return text

    # the table's questions ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.all)

    def key(self, index: int) -> int:
        """Return the number of the trial in a row."""
        return self.all[index].number

    def index_of(self, key: object) -> int | None:
        """Return the index of a row by its identity; None if it is not shown."""
        return self._index_by_number.get(key) if isinstance(key, int) else None

    def trial(self, number: int) -> Trial | None:
        """Return a trial by its number, also one that is filtered out; None if there is none."""
        return self._trials.get(number)

    def marked(self, index: int) -> bool:
        """Return whether a trial is marked."""
        return self.all[index].number in self.marks

    def sorting(self) -> tuple[str, bool]:
        """Return the column that the rows are sorted by, and whether in descending order."""
        return self.by, self.down

    def cells(self, index: int) -> Sequence[Cell]:
        """Return the cells of a row, one per column."""
        trial = self.all[index]
        cells = self._cells.get(trial.number)
        if cells is None:
            if len(self._cells) > 4000:  # bounds the memory of a study with many trials
                self._cells.clear()
            cells = self._cells[trial.number] = [self._current.cell(trial, column.name) for column in self.columns]
        return cells

    # columns --------------------------------------------------------------------------------------------------

    def _update_columns(self) -> None:
        """Set the columns, with widths measured on a sample of rows.

        A width only grows, so that the table does not jump.
        """
        view = self._current.view
        names = ["number", STATUS_COLUMN, *(self.chosen or self.default_columns())]
        if names != self._names:
            self._names = names
            self._cells.clear()
        trials = [
            *self.all[:SAMPLE_ROWS],
            *view.trials[-SAMPLE_ROWS:],
            *(view.trials[:SAMPLE_ROWS] if not self.all else ()),
        ]
        columns = []
        for name in names:
            heading = self._current.heading(name)
            widest = max([width_of(self._current.cell(trial, name).text) for trial in trials], default=0)
            if name == TREND_COLUMN:
                widest = 6
            width = max(
                self._widths.get(name, 0),
                min(MAX_COLUMN_CELLS, max(widest, min(width_of(heading) + 1, MAX_HEADING_CELLS))),
            )
            if name == STATUS_COLUMN:
                width = 1
            if name == "number":
                width = max(3, width_of(str(max((trial.number for trial in view.trials), default=0))) + 1)
                width = max([width, *(width_of(self._current.cell(trial, name).text) for trial in trials)])
            self._widths[name] = width
            right = name == "number" or self._current.is_numeric(name, trials)
            columns.append(TableColumn(name, heading, width, right=right, sortable=name != TREND_COLUMN))
        self.columns = columns


def _conditions(study: Study, trial: Trial) -> str:
    """Return the settings under which a trial's stage runs: metrics under others are not comparable."""
    return repr(sorted(stage_overrides(study, trial.stage).items()))
