"""Every screen, the command line and the report call the same trial the best, and mark the same trials."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hptui.cli.status import best_line
from hptui.core.trial import Role, StudyState
from hptui.execution.notices import _text
from hptui.results.analysis.cohort import violates_outcome
from hptui.results.columns import standing_text
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import read_report_data
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.store.records import EventRow
from hptui.tui.alerts import Alerts
from hptui.tui.cells import Cell
from hptui.tui.labels import best_in_row, facts_of_study, head_cells, leading_name
from hptui.tui.screens.compare_rows import columns_of, metric_rows
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.running import RunningSource
from hptui.tui.sources.studies import StudiesSource
from hptui.tui.sources.study import StudySource
from hptui.tui.themes import UNICODE_GLYPHS
from hptui.tui.trial_rows import TrialRows
from hptui.tui.widgets.bars import fitting_cells
from tests.operations.made import FILE, make, trial

OBJECTIVE = '[objective]\n    metric = "loss"'
TWO = FILE.replace(
    OBJECTIVE,
    '[[objective]]\n    metric = "loss"\n    goal = "minimize"\n'
    '    [[objective]]\n    metric = "cost"\n    goal = "maximize"',
)
CONDITION = '\n    outcome = ["cost <= 0.8"]'


def _trials(rng, *, several, repeats):
    trials = []
    for number in range(rng.randint(3, 14)):
        loss, cost = round(rng.uniform(0.4, 0.9), 2), round(rng.random(), 2)
        values = {"loss": loss, "cost": cost} if several else {"loss": loss}
        status = rng.choice(["complete"] * 4 + ["failed", "pruned"])
        original = next((t.number for t in trials if t.values and t.replicate_of is None), None)
        more = {"metrics": {"loss": loss, "cost": cost}}
        if status == "complete":
            more |= {"values": values}
        if repeats and original is not None and rng.random() < 0.3:
            more |= {
                "role": Role.REPLICATE,
                "replicate_of": original,
                "seed": 2 + number,
                "params": trials[original].params,
            }
        elif number == 0:
            more |= {"role": Role.BASELINE, "params": {}}
        reason = {"complete": "finished", "failed": "crash", "pruned": "pruner"}[status]
        trials.append(trial(number, status, reason, **more))
    return trials


@pytest.mark.parametrize("seed", range(24))
def test_the_best_is_one_trial_everywhere(home, seed):
    rng = random.Random(seed)
    several = seed % 2 == 0
    text = TWO if several else FILE
    if seed % 3 == 0:
        text = text.replace("trials = 8", "trials = 8" + CONDITION)
    sd = make(home, _trials(rng, several=several, repeats=seed % 4 > 1), text)
    study, studies, pool = StudySource(sd), StudiesSource(home), ReaderPool()
    try:
        study.poll(pool)
        studies.poll(pool)
        snapshot, summary = study.latest, studies.latest[0]
        with StoreReader.open(sd) as reader:
            view = read_view(sd, reader)
            facts = RunningSource(home)._facts(reader, sd)
            event = EventRow(1, 0.0, "info", None, "study_done", "")
            said = _text(reader, view.study, "done", event, view.by_number)
            report = str(render_markdown(compose_report(read_report_data(sd, reader))).text)
        best = view.best
        number = None if best is None else best.number
        assert (None if snapshot.leading is None else snapshot.leading.number) == number
        assert (None if summary.best.trial is None else summary.best.trial.number) == number
        assert summary.best.others == max(0, len(view.front) - 1) == max(0, len(snapshot.best) - 1)
        told = f"#{number} " if best is not None else ""
        for text in (facts.best, best_in_row(view.study, summary.best)):
            assert text.startswith(told)
        assert any(cell.text.startswith(f"★ {told}") for cell in head_cells(snapshot, UNICODE_GLYPHS)[0]) == bool(best)
        if best is not None:
            assert best_line(view).startswith(f"trial {number}")
            assert leading_name(view.study, best) == f"{'front' if several else 'best'} #{number}"
            ended = Alerts(("done", "best"))
            ended.news(facts_of_study(sd, replace(view.row, state=StudyState.RUNNING), view.study, {}, best))
            news = ended.news(facts)
            assert any("Pareto front" in line for line in news) == several
            assert any("the best is" in line or "new best" in line for line in news) != several
            assert ("Pareto front" in said[1]) == several
        _same_marks(view, snapshot, report)
        _same_marks_side_by_side(view)
    finally:
        pool.close()


@pytest.mark.parametrize("seed", range(20))
def test_a_line_without_room_drops_the_time_before_the_failures(seed):
    rng = random.Random(seed)
    left = [Cell("x" * rng.randint(1, 60), rng.choice(["", "muted", "best"])) for _ in range(rng.randint(1, 4))]
    right = [Cell("✓ 12", "good"), Cell("✕ 3", "bad"), Cell("15/20"), Cell("12:41", "muted")]
    for room in range(1, 200):
        kept_left, kept_right = fitting_cells(left, right, room, 3)
        width = sum(len(cell.text) + 3 for cell in [*kept_left, *kept_right]) - 3
        assert width <= room or (len(kept_left) == 1 and not kept_right)
        if right[3] in kept_right:
            assert kept_right == right


def _same_marks(view, snapshot, report):
    """What the report's table says beside a trial's number stands in the screen's row, too."""
    rows = TrialRows()
    rows.show(view, snapshot.best)
    index = next((i for i, column in enumerate(rows.columns) if column.name == "name"), None)
    for at in range(len(rows)):
        number = rows.key(at)
        shown = "" if index is None else rows.cells(at)[index].text
        standing, own = standing_text(view, view.by_number[number]), view.by_number[number].name
        assert shown == ", ".join(filter(None, (standing, own if index is not None else "")))
        assert index is not None or not standing
        shown = standing
        cell = next(
            (
                line
                for line in report.splitlines()
                if line.replace("*", "").startswith((f"| {number} (", f"| {number} |"))
            ),
            "",
        )
        if cell and shown:
            assert shown in cell.replace("*", ""), cell
        elif cell:
            assert "repeats" not in cell.split("|")[1]
            assert "breaks" not in cell.split("|")[1]


def _same_marks_side_by_side(view):
    """It stands side by side, too, why a trial is not ranked; none that breaks a condition is marked as the best."""
    rows = metric_rows(columns_of(view, view.trials[:8]))
    standing = next((row[1:] for row in rows if row[0].text == "standing"), [])
    texts = [standing_text(view, one) for one in view.trials[:8]]
    assert [cell.text.replace("–", "") for cell in standing] == (texts if any(texts) else [])
    for row in rows:
        for one, cell in zip(view.trials, row[1:], strict=False):
            assert not (cell.text.startswith("*") and violates_outcome(view, one))
