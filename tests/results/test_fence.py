"""An optional part of a report that fails takes nothing else with it; a huge value is clipped for display."""

import math
import random

import numpy as np
import pytest

from hptui.core.errors import MachineError
from hptui.operations import result_files
from hptui.operations.report import report_text, verify_report, write_report
from hptui.operations.result_files import write_file_set, write_html
from hptui.results import report
from hptui.results.analysis.kernel import Model
from hptui.results.analysis.points import Points
from hptui.results.document import EndFold, Fold, Heading, Paragraph, render_markdown
from hptui.results.export import compatible
from hptui.results.plots import matplotlib as drawing
from hptui.results.plots import registry
from hptui.results.plots.clip import values_on_axis
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import PlotOptions
from hptui.results.plots.registry import PLOTS
from hptui.results.report import compose_report
from hptui.results.report_data import read_report_data
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from tests.operations.made import make, trial

HUGE = {
    "one": {3: 1e300},
    "both ends": {3: 1.7e308, 4: -1.7e308},
    "tiny": {3: 5e-324, 5: 1e-310},
    "all": {number: 1e300 * (1 + number / 100) for number in range(14)},
    "half": {number: math.copysign(1e307, number % 2 - 0.5) for number in range(14)},
    "zeros": dict.fromkeys(range(13), 0.0),
}
"""Finite values of the objective that arithmetic stumbles over, by trial; the others are ordinary."""


def study(home, special):
    rng = random.Random(1)
    trials = []
    for number in range(14):
        params = {"learning_rate": 10 ** rng.uniform(-5, -1), "width": rng.choice([16, 32, 64])}
        trials.append(trial(number, "complete", "finished", special.get(number, 0.5 + 0.01 * number), params=params))
    return make(home, trials)


@pytest.mark.parametrize("special", HUGE.values(), ids=HUGE)
def test_a_finite_value_costs_no_plot_its_axes(tmp_path, special):
    sd = study(tmp_path / "home", special)
    with StoreReader.open(sd) as reader:
        context = PlotContext(read_view(sd, reader), reader)
        for name in ("history", "slice", "parallel", "contour", "curves"):
            plot = PLOTS[name](context, PlotOptions())
            for one in [] if plot is None else [plot, *plot.panels]:
                assert math.isfinite((one.y.high - one.y.low) * 1.1)
                assert all(one.y.low <= point.y <= one.y.high for point in one.points)
        history = PLOTS["history"](context, PlotOptions())
    assert len([point for point in history.points if point.meaning == "complete"]) == 14, "clamped, not dropped"
    beyond = [number for number, value in special.items() if len(special) < 3 and (value > 1 or 0 < value < 1e-9)]
    assert bool(history.notes) is bool(beyond)


def test_axes_reach_as_far_as_ordinary_values_do():
    for values in (
        [1.0],
        [0.5, 1e9],
        [1e-9, 1.0],
        [-5.0, 0.0, 5.0],
        [0.0, 0.0, 3.0],
        [1e-300, 2e-300],
        [-1e200, 1e200],
    ):
        assert values_on_axis(values) == values
    assert values_on_axis([0.5, 0.6, 1e300]) == [0.5, 0.6]
    assert values_on_axis([-1e300, 0.6, 0.5]) == [0.6, 0.5]
    assert values_on_axis([1.7e308, 1.7e308]) == [1e307]


@pytest.mark.parametrize("special", ["one", pytest.param("both ends", marks=pytest.mark.slow)])
def test_a_report_is_written_whole_and_checks_right(tmp_path, special):
    sd = study(tmp_path / "home", HUGE[special])
    files = write_report(sd, tmp_path / "out", figures="svg")
    assert all(path.is_file() for path in files)
    assert {"objective.svg", "slices.svg", "hyperparam_comparison.svg"} <= {path.name for path in files}
    assert verify_report(tmp_path / "home", tmp_path / "out").differences == []
    assert len(write_html(sd, tmp_path / "out")) == 2
    assert len(write_file_set(sd, "optuna-study-results", tmp_path / "files")) == 1


@pytest.mark.parametrize("special", ["all", "half"])
def test_values_beyond_what_can_be_squared_are_standardised_like_others(special):
    rng = random.Random(1)
    values = np.array([HUGE[special].get(number, rng.random()) for number in range(14)])
    points = Points(np.array([[rng.random()] for _ in values]), np.zeros(1, bool), np.zeros((14, 1), bool))
    model, small = Model(points, values), Model(points, values / 1e300)
    assert np.allclose(model.y, small.y)
    assert math.isfinite(model.deviation)
    assert math.isclose(model.deviation, 1e300 * small.deviation)


SCALES = (1e-307, 1e-200, 1e-120, 1.0, 1e120, 1e200, 1e300, 1e307)
WHERE = {
    "everywhere": lambda size, number, width, rate: size * (1 + 3 * rate + width / 64),
    "by a setting": lambda size, number, width, rate: size if width == 16 else 0.1 + rate,
    "here and there": lambda size, number, width, rate: size if number % 3 == 0 else width + rate,
    "of both signs": lambda size, number, width, rate: size * (width / 64 - rate - 0.5),
}
"""How values of a size lie among a study's trials: number, width and position of the rate in their range."""


@pytest.mark.parametrize("size", SCALES)
@pytest.mark.parametrize("where", WHERE)
def test_no_size_of_values_costs_a_section(tmp_path, where, size):
    rng, trials = random.Random(3), []
    for number in range(30):
        rate, width = rng.random(), rng.choice([16, 32, 64])
        value = WHERE[where](size, number, width, rate)
        params = {"learning_rate": 10 ** (-5 + 4 * rate), "width": width}
        trials.append(trial(number, "complete", "finished", value, params=params))
    sd = make(tmp_path / "home", trials)
    with Store.open(sd) as store:  # curves that differ: else the settings count as ignored
        for attempt in store.read.attempts():
            value = (trials[attempt.trial].values or {})["loss"]
            store.ingest(attempt.token, attempt.trial, 1, [("loss", 4, value, None, 4.0)], offset=2, sequence=2)
    data = read_report_data(sd)
    assert data.effect_analysis().groups, "the settings are looked at"
    text = render_markdown(compose_report(data)).text
    assert "is left out" not in text
    assert max(map(len, text.split())) < 200


def explode(*_, **__):
    raise ZeroDivisionError("on purpose")


def test_each_section_fails_alone_with_its_reason_in_its_place(tmp_path, monkeypatch):
    data = read_report_data(study(tmp_path / "home", {}))
    whole = {}
    original = report._section

    def remembered(name, *arguments):
        whole[name] = list(original(name, *arguments))
        return whole[name]

    monkeypatch.setattr(report, "_section", remembered)
    report.compose_report(data)
    for bad in list(whole):
        monkeypatch.setattr(report, "_section", lambda name, *_, bad=bad: explode() if name == bad else whole[name])
        blocks = report.compose_report(data).blocks
        # Headings of folded sections become the line to click on.
        expected = [
            block
            for name, part in whole.items()
            if name != bad
            for block in part
            if not isinstance(block, Heading | Fold | EndFold)
        ]
        [said] = [block for block in blocks if isinstance(block, Paragraph) and block.line[0] == "The section "]
        assert "ZeroDivisionError: on purpose" in {getattr(part, "text", "") for part in said.line}
        rest = [block for block in blocks if block is not said and not isinstance(block, Heading | Fold | EndFold)]
        assert rest == expected


@pytest.mark.parametrize("broken", ["making", "drawing"])
def test_each_figure_fails_alone_with_its_reason_in_its_place(tmp_path, monkeypatch, broken):
    sd = study(tmp_path / "home", {})
    if broken == "making":
        monkeypatch.setattr(registry, "PLOTS", {**PLOTS, "history": explode})
    else:
        monkeypatch.setattr(drawing, "DRAW", {**drawing.DRAW, "history": explode})
    files = write_report(sd, tmp_path / "out", figures="svg")
    text = (tmp_path / "out" / "report.md").read_text()
    [said] = [line for line in text.splitlines() if "is left out" in line]
    assert "ZeroDivisionError: on purpose" in said
    assert text.index("images/hyperparam_comparison.svg") > text.index(said)
    assert "objective.svg" not in {path.name for path in files}
    assert len(files) >= 8
    assert all(path.is_file() for path in files)


def test_each_file_of_a_set_fails_alone(tmp_path, monkeypatch):
    sd = study(tmp_path / "home", {})
    monkeypatch.setattr(compatible, "WRITERS", {**compatible.WRITERS, "trial_history.csv": explode})
    monkeypatch.setattr(result_files, "write_report", lambda *_: [])
    with pytest.raises(MachineError, match=r"trial_history.csv: ZeroDivisionError"):
        write_file_set(sd, "ax-results", tmp_path / "files")
    assert {path.name for path in (tmp_path / "files").iterdir()} == {
        "best_config.yaml",
        "optimization_results.json",
        "optimization_config.yaml",
        "optimization_checkpoint.json",
        "optimization_trace.html",
        "contour_plot.html",
    }


def test_a_report_without_its_importance_keeps_its_effects(tmp_path, monkeypatch):
    from hptui.results import report_data

    sd = study(tmp_path / "home", {})
    before = report_text(sd)
    monkeypatch.setattr(report_data, "importance_of", explode)
    after = report_text(sd)
    assert "is left out: ZeroDivisionError: on purpose" in after
    assert len(after) > 0.9 * len(before)
