"""How a study and its trials are written in a few cells: the same words on every screen.

No Textual in here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.core.format import clock, setting, settings, short_metric
from hptui.core.stages import expected_total
from hptui.core.study import Study
from hptui.core.trial import Role, StudyState, Trial, TrialStatus
from hptui.operations.machine import MachineNow
from hptui.operations.places import counts_of
from hptui.results.analysis.fresh import Fresh
from hptui.results.fresh_means import mean_text, whole_text
from hptui.results.packing import packing_short
from hptui.results.view import PSEUDO_LOSS_NOTE, View
from hptui.store.paths import StudyDir
from hptui.store.records import StudyRow
from hptui.tui.alerts import StudyFacts, ended_trials
from hptui.tui.cells import Cell, plain_line
from hptui.tui.sources.studies import BestOfStudy
from hptui.tui.sources.study import StudySnapshot
from hptui.tui.themes import STATE_MEANINGS, STATUS_MEANINGS, Glyphs

STATUS_ORDER = (
    TrialStatus.COMPLETE,
    TrialStatus.RUNNING,
    TrialStatus.WAITING,
    TrialStatus.PAUSED,
    TrialStatus.PRUNED,
    TrialStatus.FAILED,
    TrialStatus.STOPPED,
)
"""Statuses in the order in which their numbers are shown."""
TOY_LABEL = PSEUDO_LOSS_NOTE.split(" of ")[0].removeprefix("a ")
"""The word for the loss of the toy trainer."""


def counts_cells(counts: Mapping[TrialStatus, int], glyphs: Glyphs) -> list[Cell]:
    """Return the number of trials of each status: `✓ 41  ● 1  ✕ 2`."""
    return [
        Cell(f"{glyphs.status[status]} {counts[status]}", STATUS_MEANINGS[status])
        for status in STATUS_ORDER
        if counts.get(status)
    ]


def state_cell(state: StudyState, glyphs: Glyphs, *, gone: bool) -> Cell:
    """Return the cell of a study's state, or of the fact that its runner has gone."""
    if gone:
        return Cell(f"{glyphs.gone} runner gone", "bad")
    return Cell(f"{glyphs.state[state]} {state}", STATE_MEANINGS[state])


def goal_of(study: Study) -> str:
    """Return the goals of a study: `minimize val_loss`."""
    return plain_line(", ".join(f"{objective.goal} {objective.metric}" for objective in study.objectives), 80)


short_number = short_metric
"""A metric in few characters."""


def best_text(study: Study, trial: Trial | None, others: int = 0, fresh: Fresh | None = None, mean: str = "") -> str:
    """Return the best trial and its values, `#12 1.0431`; `others` are as good, or on the Pareto front.

    With `fresh` runs their mean comes first: `#12 mean of 3 fresh runs 1.0612, chosen by 1.0431`. `mean` is the one
    that the trial is ranked by, in words.
    """
    if trial is None:
        return ""
    if fresh is not None and fresh.trial.number == trial.number:
        return plain_line(f"#{trial.number} {whole_text(study, fresh)}", 80) + (f" +{others}" if others > 0 else "")
    values = trial.values or {}
    shown = " / ".join(
        short_number(values[objective.metric], study.metrics.get(objective.metric))
        for objective in study.objectives
        if objective.metric in values
    )
    imported = " (imported)" if trial.role is Role.IMPORTED else ""
    text = f"#{trial.number} {trial.mark(plain_line(shown, 60))}{imported}" + (f" +{others}" if others > 0 else "")
    return f"{text} ({plain_line(mean, 60)})" if mean else text


def best_in_row(study: Study, best: BestOfStudy) -> str:
    """Return the best trial for a narrow column; with fresh runs their mean: `#12 1.0612, 3 fresh`."""
    if best.trial is None or best.fresh is None:
        return best_text(study, best.trial, best.others)
    value = short_number(best.fresh.mean, study.metrics.get(study.objective.metric))
    return plain_line(f"#{best.trial.number} {value}, {len(best.fresh.runs)} fresh", 60)


def leading_name(study: Study, trial: Trial) -> str:
    """Return the name of the trial that others are compared with: `best #3`, or `front #3` of several."""
    return f"{'best' if len(study.objectives) == 1 else 'front'} #{trial.number}"


def trial_line_cells(view: View, trial: Trial, glyphs: Glyphs) -> list[Cell]:
    """Return a trial in one line: its number and name, what became of it, its values, what it searched."""
    cells = [
        Cell(plain_line(f"#{trial.number} {trial.name}".strip(), 40), bold=True),
        Cell(f"{glyphs.status[trial.status]} {trial.status}", STATUS_MEANINGS[trial.status]),
    ]
    values = trial.values or {}
    for objective in view.study.objectives:
        if objective.metric in values:
            text = short_number(values[objective.metric], view.study.metrics.get(objective.metric))
            cells.append(Cell(f"{plain_line(objective.metric, 30)} {trial.mark(text)}", "accent"))
    if trial.incomplete_curve:
        cells.append(Cell("curve incomplete", "warn"))
    if trial.message and not values:
        cells.append(Cell(plain_line(trial.message, 60), "muted"))
    cells += [Cell(plain_line(f"{name} {setting(value)}", 40), "muted") for name, value in trial.params.items()]
    return cells


RUNS = (StudyState.RUNNING, StudyState.DRAINING)
"""States in which there is time left."""


def head_cells(snapshot: StudySnapshot, glyphs: Glyphs, *, readonly: bool = False) -> tuple[list[Cell], list[Cell]]:
    """Return the left and right cells of the line above a study: what it is, and its progress."""
    view, study = snapshot.view, snapshot.view.study
    best_trial = snapshot.leading
    left = [Cell(plain_line(view.row.name, 64), bold=True), state_cell(view.row.state, glyphs, gone=snapshot.gone)]
    if view.row.state is StudyState.DONE and (waiting := snapshot.counts.get(TrialStatus.WAITING, 0)):
        left.append(Cell(f"{waiting} queued since{'' if readonly else ': r'}", "warn"))
    if view.stage:
        left.append(Cell(f"stage {plain_line(view.stage, 30)}", "accent"))
    left += [Cell(" · ".join(filter(None, (study.search.sampler, goal_of(study)))), "muted")]
    if best_trial is not None:
        fresh = snapshot.fresh.best if snapshot.fresh is not None else None
        mean = mean_text(view, best_trial)
        best = best_text(study, best_trial, len(snapshot.best) - 1, fresh, mean)
        left.append(Cell(f"{glyphs.best} {best}", "best"))
    if study.trainer.kind == "toy":
        left.append(Cell(TOY_LABEL, "warn"))
    if readonly:
        left.append(Cell("read-only", "warn"))
    if snapshot.frozen:
        left.append(Cell("read-only disk", "warn"))
    right = counts_cells(snapshot.counts, glyphs)
    right += where_cells(snapshot.where)
    ended = sum(count for status, count in snapshot.counts.items() if not status.open)
    budget = expected_total(study, view.trials) if study.stages else study.search.trials
    right.append(Cell(f"{ended}/{max(budget, snapshot.total)}" if budget else f"{ended}"))
    if shared := packing_short(view.row.packing):
        right.append(Cell(shared, "muted"))
    if snapshot.left is not None and view.row.state in RUNS and snapshot.left.high > 0:
        right.append(Cell(f"{snapshot.left.text} left", "muted"))
    elif view.row.seconds:
        right.append(Cell(clock(view.row.seconds), "muted"))
    return left, right


def where_cells(attempts: Mapping[str, Mapping[str, Any]]) -> list[Cell]:
    """Return how many running trials are queued or unreachable on other machines."""
    queued, unreachable = counts_of(attempts)
    cells = [Cell(f"{queued} queued", "warn")] if queued else []
    return cells + ([Cell(f"{unreachable} unreachable", "bad")] if unreachable else [])


def time_ago(then: float, now: float | None = None) -> str:
    """Return the age of a time in words: `just now`, `5 min ago`, `3 h ago`, `2 d ago`.

    Seconds are not shown: the line would be drawn again every second.
    """
    seconds = (time.time() if now is None else now) - then
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 48 * 3600:
        return f"{seconds // 3600:.0f} h ago"
    return f"{seconds // 86400:.0f} d ago"


def machine_cells(now: MachineNow | None, runner: Cell) -> tuple[list[Cell], list[Cell]]:
    """Return the left and right cells of the machine's line: GPUs, processors and memory; the runner."""
    left: list[Cell] = []
    if now is not None:
        for gpu in now.gpus:
            left.append(Cell(f"GPU {gpu.label} {plain_line(gpu.name, 20)}", "accent"))
            left.append(Cell("" if gpu.busy is None else f"{gpu.busy:.0%}", _load_meaning(gpu.busy)))
            left.append(Cell(f"{gpu.used_gb:.1f}/{gpu.total_gb:.0f} GiB", _memory_meaning(gpu.used_gb, gpu.total_gb)))
            temperature = "" if gpu.celsius is None else f"{gpu.celsius:.0f} °C"
            left.append(Cell(f"{temperature} {'' if gpu.watts is None else f'{gpu.watts:.0f} W'}".strip(), "muted"))
        left += [Cell(plain_line(sentence.partition(":")[0], 60), "bad") for sentence in now.unusable]
        if not now.gpus and not now.unusable:
            left.append(Cell("no GPU", "muted"))
        if now.cpu is not None:
            left.append(Cell(f"CPU {now.cpu:.0%} of {now.cores}", "muted"))
        if now.used_gb is not None and now.total_gb is not None:
            left.append(
                Cell(f"RAM {now.used_gb:.1f}/{now.total_gb:.0f} GiB", _memory_meaning(now.used_gb, now.total_gb))
            )
    return left, [runner]


def runner_cell(snapshot: StudySnapshot) -> Cell:
    """Return which runner runs the study, or why it rests."""
    if snapshot.alive:
        return Cell(f"runner pid {snapshot.pid}" if snapshot.pid else "runner alive", "muted")
    if snapshot.starting:
        return Cell("runner starts", "muted")
    if snapshot.gone:
        return Cell("runner gone: r starts another", "bad")
    row = snapshot.view.row
    return Cell(rest_reason(row) or "no runner", "warn" if row.state is StudyState.PAUSED else "muted")


def facts_of_study(
    sd: StudyDir,
    row: StudyRow,
    study: Study,
    counts: Mapping[TrialStatus, int],
    best: Trial | None,
    others: int = 0,
    fresh: Fresh | None = None,
    failure: str = "",
) -> StudyFacts:
    """Return what alerts of a study are made of.

    `others` are as good as the best, `fresh` its fresh runs; `failure` is the last failed trial, where that is known.
    """
    failed, ended = counts.get(TrialStatus.FAILED, 0), ended_trials(counts)
    front = 0 if best is None or len(study.objectives) == 1 else others + 1
    text = best_text(study, best, fresh=fresh)
    return StudyFacts(str(sd.root), row.name, row.state, row.message, failed, text, front, ended, failure)


BY_REQUEST = " by request"
"""How the message of a study ends that a person has paused or stopped."""
MAX_REASON_CELLS = 70
"""Cells of the reason why a study rests."""


def rest_reason(row: StudyRow) -> str:
    """Return why a study rests, unless a person asked for it or all its trials were run."""
    if row.state in (StudyState.RUNNING, StudyState.DRAINING) or row.message.endswith(BY_REQUEST):
        return ""
    return plain_line(row.message, MAX_REASON_CELLS)


def _load_meaning(busy: float | None) -> str:
    return "good" if busy is not None and busy > 0.5 else "muted"


def _memory_meaning(used: float, total: float) -> str:
    return "bad" if total and used / total > 0.95 else "warn" if total and used / total > 0.85 else "muted"


def labelled_lines(pairs: Sequence[tuple[str, Sequence[Cell]]], width: int = 11) -> list[list[Cell]]:
    """Return one line for each label that has something to show. `width` is that of the label's column."""
    return [
        [Cell(f"{label:<{width - 1}} ", "muted"), *cells] for label, cells in pairs if any(cell.text for cell in cells)
    ]


def settings_of(trial: Trial) -> str:
    """Return the settings that a trial changes, in a short form."""
    return plain_line(settings(trial.params, "  "), 300) if trial.params else "the baseline"
