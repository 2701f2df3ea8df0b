"""`open_study` reads everything, and importing hptui costs nothing."""

import json
import subprocess
import sys

import pytest

import hptui
from hptui.core.errors import NotFound
from tests.support import run_to_rest, toy

SPY = """
import sys, time
begin = time.perf_counter()
import hptui
took = time.perf_counter() - begin
seen = [name for name in sys.modules if name.startswith("hptui.") or name in HEAVY]
import json
print(json.dumps([took, seen]))
"""
HEAVY = ["torch", "optuna", "ax", "pandas", "numpy", "sqlite3", "tomlkit", "click", "rich", "dataclasses"]


def spy(program):
    done = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {HEAVY!r}\n{program}"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_hptui_imports_next_to_nothing():
    _, seen = spy(SPY)
    assert seen == ["hptui.core", "hptui.core.interrupt", "hptui.core.version", "hptui.reporting"]


def test_reading_a_study_imports_nothing_heavy(home, tmp_path):
    sd = run_to_rest(home, toy(tmp_path, trials=2))
    program = f"""
import hptui, json, sys
study = hptui.open_study({str(sd.root)!r})
assert study.best.curve().values
print(json.dumps([name for name in HEAVY[:4] + HEAVY[6:9] if name in sys.modules]))
"""
    assert spy(program) == []


@pytest.mark.torch
def test_what_hptui_offers():
    assert {"run_optimization", "resume_optimization", "EarlyStoppingCallback", "open_study"} <= set(hptui.__all__)
    for name in hptui.__all__:
        assert getattr(hptui, name).__name__ == name
    with pytest.raises(AttributeError, match="run_optimisation"):
        hptui.run_optimisation  # noqa: B018


@pytest.fixture
def study(home, tmp_path):
    sd = run_to_rest(home, toy(tmp_path, trials=4, space="batch_size = { choices = [8, 16] }"))
    return hptui.open_study("toy", home=sd.root.parent)


def test_a_study_is_read_whole(study):
    assert study.state == "done"
    assert study.objectives == [("loss", "minimize")]
    assert study.space["learning_rate"] == "1e-5..0.1 log"
    assert len(study) == len(list(study)) == 4
    assert study.baseline.number == 0
    assert study.best.value == min(one.value for one in study if one.value is not None)
    assert study["best"].number == study.best.number
    assert study[0].params.keys() >= {"learning_rate", "batch_size"}
    assert study[1].settings["steps"] == 5
    assert "loss" in study.metrics
    assert study.specification["name"] == "toy"
    assert any("auto" in text or text for _, _, text in study.events())
    with pytest.raises(NotFound, match="no trial 99"):
        study[99]


def test_a_trial_is_read_whole(study):
    one = study[1]
    curve = one.curve()
    assert curve.metric == "loss"
    assert len(curve) == len(curve.values) == len(curve.steps) == 5
    assert one.curves()["loss"] == curve
    assert one.values == {"loss": pytest.approx(min(curve.values))}
    assert one.status == "complete"
    assert one.reason == "finished"
    assert len(one.attempts()) == 1
    assert one.directory.is_dir()
    assert isinstance(one.log(), str)
    assert one.as_dict()["number"] == 1
    assert len(one.curve("never reported")) == 0


def test_tables(study):
    table = study.to_pandas()
    assert list(table.index) == [0, 1, 2, 3]
    assert table["value.loss"].min() == study.best.value
    assert table.loc[1, "params.learning_rate"] == study[1].params["learning_rate"]
    assert list(study[1].to_pandas()["loss"]) == study[1].curve().values
    assert list(study[1].curve().to_pandas()["step"]) == study[1].curve().steps


def test_a_running_study_can_be_read_and_read_again(study, home):
    before = len(study)
    run_to_rest(home, "toy", trials="+2")
    assert len(study) == before
    assert len(study.refresh()) == before + 2
    with pytest.raises(NotFound):
        hptui.open_study("nothing", home=home)
