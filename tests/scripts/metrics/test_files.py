"""Files that grow while a script runs: their new part, whole lines of it, and nothing that was there before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hptui.core.format import Proportion
from hptui.scripts.metrics.files import MetricFiles, read_specs
from hptui.scripts.metrics.readers import value_at_path
from hptui.scripts.observe import ScriptObserver, unread_files
from hptui.scripts.settings import read_command_spec
from tests.trainers.attempts import context, make


def files(path: Path, **entry: Any) -> MetricFiles:
    [spec], _ = read_specs([{"file": str(path), **entry}])
    return MetricFiles(spec, spec.path, ["val_loss"])


def readings(source: MetricFiles, *, last: bool = False) -> list[tuple[int | None, dict[str, float]]]:
    return [(reading.step, dict(reading.metrics)) for reading in source.read(last=last)]


def test_lines_of_json_are_read_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1, "loss": 9}\n')  # of an earlier run
    source = files(path)
    assert readings(source) == []
    with path.open("a") as log:
        log.write('{"step": 2, "loss": 0.5, "note": "x"}\nnot json\n{"step": 3, "lo')
        log.flush()
        assert readings(source) == [(2, {"loss": 0.5})]
        log.write('ss": NaN}\n{"epoch": 4, "eval": {"loss": 0.25}}')
        log.flush()
    assert [step for step, _ in readings(source)] == [3]
    assert readings(source, last=True) == [(4, {"eval.loss": 0.25})]


def test_a_file_that_is_begun_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    source = files(path)
    path.write_text('{"step": 1, "loss": 1}\n{"step": 2, "loss": 1}\n')
    assert len(readings(source)) == 2
    path.write_text('{"step": 1, "loss": 5}\n')
    assert readings(source) == [(1, {"loss": 5.0})]


def test_fields_are_found_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    source = files(path, fields={"acc": "tasks.0.acc", "last": "curve[-1].v", "none": "x.y"}, step="at")
    path.write_text(json.dumps({"at": 7, "tasks": [{"acc": "6/200"}], "curve": [{"v": 1}, {"v": 2}]}))
    [(step, metrics)] = readings(source)
    assert (step, metrics) == (7, {"acc": 0.03, "last": 2.0})
    assert isinstance(metrics["acc"], Proportion)


def test_results_of_an_earlier_run_are_not_this_trials(tmp_path: Path) -> None:
    path = tmp_path / "all_results.json"
    path.write_text('{"val_loss": 0.1}')
    source = files(path)
    assert readings(source, last=True) == []
    path.write_text('{"val_loss": 0.25}')
    assert readings(source, last=True) == [(None, {"val_loss": 0.25})]


def test_a_document_that_is_just_being_written_is_read_later(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    source = files(path)
    path.write_text('{"log_history": [{"step": 1, "loss": 3')
    assert readings(source) == []
    path.write_text('{"log_history": [{"step": 1, "loss": 3}, {"step": 1, "eval_loss": 2}]}')
    assert readings(source) == [(1, {"loss": 3.0}), (1, {"eval_loss": 2.0})]
    path.write_text('{"log_history": [{"step": 1, "loss": 3}, {"step": 1, "eval_loss": 2}, {"step": 2, "loss": 1}]}')
    assert readings(source) == [(2, {"loss": 1.0})]


def test_columns_are_named_by_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,val loss,name\n1,9,x\n")
    known, new = files(path), files(tmp_path / "new.tsv")
    with path.open("a") as log:
        log.write("2,0.5,y\n3,,z\n")
    (tmp_path / "new.tsv").write_text("step\tloss\n10\t0.5\n")
    assert readings(known) == [(2, {"val loss": 0.5})]
    assert readings(new) == [(10, {"loss": 0.5})]


def test_logs_beside_the_output_are_read_like_it(tmp_path: Path) -> None:
    source = files(tmp_path / "logs" / "*.log")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "train.log").write_text("step 3 val loss: 0.5\n")
    assert readings(source) == [(3, {"val_loss": 0.5})]


def test_tensorboards_files_are_followed(tmp_path: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    source = files(tmp_path / "runs")
    writer = EventFileWriter(str(tmp_path / "runs"))
    for step in (1, 2):
        values = [Summary.Value(tag="loss", simple_value=step / 2), Summary.Value(tag="acc", simple_value=step)]
        writer.add_event(Event(step=step, summary=Summary(value=values)))
        writer.flush()
        assert readings(source) == [(step, {"loss": step / 2, "acc": float(step)})]
    writer.close()
    assert readings(files(tmp_path / "runs")) == []  # what is there belongs to an earlier trial


@pytest.mark.parametrize(
    ("path", "value"), [("a.b", 1), ("c.0", 2), ("c[-1].d", 3), ("e.f", None), ("x.y", 4), ("c.9", None)]
)
def test_paths_into_a_document(path: str, value: Any) -> None:
    assert value_at_path({"a": {"b": 1}, "c": [2, {"d": 3}], "x.y": 4}, path) == value


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([".json", ".jsonl", ".csv", ".log", ".tsv"]))
def test_no_content_breaks_a_source(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("files") / f"log{suffix}"
    source = files(path)
    path.write_bytes(data)
    list(source.read())
    list(source.read(last=True))


@pytest.mark.parametrize(
    ("document", "readings"),
    [
        (
            {"config": {"lr": 1}, "history": [{"epoch": 1, "loss": 2}], "best": 2},
            [(1, {"loss": 2}), (None, {"best": 2})],
        ),
        ({"loss": [3, 2, 1], "val_loss": [4, 3, 2]}, [(n, {"loss": 4 - n, "val_loss": 5 - n}) for n in (1, 2, 3)]),
        ({"log_history": [{"step": 5, "loss": 2}], "best_metric": 1}, [(5, {"loss": 2})]),
        ({"acc": [90, 100], "lr": 0.1}, [(None, {"acc": 0.9, "lr": 0.1})]),
    ],
    ids=["a history beside settings", "keras", "transformers", "k of n"],
)
def test_the_curve_of_a_document_is_found(tmp_path: Path, document: Any, readings: Any) -> None:
    source = files(tmp_path / "r.json")
    (tmp_path / "r.json").write_text(json.dumps(document))
    assert [(one.step, dict(one.metrics)) for one in source.read(last=True)] == readings


FOUND_IN = {
    "log.jsonl": (b'{"step": 1, "val/acc": 0.5}\n', 'metrics = ["{trial_dir}/log.jsonl"]'),
    "out/results.csv": (b"step,val/acc\n1,0.5\n", 'metrics = ["{trial_dir}/out/results.csv"]'),
    "events.out.tfevents.1.box": (b"\x08\x01\x12\x0bval/acc\x15", 'metrics = ["{trial_dir}"]'),
    "runs/Nov29_20-56/events.out.tfevents.1.box": (b"\x0a\x07val/acc\x15", 'metrics = ["{trial_dir}/runs"]'),
    "events.out.tfevents.2.box": (b"\x0a\x07val/loss\x15", ""),
    "weights.bin": (b"val/acc", ""),
}


@pytest.mark.parametrize("name", FOUND_IN)
def test_a_file_that_holds_the_missing_objective_is_named_with_the_line_that_reads_it(
    name: str, tmp_path: Path
) -> None:
    content, line = FOUND_IN[name]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(content)
    entries = [f'metrics = ["{entry}"]' for _, entry in unread_files(tmp_path, "val/acc")]
    assert entries == ([line] if line else [])


@pytest.mark.parametrize(
    "name", ["log.jsonl", "out/results.csv", "scores.json", "runs/events.out.tfevents.1.box", "config.json"]
)
def test_an_objective_that_nobody_reports_is_read_from_the_files_of_the_trial(name: str, tmp_path: Path) -> None:
    run = make(tmp_path / "run", "command", {}, objectives=["val/acc"])
    trial, writer = context(run)
    spec = read_command_spec({"command": ["python", "t.py"]})
    observer = ScriptObserver(spec, trial, lambda text, _: text, tmp_path, tmp_path / "reports")
    output = tmp_path / "output"
    (output / name).parent.mkdir(parents=True)
    if "tfevents" in name:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        board = EventFileWriter(str((output / name).parent))
        for step in (1, 2):
            values = [Summary.Value(tag="val/acc", simple_value=0.25 * step), Summary.Value(tag="n", simple_value=1.0)]
            board.add_event(Event(step=step, summary=Summary(value=values)))
        board.close()
    else:
        table = {"log.jsonl": '{"step": 1, "val/acc": 0.5}\n', "out/results.csv": "step,val/acc\n1,0.5\n"}
        (output / name).write_text(table.get(name, '{"val": {"acc": 0.5, "loss": 0.75}}'))
    told = list(observer.read_missing(output))
    writer.flush()
    is_read = name != "config.json"
    assert observer.collector.last_values() == ({"val/acc": 0.5} if is_read else {})
    assert ["at the end" in text for text in told] == ([True] if is_read else [])
    assert not list(observer.read_missing(output)) or not is_read
