"""Settings in an output are no metrics, wherever and however they are printed; what is measured beside them is one."""

from __future__ import annotations

import itertools
import json
import pprint
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.metrics.lines import LineReader
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)
SETTINGS = {"lr": 0.1, "width": 64, "loss_scale": 0.5, "beta": 0.9, "clip": 1.0}


def object_of(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: f"{name}({', '.join(f'{key}={value!r}' for key, value in values.items())})"


FORMS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "namespace": object_of("Namespace"),
    "dataclass": object_of("TrainConfig"),
    "behind a logger": lambda values: f"2024-01-02 03:04:05 INFO train.py:12 {object_of('Namespace')(values)}",
    "arguments": object_of("TrainingArguments"),
    "behind args": lambda values: "args: " + " ".join(f"{key}={value}" for key, value in values.items()),
    "best": lambda values: f"Best params: {dict(values)}",
    "hyperparameters": lambda values: f"Hyperparameters: {json.dumps(values)}",
}
BLOCKS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "dictionary": str,
    "pprint": lambda values: pprint.pformat(dict(values), width=20),
    "json": lambda values: json.dumps(values, indent=2),
    "lines": lambda values: "\n".join(f"{key} : {value}" for key, value in values.items()),
    "rows": lambda values: "\n".join(f"| {key} | {value} |" for key, value in values.items()),
    "logger": lambda values: "\n".join(f"2024-01-02 10:00:00 INFO {key}: {value}" for key, value in values.items()),
    "yaml": lambda values: "model:\n" + "\n".join(f"  {key}: {value}" for key, value in values.items()),
}
TRAINING = "Epoch {n} loss 0.5 val_loss: 0.6{n}\n"
LOADING = (
    "\rLoading checkpoint shards: 100%|####| 2/2 [00:01<00:00]\n\rMap: 100%|####| 9/9 [00:01<00:00, 9 examples/s]\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("settings")
    with open_store(folder) as store:
        yield folder, store


def recorded(place: tuple[Path, Store], text: str, name: str = "val_loss") -> tuple[Script, set[str]]:
    one = Script(*place, next(NEXT), name)
    one.begin()
    one.say(text.encode())
    one.end()
    return one, set(one.store.read.metric_names(one.number))


@pytest.mark.parametrize("form", [*FORMS, *BLOCKS])
def test_settings_before_training_are_facts(place: tuple[Path, Store], form: str) -> None:
    shown = {**FORMS, **BLOCKS}[form](SETTINGS)
    for before in ("", LOADING):
        one, names = recorded(place, f"{before}{shown}\n{TRAINING.format(n=1)}{TRAINING.format(n=2)}")
        assert names == {"val_loss", "loss"}, shown
        assert [step for step, _ in one.curve()] == [1, 2]
        assert one.store.read.trial(one.number).facts["printed_settings"]["width"] == 64


@pytest.mark.parametrize("form", FORMS)
def test_objects_of_settings_are_no_metrics_after_the_first_step(place: tuple[Path, Store], form: str) -> None:
    text = f"{TRAINING.format(n=1)}{FORMS[form](SETTINGS)}\n{TRAINING.format(n=2)}"
    assert recorded(place, text)[1] == {"val_loss", "loss"}
    measured = {**SETTINGS, "val_acc": 0.75}
    one, names = recorded(place, f"{TRAINING.format(n=1)}{FORMS[form](measured)}\n", "val_acc")
    assert one.values() == [0.75]
    assert names == {"val_loss", "loss", "val_acc"}


COUNTS = ("  Num examples = 277", "  Batch size = 8", "Number of training examples: 500", "seed: 42",
          "Total optimization steps = 39",
          "  Instantaneous batch size per device = 8", "vocab_size=30522", "Epoch 0: adjusting learning rate of"
          " group 0 to 1.0000e-01.")  # fmt: skip


@pytest.mark.parametrize("line", COUNTS)
def test_what_is_counted_is_no_metric(place: tuple[Path, Store], line: str) -> None:
    for prefix in ("", "11/30/2024 10:00:00 - INFO - __main__ - "):
        text = f"{TRAINING.format(n=1)}{prefix}***** Running Evaluation *****\n{prefix}{line}\n{TRAINING.format(n=2)}"
        assert recorded(place, text)[1] == {"val_loss", "loss"}


@pytest.mark.parametrize(("aim", "measure"), [*itertools.product(("target", "min_delta"), ("acc", "loss", "f1"))])
def test_an_aim_is_no_measure(place: tuple[Path, Store], aim: str, measure: str) -> None:
    assert recorded(place, f"{aim}_{measure}: 0.95\n{TRAINING.format(n=1)}")[1] == {"val_loss", "loss"}


def test_a_bar_of_training_counts(place: tuple[Path, Store]) -> None:
    for label in ("Epoch 1", "Training", "Processing"):
        one, _ = recorded(place, f"\r{label}: 50%|##  | 5/10 [00:01<00:01, 5it/s, val_loss=0.5]\n")
        assert one.curve() == [(5, 0.5)]


@pytest.mark.parametrize("form", FORMS)
def test_a_script_without_steps_has_its_settings_as_facts(place: tuple[Path, Store], form: str) -> None:
    for shown in (f"{FORMS[form](SETTINGS)}\nval_acc: 0.75\n", f"val_acc: 0.75\n{FORMS[form](SETTINGS)}\n"):
        one, names = recorded(place, shown, "val_acc")
        assert names == {"val_acc"}, shown
        assert one.store.read.trial(one.number).facts["printed_settings"]["width"] == 64


PREPARING = ("Map", "Filter", "Tokenizing train", "Generating splits", "Epoch 1", "Train")
IN_LABEL = ("num_proc=1", "num_proc=16", "num_proc=4, batch_size=32", "k=5", "fold = 2", "num_workers=-1")


@pytest.mark.parametrize(("label", "shown"), list(itertools.product(PREPARING, IN_LABEL)))
def test_a_setting_in_parentheses_of_a_label_is_no_metric(label: str, shown: str) -> None:
    reader = LineReader(["val_loss"])
    for bar in (
        f"{label} ({shown}):  50%|##  | 500/1000 [00:01<00:01, 400.00 examples/s]",
        f"{label} ({shown}): 0%|  | 0/9",
    ):
        assert all(not reading.metrics for reading in reader.read_all(bar))
    (reading,) = reader.read_all(f"{label} ({shown}):  50%|##  | 5/10 [00:01<00:01, 5it/s, val_loss=0.5]")
    assert dict(reading.metrics) == {"val_loss": 0.5}


@pytest.mark.parametrize("label", ["Train", "Epoch 1", "Playing"])
def test_metrics_and_counters_in_parentheses_of_a_label_stay(label: str) -> None:
    for name, value in itertools.product(("val_loss", "acc", "f1", "moves"), (3, 0.25)):
        (reading,) = LineReader(["moves"]).read_all(
            f"{label} ({name}={value}, k=5):  50%|##  | 5/10 [00:01<00:01, 5it/s]"
        )
        assert dict(reading.metrics) == {name: value}
    (reading,) = LineReader().read_all("Train (epoch=3):  50%|##  | 5/10 [00:01<00:01, 5it/s, loss=0.5]")
    assert dict(reading.metrics) == {"loss": 0.5}


FOLDERS = ("", "../torch/csrc/utils/", "../aten/src/ATen/native/", "/usr/lib/python3/site-packages/")
FILES = ("pytree.cpp", "Conv.cu", "socket.h", "train.py", "kernel_loss.cc", "a-b.rs")
AROUND = (
    "UserWarning: words (Triggered internally at {place}.)",
    "warnings.warn('words triggered internally w/ pytorch {place}.')",
    "[rank0]: words (function operator() triggered internally w/ pytorch at  {place}.)",
    "Exception raised from launch at {place} (most recent call first):",
    "words in {place}, and nothing else",
    "error in {place}",
    "unknown loss in {place}. words",
)


@pytest.mark.parametrize(("folder", "file", "around"), list(itertools.product(FOLDERS, FILES, AROUND)))
def test_the_number_of_a_line_of_source_is_no_value(folder: str, file: str, around: str) -> None:
    for number in ("8", "820", "12345"):
        reader = LineReader(["val_loss"])
        assert reader.read_all(around.format(place=f"{folder}{file}:{number}")) == []
        (reading,) = reader.read_all("Epoch 1 loss 0.5 val_loss: 820.")
        assert dict(reading.metrics) == {"loss": 0.5, "val_loss": 820}
        (reading,) = reader.read_all(f"Accuracy of {folder}{file}: 0.9")
        assert 0.9 in reading.metrics.values()
