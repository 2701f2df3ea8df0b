"""What progress bars of ignite show is an objective where it is the value of one set of data."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.scripts.inspect import InspectedScript, inspect_script

HEAD = """import argparse
from ignite.engine import create_supervised_trainer, create_supervised_evaluator, Events
from ignite.metrics import Accuracy, RunningAverage
from ignite.handlers import ProgressBar
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
trainer = create_supervised_trainer(m, o, f)
scores = {"accuracy": Accuracy()}
evaluator = create_supervised_evaluator(m, metrics=scores)
"""


def seen(folder: Path, source: str) -> InspectedScript:
    (folder / "train.py").write_text(source)
    return inspect_script(folder / "train.py")


@pytest.mark.parametrize("attached", ["RunningAverage(output_transform=g).attach(trainer, 'loss')",
                                      "r = RunningAverage(output_transform=g)\nr.attach(trainer, 'loss')"])  # fmt: skip
@pytest.mark.parametrize(
    "bar", ["ProgressBar().attach(trainer, {0})", "b = ProgressBar(persist=True)\nb.attach(trainer, {0})"]
)
@pytest.mark.parametrize("names", ["['loss']", "'all'", "metric_names=['loss']", "metric_names='all'"])
def test_a_running_average_in_a_bar_is_read(attached: str, bar: str, names: str, tmp_path: Path) -> None:
    script = seen(tmp_path, f"{HEAD}{attached}\n{bar.format(names)}\n")
    assert script.metrics == ["loss"]


@pytest.mark.parametrize("event", ["", ", event_name=Events.EPOCH_COMPLETED, closing_event_name=Events.COMPLETED"])
@pytest.mark.parametrize("runs", [("val",), ("train", "val")])
@pytest.mark.parametrize("names", ["['accuracy']", "'all'"])
def test_a_metric_in_a_bar_counts_where_it_has_a_value_of_one_set_of_data(
    event: str, runs: tuple[str, ...], names: str, tmp_path: Path
) -> None:
    bar = f"ProgressBar().attach(evaluator, {names}{event})\n"
    script = seen(tmp_path, f"{HEAD}{bar}" + "".join(f"evaluator.run({data})\n" for data in runs))
    assert script.metrics == (["accuracy"] if event and len(runs) == 1 else [])


def test_what_a_bar_makes_of_the_output_of_a_step_is_read(tmp_path: Path) -> None:
    script = seen(tmp_path, f"{HEAD}ProgressBar().attach(trainer, output_transform=lambda x: {{'train_loss': x}})\n")
    assert script.metrics == ["train_loss"]


@pytest.mark.parametrize("logger", ["NeptuneLogger", "ClearMLLogger", "VisdomLogger"])
def test_what_a_handler_sends_to_a_tracker_is_not_read(logger: str, tmp_path: Path) -> None:
    lines = f"from ignite.handlers import {logger}\nlog = {logger}()\n"
    lines += "log.attach_output_handler(evaluator, Events.EPOCH_COMPLETED, tag='val', metric_names=['accuracy'])\n"
    script = seen(tmp_path, HEAD + lines)
    assert script.metrics == []
    assert list(script.unread) == ["val/accuracy"]
