"""A trial whose curve lacks points says so wherever its curve or value is shown; no other trial does."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from hptui.core.trial import CURVE_INCOMPLETE, INCOMPLETE_MARK, TrialStatus
from hptui.operations.export import export
from hptui.operations.messages import objectives_text
from hptui.results.export.config import provenance_lines
from hptui.results.export.formats import ExportRequest
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import PlotOptions
from hptui.results.plots.registry import PLOTS, make_plot
from hptui.results.report import write_report
from hptui.results.report_data import read_report_data
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.tui.cells import Cell
from hptui.tui.labels import best_text, trial_line_cells
from hptui.tui.screens.chart_panel import curves_of_metric
from hptui.tui.screens.compare_rows import columns_of, metric_rows
from hptui.tui.screens.trial_facts import metric_lines, setting_lines
from hptui.tui.sources.curves import CurveKey, CurvesSource
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import TrialSource
from hptui.tui.themes import UNICODE_GLYPHS
from hptui.tui.trial_cells import TrialCells
from tests.cli.conftest import Done
from tests.results import seeds
from tests.results.seeds import build

STEPS = "eval_loss is unknown from step 3 to 4"
VALUES = [0.9, 0.8, 0.7, 0.6]


@pytest.fixture
def studies(home: Path) -> tuple[StudyDir, StudyDir]:
    """Two studies that differ in one fact of the best trial."""
    whole = seeds.director_trials()
    best = min(whole, key=lambda trial: (trial.values or {}).get("eval_loss", 9.0))
    lacking = [replace(one, facts={CURVE_INCOMPLETE: STEPS}) if one is best else one for one in whole]
    curves = {trial.number: {"eval_loss": VALUES} for trial in whole}
    other = seeds.DIRECTOR.replace('"director"', '"lacking"', 1)
    return build(home, seeds.DIRECTOR, whole, curves=curves), build(home, other, lacking, curves=curves)


def view_of(sd: StudyDir) -> View:
    with StoreReader.open(sd) as reader:
        return read_view(sd, reader)


def text_of(cells: list[list[Cell]]) -> str:
    return "\n".join(" ".join(cell.text for cell in row) for row in cells)


def shown(sd: StudyDir) -> dict[str, str]:
    """Everything that shows the best trial's value or curve, by where; but for the verbs."""
    view = view_of(sd)
    best = view.best
    assert best is not None
    with StoreReader.open(sd) as reader:
        context = PlotContext(view, reader)
        plots = {name: make_plot(name, context, PlotOptions(metric="eval_loss")) for name in PLOTS}
        captions = {
            f"plot {name}": "".join(str(getattr(part, "text", part)) for part in (*plot.caption, *plot.notes))
            for name, plot in plots.items()
            if plot is not None and best.number in plot.trials
        }
    assert {"plot history", "plot curves"} <= set(captions)
    pool = ReaderPool()
    snapshot = TrialSource(sd, best.number).poll(pool)
    assert snapshot is not None
    source = CurvesSource(sd)
    source.want = (CurveKey(best.number, "eval_loss"),)
    source.poll(pool)
    assert source.latest is not None
    incomplete = [trial.number for trial in view.trials if trial.incomplete_curve]
    [curve] = curves_of_metric(source.latest, [best.number], {}, "eval_loss", incomplete=incomplete)
    return {
        "report": write_report(read_report_data(sd), "report.md")[0],
        "provenance of an export": "\n".join(provenance_lines(view, best)),
        "message at its end": objectives_text(view.study, best),
        "best on the screens": best_text(view.study, best),
        "line of a trial": text_of([trial_line_cells(view, best, UNICODE_GLYPHS)]),
        "cell of the table": TrialCells(view, frozenset(), {}, UNICODE_GLYPHS).cell(best, "eval_loss").text,
        "trial screen, settings": text_of(setting_lines(view, best, best, everything=False)),
        "trial screen, metrics": text_of(metric_lines(view, snapshot, best)),
        "compare screen": text_of(metric_rows(columns_of(view, view.trials))),
        "legend of a chart": curve.label,
        **captions,
    }


def marked(text: str) -> bool:
    """Whether a text says that a curve is incomplete: in words, or by the mark behind a number."""
    return "incomplete" in text or any(before.isdigit() and mark == INCOMPLETE_MARK for before, mark in pairwise(text))


def test_every_place_marks_it(studies: tuple[StudyDir, StudyDir]) -> None:
    whole, lacking = map(shown, studies)
    assert [place for place, text in whole.items() if marked(text)] == []
    assert [place for place, text in lacking.items() if not marked(text)] == []
    first_screen = lacking["report"].split("\n## ")[0]
    assert f"0.562{INCOMPLETE_MARK}" in first_screen
    assert "of an incomplete curve" in first_screen
    assert any(line.startswith("|") and f"0.562{INCOMPLETE_MARK}" in line for line in lacking["report"].splitlines())
    assert "a better or a worse value may be missing" in lacking["report"]


def test_runs_for_tensorboard_and_tables_mark_it(studies: tuple[StudyDir, StudyDir], tmp_path: Path) -> None:
    for sd, expected in zip(studies, (False, True), strict=True):
        export(sd, "all", ExportRequest("tensorboard", output=tmp_path / sd.name))
        files = list((tmp_path / sd.name).rglob("events*"))
        assert any(CURVE_INCOMPLETE.encode() in file.read_bytes() for file in files) is expected
        assert (CURVE_INCOMPLETE in export(sd, "all", ExportRequest("csv"))) is expected


VERBS = [
    ("trials",),
    ("status",),
    ("show", "best"),
    ("export", "best", "--format", "toml"),
    ("export", "all", "--format", "csv"),
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_verbs_mark_it(call: object, studies: tuple[StudyDir, StudyDir], verb: tuple[str, ...]) -> None:
    def said(name: str, *more: str) -> str:
        done: Done = call(verb[0], name, *verb[1:], *more)  # type: ignore[operator]
        assert done.code == 0, done.err
        return done.out + done.err

    assert not marked(said("director"))
    assert marked(said("lacking"))
    if verb[0] in ("trials", "status", "show"):
        shape = json.loads(said("lacking", "--json"))
        assert STEPS in json.dumps(shape)


def test_a_report_with_the_mark_passes_its_check(
    studies: tuple[StudyDir, StudyDir], tmp_path: Path, call: object
) -> None:
    done: Done = call("report", "lacking", "-o", tmp_path / "out")  # type: ignore[operator]
    assert done.code == 0, done.err
    [path] = (tmp_path / "out").glob("*.md")
    checked: Done = call("report", "--check", path)  # type: ignore[operator]
    assert checked.code == 0, checked.out + checked.err
    path.write_text(path.read_text().replace(INCOMPLETE_MARK, "", 1))
    assert call("report", "--check", path).code != 0  # type: ignore[operator]


def test_status_of_all_studies_marks_it(studies: tuple[StudyDir, StudyDir], call: object) -> None:
    done: Done = call("status")  # type: ignore[operator]
    [note] = [line for line in done.err.splitlines() if "incomplete" in line]
    assert note.startswith("lacking: ")


def test_a_trial_without_a_value_marks_its_latest_one(studies: tuple[StudyDir, StudyDir]) -> None:
    view = view_of(studies[1])
    best = view.best
    assert best is not None
    running = replace(best, status=TrialStatus.RUNNING, values=None)
    text = TrialCells(view, frozenset(), {}, UNICODE_GLYPHS).cell(running, "eval_loss").text
    assert text.startswith("(")
    assert text.endswith(f"{INCOMPLETE_MARK})")
