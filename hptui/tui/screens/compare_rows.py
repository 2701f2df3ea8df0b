"""The rows of trials side by side: settings and metrics, of one study or of several. No Textual in here."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hptui.core.dataclass import dataclass
from hptui.core.format import clock, memory, setting, visible_metrics
from hptui.core.stages import comparable
from hptui.core.study import Study
from hptui.core.trial import Trial, Value
from hptui.core.values import values_equal
from hptui.results.analysis.cohort import violates_outcome
from hptui.results.analysis.comparable import comparable as differences
from hptui.results.columns import standing_text
from hptui.results.fresh_means import fresh_of, ranked_mean
from hptui.results.packing import seconds_alone
from hptui.results.view import View
from hptui.tui.cells import Cell, fit_cells, plain_line, width_of
from hptui.tui.labels import short_number

NO_COLOURS: Mapping[int, int] = {}
"""Colours of trials of which none has one."""
MAX_COLUMN_CELLS = 18
"""Cells that a column takes at most."""
REASON_CELLS = 56
"""Cells of a line of a reason at most."""
MAX_NAMED_SETTINGS = 3
"""Settings that a reason names at most."""


@dataclass(frozen=True, slots=True)
class ComparedTrial:
    """A trial of a comparison; `problem` is why its values cannot be compared with those of the first, '' if they can.

    `study` is the name of its study if that is another one.
    """

    view: View
    trial: Trial
    colour: int | None = None
    study: str = ""
    problem: str = ""

    @property
    def label(self) -> str:
        """Its heading."""
        return plain_line(f"{self.study} #{self.trial.number} {self.trial.name}".strip(), 40)

    @property
    def settings(self) -> Mapping[str, Value]:
        """Its settings."""
        return self.view.settings(self.trial)


def columns_of(view: View, trials: Sequence[Trial], colours: Mapping[int, int] = NO_COLOURS) -> list[ComparedTrial]:
    """Return the columns of trials of one study."""
    columns = [ComparedTrial(view, trial, colours.get(trial.number)) for trial in trials]
    return with_problems(columns)


def with_problems(columns: Sequence[ComparedTrial]) -> list[ComparedTrial]:
    """Return the columns with the reasons why some cannot be compared with the first."""
    return [replace(column, problem=why_not_comparable(columns[0], column)) for column in columns]


def why_not_comparable(first: ComparedTrial, other: ComparedTrial) -> str:
    """Return why the values of two trials cannot be compared; '' if they can."""
    ours, theirs = first.view.study, other.view.study
    if ours.objective.metric != theirs.objective.metric:
        return f"its study is about {theirs.objective.metric}, not {ours.objective.metric}"
    if ours.objective.goal != theirs.objective.goal:
        return f"its study wants to {theirs.objective.goal} {theirs.objective.metric}"
    if first.view.sd == other.view.sd:
        if comparable(ours, first.trial.stage, other.trial.stage):
            return next((difference.text for difference in differences(first.view, first.trial, other.trial)), "")
        return f"stage {other.trial.stage or '–'} ran with other settings than stage {first.trial.stage or '–'}"
    if ours.trainer.kind != theirs.trainer.kind:
        return f"another trainer: {theirs.trainer.kind}, not {ours.trainer.kind}"
    searched = searched_names(ours) | searched_names(theirs)
    # As the trials ran, each under the settings of its stage.
    fixed, others = dict(first.settings), dict(other.settings)
    names = [
        name
        for name in dict.fromkeys([*fixed, *others])
        if name not in searched and not values_equal(fixed.get(name), others.get(name))
    ]
    if not names:
        return ""
    named = ", ".join(f"{name} {setting(others.get(name))}, not {setting(fixed.get(name))}" for name in names[:3])
    more = f", and {len(names) - MAX_NAMED_SETTINGS} more" if len(names) > MAX_NAMED_SETTINGS else ""
    return f"what neither study varies differs: {named}{more}"


def searched_names(study: Study) -> set[str]:
    """Return the settings that a study varies, in any of its stages."""
    spaces = [study.space, *(stage.space for stage in study.stages if stage.space is not None)]
    return {name for space in spaces for name in space.names}


def difference_lines(columns: Sequence[ComparedTrial], *, everything: bool = False) -> list[list[Cell]]:
    """Return one row per setting and one column per trial; what differs from the first is in colour."""
    rows = setting_rows(columns, everything=everything)
    return align_cells([_heading_cells(columns), *(rows or [[Cell("their settings are the same", "muted")]])])


def setting_rows(columns: Sequence[ComparedTrial], *, everything: bool = False) -> list[list[Cell]]:
    """Return the rows of `difference_lines` without alignment and headings."""
    settings = [column.settings for column in columns]
    names = list(dict.fromkeys(name for trial_settings in settings for name in trial_settings))
    rows: list[list[Cell]] = []
    for name in names:
        values = [trial_settings.get(name) for trial_settings in settings]
        differ = not all(values_equal(values[0], value) for value in values[1:])
        if everything or differ:
            pairs = zip(columns, values, strict=True)
            cells = (_setting_cell(values[0], value, column.trial, name) for column, value in pairs)
            rows.append([Cell(plain_line(name, 40)), *cells])
    return rows


def _setting_cell(first: Value, value: Value, trial: Trial, name: str) -> Cell:
    used = trial.effective.get(name, value)
    text = setting(value) if used == value else f"{setting(value)} → {setting(used)}"
    return Cell(plain_line(text, 60), "" if values_equal(first, value) else "accent")


def metric_lines(columns: Sequence[ComparedTrial]) -> list[list[Cell]]:
    """Return one row per metric: the first trial's value, then the others' with their difference from it.

    What a trial showed that is not complete stands in brackets, without a difference. The last lines are
    the reasons why trials cannot be compared.
    """
    reasons: list[list[Cell]] = []
    for column in columns:
        if column.problem:
            reasons.append([Cell(f"{column.label} is not comparable:", "warn")])
            wrapped = textwrap.wrap(plain_line(column.problem, 400), REASON_CELLS)
            reasons += [[Cell(f"  {line}", "warn")] for line in wrapped]
    return [*align_cells([_heading_cells(columns), *metric_rows(columns)]), *reasons]


def rows_to_write(columns: Sequence[ComparedTrial], *, everything: bool = False) -> list[list[str]]:
    """Return the comparison as the rows of a table, the last one with why trials cannot be compared."""
    lines = [*setting_rows(columns, everything=everything), *metric_rows(columns)]
    rows = [[cell.text.strip() for cell in line] for line in lines if len(line) > 1]
    if any(column.problem for column in columns):
        rows.append(["not comparable", *(column.problem for column in columns)])
    return rows


def metric_rows(columns: Sequence[ComparedTrial]) -> list[list[Cell]]:
    """Return the rows of `metric_lines` without alignment and headings."""
    study, trials = columns[0].view.study, [column.trial for column in columns]
    objectives = {objective.metric: objective.goal for objective in study.objectives}
    names = list(dict.fromkeys([*objectives, *(name for trial in trials for name in visible_metrics(trial.metrics))]))
    rows = [[Cell("status", "muted"), *(Cell(str(trial.status), "muted") for trial in trials)]]
    broken = [violates_outcome(column.view, column.trial) for column in columns]  # never the best
    for name in names:
        goal = objectives.get(name) or (study.metrics[name].goal if name in study.metrics else None)
        values = [(trial.values or {}).get(name, trial.metrics.get(name)) for trial in trials]
        if any(value is not None for value in values):
            pairs = enumerate(zip(columns, values, strict=True))
            first = values[0] if trials[0].values is not None else None
            cells = [_metric_cell(column, name, goal, first, value, n) for n, (column, value) in pairs]
            measured = [
                value if column.trial.values is not None and not column.problem and not is_out else None
                for column, value, is_out in zip(columns, values, broken, strict=True)
            ]
            rows.append(
                [Cell(plain_line(name, 40), "accent" if name in objectives else ""), *_marked(cells, measured, goal)]
            )
    standing = [standing_text(column.view, column.trial) for column in columns]
    if any(standing):  # below the objectives: a pane of few lines shows those
        cells = [Cell(text or "–", "warn" if text else "muted") for text in standing]
        rows.insert(1 + sum(row[0].text in objectives for row in rows), [Cell("standing", "muted"), *cells])
    runs = [_runs_text(column) for column in columns]
    if any(runs):
        rows.append([Cell("mean of repeats"), *(Cell(plain_line(text, 60) or "–") for text in runs)])
    rows.append([Cell("time", "muted"), *(Cell(clock(trial.seconds) if trial.seconds else "–") for trial in trials)])
    shares = [seconds_alone(trial) for trial in trials]
    if any(share is not None for share in shares):
        rows.append([Cell("own time", "muted"), *(Cell("–" if share is None else clock(share)) for share in shares)])
    peaks = [trial.peak_memory_gb for trial in trials]
    if any(peak is not None for peak in peaks):
        rows.append([Cell("memory", "muted"), *(Cell("–" if peak is None else memory(peak)) for peak in peaks)])
    return rows


def _runs_text(column: ComparedTrial) -> str:
    """Return the mean of a trial's fresh runs and their number, or the mean that ranks it; '' without any."""
    view = column.view
    if (fresh := fresh_of(view, column.trial)) is not None:
        mean, count, word = fresh.mean, len(fresh.runs), "fresh"
    elif (ranked := ranked_mean(view, column.trial)) is not None:
        mean, count, word = ranked[0], len(ranked[1]), "runs"
    else:
        return ""
    return f"{short_number(mean, view.study.metrics.get(view.study.objective.metric))}, {count} {word}"


def _metric_cell(
    column: ComparedTrial, name: str, goal: str | None, first: float | None, value: float | None, index: int
) -> Cell:
    if value is None:
        return Cell("–", "muted")
    text = column.trial.mark(short_number(value, column.view.study.metrics.get(name)))
    if column.trial.values is None:  # what a trial showed that is not complete is no result
        return Cell(f"({text})", "muted")
    if index == 0 or first is None or value != value or first != first:
        return Cell(text)
    if column.problem:
        return Cell(text, "muted")
    difference = value - first
    better = None if goal is None or difference == 0 else (difference < 0) == (goal == "minimize")
    meaning = "" if better is None else "good" if better else "bad"
    spec = column.view.study.metrics.get(name)
    is_share = spec is not None and (spec.format == "percent" or spec.format.endswith("%"))
    return Cell(f"{text} {_difference_text(difference, is_share=is_share)}", meaning)


def _marked(cells: list[Cell], values: Sequence[float | None], goal: str | None) -> list[Cell]:
    """Return the cells of a row with its best value marked, if one is better than another."""
    measured = [value for value in values if value is not None and value == value]
    if goal is None or len(set(measured)) < 2:
        return cells
    best = max(measured) if goal == "maximize" else min(measured)
    return [
        replace(cell, text=f"*{cell.text}", bold=True) if value == best else cell
        for cell, value in zip(cells, values, strict=True)
    ]


def _difference_text(value: float, *, is_share: bool = False) -> str:
    """Return a difference in few characters: -0.096, +21k; of percentages in points: -1.2 pts."""
    if value == 0:
        return "="
    if is_share:
        return f"{100 * value:+.2g} pts"
    if abs(value) >= 10_000:
        return f"{value / 1000:+,.0f}k"
    return f"{value:+.0f}" if abs(value) >= 100 else f"{value:+.2g}"


def _heading_cells(columns: Sequence[ComparedTrial]) -> list[Cell]:
    """Return the headings of the trials' columns, in the colours of their curves."""
    cells = [
        Cell(column.label, f"series-{column.colour}" if column.colour is not None else "muted") for column in columns
    ]
    return [Cell("", "muted"), *cells]


def align_cells(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Return cells in columns as wide as needed, up to a maximum; a row of a single cell stays as it is."""
    table = [row for row in rows if len(row) > 1]
    columns = zip(*table, strict=True)
    widths = [min(MAX_COLUMN_CELLS, max(width_of(cell.text) for cell in column)) + 2 for column in columns]

    def aligned_row(row: Sequence[Cell]) -> list[Cell]:
        return [
            Cell(fit_cells(cell.text, width), cell.meaning, cell.bold) for cell, width in zip(row, widths, strict=True)
        ]

    return [aligned_row(row) if len(row) > 1 else list(row) for row in rows]
