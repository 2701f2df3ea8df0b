"""What goes to a tracker that nothing reads is no objective: the file says what the script would have to print."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script
from hptui.scripts.inspect import InspectedScript, inspect_script

HEAD = """import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
a = p.parse_args()
"""
SENDING = {
    "swanlab": ("import swanlab\nswanlab.init(project='x')\n", "swanlab.log({{'{0}': f(a.lr)}})"),
    "swanlab run": ("import swanlab as sw\nrun = sw.init()\n", "run.log({{'{0}': f(a.lr)}}, step=n)"),
    "comet": ("from comet_ml import Experiment\nex = Experiment()\n", "ex.log_metric('{0}', f(a.lr), step=n)"),
    "comet table": ("import comet_ml\nex = comet_ml.start()\n", "ex.log_metrics({{'{0}': f(a.lr)}}, epoch=n)"),
    "neptune": ("import neptune\nrun = neptune.init_run()\n", "run['{0}'].append(f(a.lr))"),
    "neptune before": ("import neptune.new as neptune\nr = neptune.init()\n", "r['{0}'].log(f(a.lr))"),
    "aim": ("from aim import Run\nr = Run()\n", "r.track(f(a.lr), name='{0}', step=n)"),
    "clearml": (
        "from clearml import Task\nt = Task.init()\nlog = t.get_logger()\n",
        "log.report_scalar('{0}', 'a', f(a.lr), n)",
    ),
    "dvclive": ("from dvclive import Live\nlive = Live()\n", "live.log_metric('{0}', f(a.lr))"),
    "accelerate": (
        "from accelerate import Accelerator\nacc = Accelerator(log_with='all')\n",
        "acc.log({{'{0}': f(a.lr)}}, step=n)",
    ),
}


def seen(folder: Path, source: str) -> InspectedScript:
    (folder / "train.py").write_text(source)
    return inspect_script(folder / "train.py")


@pytest.mark.parametrize("tracker", SENDING)
@pytest.mark.parametrize("name", ["val_acc", "val/loss"])
@pytest.mark.parametrize("prints", ["", "    print(f'epoch {n} loss {train():.4f}')\n"])
def test_what_a_tracker_alone_gets_is_not_offered_as_read(tracker: str, name: str, prints: str, tmp_path: Path) -> None:
    made, sent = SENDING[tracker]
    script = seen(tmp_path, f"{HEAD}{made}for n in range(3):\n    {sent.format(name)}\n{prints}")
    assert not any(name in metric for metric in script.metrics)
    assert script.metrics == (["loss"] if prints else [])
    [first, *_] = script.unread
    assert first.startswith(name)
    text, _ = study_file_of_script(tmp_path / "train.py", tmp_path)
    assert f"{first} goes to {script.unread[first]} alone" in text
    assert f'metric = "{"loss" if prints else first}"' in text
    assert f'goal = "{"maximize" if "acc" in first and not prints else "minimize"}"' in text


@pytest.mark.parametrize(("tracker", "name"), list(itertools.product(SENDING, ["val_acc", "val/loss"])))
def test_what_is_printed_as_well_is_read(tracker: str, name: str, tmp_path: Path) -> None:
    made, sent = SENDING[tracker]
    lines = f"    {sent.format(name)}\n    print('{name}:', f(a.lr))\n"
    script = seen(tmp_path, f"{HEAD}{made}for n in range(3):\n{lines}")
    assert [metric.replace("/", "_") for metric in script.metrics] == [name.replace("/", "_")]
    assert script.unread == {}


def test_the_loggers_of_a_library_that_also_tracks_are_shown(tmp_path: Path) -> None:
    source = "from accelerate import Accelerator\nfrom accelerate.logging import get_logger\nlogger = get_logger('x')\n"
    script = seen(tmp_path, f"{HEAD}{source}for n in range(3):\n    logger.info(f'val_loss: {{f(a.lr)}}')\n")
    assert script.metrics == ["val_loss"]
