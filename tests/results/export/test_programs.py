"""What other programs read: each is opened by that program, and says what the store says."""

import csv
import io
import json
import math
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from hptui.core.errors import Unsupported, UserError
from hptui.operations.check import check
from hptui.operations.export import export
from hptui.operations.result_files import write_file_set
from hptui.results.export.formats import ExportRequest
from tests.operations.made import EVIL, START, TRIALS, make, trial

pytestmark = [pytest.mark.process, pytest.mark.torch]

TWO = """
    name = "two"
    [[objective]]
    metric = "loss"
    goal = "minimize"
    [[objective]]
    metric = "accuracy"
    goal = "maximize"
    [trainer]
    kind = "toy"
    [space]
    learning_rate = { low = 1e-5, high = 1e-1, log = true }
    width = { choices = [16, 32] }
    depth = { expr = "width // 8" }
    dropout = { low = 0.0, high = 0.3, step = 0.1, when = "width == 32" }
    steps = "10..40 int"
    [search]
    sampler = "random"
    trials = 8
    constraints = ["width * steps <= 1000"]
"""


def test_parquet_has_types(home, tmp_path):
    odd = trial(8, "complete", loss=1.0, params={"learning_rate": 1e-3, "width": "auto", "tie": True})
    sd = make(home, [*TRIALS, odd])
    assert export(sd, "all", ExportRequest("parquet", output=tmp_path / "t.parquet")) is None
    table = pq.read_table(tmp_path / "t.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["number"] == "int64"
    assert kinds["learning_rate"] == "double"
    assert kinds["value.loss"] == "double"
    assert kinds["width"] == "string"  # a number and a text: each as JSON
    assert kinds["tie"] == "bool"
    assert table["value.loss"].to_pylist()[3:6] == [0.5621, None, None]
    assert table["width"].to_pylist()[0] == "16"
    assert math.isnan(table["last.loss"].to_pylist()[6])
    assert table["note"].to_pylist()[6] == EVIL.encode("utf-8", "replace").decode()
    assert table.schema.metadata[b"study"] == b"made"


@pytest.mark.parametrize("trials", [[], [TRIALS[4]]])
def test_without_one_result_there_is_still_a_table(home, tmp_path, trials):
    sd = make(home, trials)
    export(sd, "all", ExportRequest("parquet", output=tmp_path / "t.parquet"))
    assert pq.read_table(tmp_path / "t.parquet").num_rows == len(trials)
    assert len(export(sd, "all", ExportRequest("csv")).splitlines()) == 1 + len(trials)
    assert json.loads(export(sd, "all", ExportRequest("json")))[:1] == json.loads(
        export(sd, "all", ExportRequest("json"))
    )
    export(sd, "all", ExportRequest("tensorboard", output=tmp_path / "tb"))
    export(sd, "all", ExportRequest("optuna", output=tmp_path / "o.db"))


def test_tensorboard_reads_curves_and_hyperparameters(home, tmp_path):
    sd = make(home)
    export(sd, "all", ExportRequest("tensorboard", output=tmp_path / "tb"))
    assert sorted(path.name for path in (tmp_path / "tb").iterdir() if path.is_dir()) == [
        "0000-baseline",
        "0001",
        "0002",
        "0003-winner",
        "0004",
        "0005",
        "0006",
    ]
    run = EventAccumulator(str(tmp_path / "tb" / "0003-winner"))
    run.Reload()
    assert sorted(run.Tags()["scalars"]) == ["accuracy", "loss", "value/loss"]
    points = [(event.step, event.value, event.wall_time) for event in run.Scalars("loss")]
    assert points == [(n, pytest.approx(1 / n), START + 180 + n) for n in (1, 2, 3)]
    assert run.Scalars("value/loss")[0].value == pytest.approx(0.5621)
    about = run.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    start = metadata.parse_session_start_info_plugin_data(about)
    assert start.hparams["learning_rate"].number_value == 4e-3
    assert start.hparams["report_total"].bool_value is True
    nan = EventAccumulator(str(tmp_path / "tb" / "0006"))
    nan.Reload()
    assert math.isnan(nan.Scalars("loss")[-1].value)
    assert "value/loss" not in nan.Tags()["scalars"]


def test_tensorboard_files_are_the_same_each_time(home, tmp_path):
    sd = make(home)
    for name in ("a", "b"):
        export(sd, "all", ExportRequest("tensorboard", output=tmp_path / name))
    files = [sorted((tmp_path / name).rglob("events*")) for name in ("a", "b")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_a_sweep_says_the_space_and_names_what_it_cannot(home):
    text = export(make(home, [], text=TWO), "all", ExportRequest("sweep"))
    found = yaml.safe_load(text)
    assert found["metric"] == {"name": "loss", "goal": "minimize"}
    assert found["run_cap"] == 8
    assert found["parameters"]["learning_rate"] == {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}
    assert found["parameters"]["width"] == {"values": [16, 32]}
    assert found["parameters"]["dropout"] == {"values": [0.0, 0.1, 0.2, 0.3]}
    assert found["parameters"]["steps"] == {"distribution": "int_uniform", "min": 10, "max": 40}
    assert found["parameters"]["batch_size"] == {"value": 32}
    assert "depth" not in found["parameters"]
    for what in ("depth = width // 8", "dropout only when width == 32", "width * steps <= 1000", "objective accuracy"):
        assert "# not in a sweep: " in text
        assert what in text


def test_a_sweep_is_read_back_as_the_same_space(home, tmp_path):
    text = export(make(home, []), "all", ExportRequest("sweep"))
    (tmp_path / "sweep.yaml").write_text(f"program: train.py\n{text}")
    (tmp_path / "train.py").write_text("")
    found = check(tmp_path / "sweep.yaml").study
    assert [one.describe() for one in found.space.parameters] == ["1e-5..0.1 log", "{16, 32, 64}"]
    assert (found.objective.metric, found.objective.goal, found.search.trials) == ("loss", "minimize", 8)
    assert found.trainer.settings["steps"] == 10


def test_a_list_is_no_sweep(home):
    file = 'name = "list"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "toy"\n[[trial]]\nset = { width = 16 }\n'
    with pytest.raises(Unsupported, match="without a search space"):
        export(make(home, [], text=file), "all", ExportRequest("sweep"))


def test_the_keys_of_the_optuna_script(home, tmp_path):
    sd = make(home)
    [path] = write_file_set(sd, "optuna-study-results", tmp_path, {})
    assert path.name == "study_results.yaml"
    assert yaml.safe_load(path.read_text()) == {
        "best_trial": 3,
        "best_loss": 0.5621,
        "best_params": {"learning_rate": 4e-3, "width": 32},
        "n_trials": 8,
        "completed_trials": 4,
    }


def test_the_files_and_keys_of_the_ax_script(home, tmp_path):
    files = write_file_set(make(home), "ax-results", tmp_path, {"learning_rate": "lr"})
    assert {path.name for path in files} >= {
        "best_config.yaml",
        "optimization_results.json",
        "trial_history.csv",
        "optimization_config.yaml",
        "optimization_checkpoint.json",
    }
    found = json.loads((tmp_path / "optimization_results.json").read_text())
    keys = [
        "best_parameters",
        "best_loss",
        "baseline_loss",
        "improvement_percent",
        "num_trials",
        "all_trials",
        "timestamp",
    ]
    assert set(keys) <= found.keys()
    assert found["best_parameters"] == {"lr": 4e-3, "width": 32}
    assert found["improvement_percent"] == pytest.approx(7.8071, abs=1e-4)
    assert [one["trial"] for one in found["all_trials"]] == list(range(8))
    assert found["all_trials"][0]["parameters"] == {"lr": 2e-4, "width": 16}
    assert [one["loss"] for one in found["all_trials"]][4:] == [None] * 4
    rows = list(csv.DictReader(io.StringIO((tmp_path / "trial_history.csv").read_text())))
    assert list(rows[0])[:4] == ["trial", "parameters", "loss", "timestamp"]
    assert json.loads(rows[3]["parameters"]) == {"lr": 4e-3, "width": 32}
    assert rows[3]["lr"] == "0.004"
    assert rows[5]["status"] == "pruned"
    assert rows[5]["loss"] == ""
    config = yaml.safe_load((tmp_path / "best_config.yaml").read_text())
    assert config["lr"] == 4e-3
    assert not [name for name, value in config.items() if isinstance(value, str) and "%" in value]
    space = yaml.safe_load((tmp_path / "optimization_config.yaml").read_text())["search_space"]
    assert space["lr"] == {"type": "range", "bounds": [1e-5, 0.1], "log_scale": True}
    assert space["width"] == {"type": "choice", "values": [16, 32, 64]}


def test_where_nothing_was_measured_nothing_is_claimed(home, tmp_path):
    sd = make(home, [TRIALS[4], TRIALS[6]])
    write_file_set(sd, "optuna-study-results", tmp_path, {})
    assert yaml.safe_load((tmp_path / "study_results.yaml").read_text()) == {
        "best_trial": None,
        "best_loss": None,
        "best_params": None,
        "n_trials": 2,
        "completed_trials": 0,
    }
    files = write_file_set(sd, "ax-results", tmp_path, {})
    assert "best_config.yaml" not in [path.name for path in files]
    assert json.loads((tmp_path / "optimization_results.json").read_text())["best_loss"] is None


def test_several_objectives_have_a_set_of_best(home, tmp_path):
    values = [(1.0, 0.5), (0.5, 0.4), (0.7, 0.3)]
    trials = [
        replace(trial(n, "complete", "finished"), values={"loss": loss, "accuracy": accuracy})
        for n, (loss, accuracy) in enumerate(values)
    ]
    write_file_set(make(home, trials, text=TWO), "optuna-study-results", tmp_path, {})
    found = yaml.safe_load((tmp_path / "study_results.yaml").read_text())
    assert found["pareto_trials"] == [0, 1]
    assert (found["best_loss"], found["best_accuracy"]) == (0.5, 0.4), "of the best in the first objective"


def test_an_unknown_kind_says_what_there_is(home, tmp_path):
    with pytest.raises(UserError) as caught:
        write_file_set(make(home), "ax-result", tmp_path, {})
    assert "ax-results" in caught.value.hint


def test_ax_loads_the_snapshot(home, tmp_path):
    listed = {"learning_rate": 1e-3, "width": 48}
    sd = make(home, [*TRIALS, trial(8, "complete", loss=0.9, params=listed)])
    export(sd, "all", ExportRequest("ax", output=tmp_path / "client.json"))
    from hptui.search.ax import quiet_ax

    with quiet_ax():
        from ax.api.client import Client

        client = Client.load_from_json_file(str(tmp_path / "client.json"))
        table = client.summarize()
        best, _, _, name = client.get_best_parameterization()
    assert table["trial_status"].tolist() == ["COMPLETED"] * 4 + ["FAILED", "EARLY_STOPPED", "FAILED", "COMPLETED"]
    assert table["loss"].tolist()[:4] == [0.6097, 0.5834, 0.6523, 0.5621]
    assert best == {"learning_rate": 4e-3, "width": 32}
    assert name == "trial_3"


def test_offline_runs_of_wandb(home, tmp_path):
    pytest.importorskip("wandb")
    sd = make(home, TRIALS[3:5])
    export(sd, "all", ExportRequest("wandb", output=tmp_path / "runs"))
    runs = sorted((tmp_path / "runs").glob("wandb/offline-run-*/*.wandb"))
    assert len(runs) == 2
    data = b"".join(path.read_bytes() for path in runs)
    for said in (b"learning_rate", b"0.004", b"value/loss", b"0.5621", b"0003-winner"):
        assert said in data


def test_without_wandb_it_is_said_how_to_get_it(home, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(Unsupported, match="wandb is not installed") as caught:
        export(make(home), "all", ExportRequest("wandb", output=tmp_path / "runs"))
    assert "pip install wandb" in caught.value.hint


@pytest.mark.parametrize("how", ["parquet", "optuna", "ax", "tensorboard", "wandb"])
def test_what_is_no_text_needs_a_place(home, how):
    with pytest.raises(UserError, match="is a") as caught:
        export(make(home), "all", ExportRequest(how))
    assert "-o" in caught.value.hint
