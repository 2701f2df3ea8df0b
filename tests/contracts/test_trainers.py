"""Every built-in trainer keeps what a trainer promises: the suite that is shipped for those of other packages."""

import ast
import sys
from pathlib import Path

import pytest

from hptui import plugins
from hptui.testing.trainers import TrainerContract


class TestToy(TrainerContract):
    trainer = "toy"

    def settings(self, directory):
        return {"steps": 8, "noise": 0.05, "checkpoint_every": 3}


class TestCharlm(TrainerContract):
    trainer = "charlm"
    objective = "val_loss"
    stop_after = 2

    def settings(self, directory):
        text = Path(ast.__file__).read_text(encoding="utf-8")[:20_000]
        (directory / "text.txt").write_text(text, encoding="utf-8")
        sizes = {"num_layers": 1, "model_dim": 16, "num_heads": 2, "max_seq_len": 16, "batch_size": 4}
        return {**sizes, "steps": 10, "eval_every": 2, "eval_batches": 1, "sample_chars": 20, "text": "text.txt"}


SCRIPT = """
import argparse, json, pathlib, time
import hptui
parser = argparse.ArgumentParser()
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--lr", type=float)
parser.add_argument("--resume", type=pathlib.Path)
options = parser.parse_args()
begin = json.loads(options.resume.read_text())["step"] if options.resume else 0
for step in range(begin + 1, 6):
    time.sleep(0.5)
    hptui.report(step, loss=options.lr / step)
    (options.directory / "checkpoint.json").write_text(json.dumps({"step": step}))
    if hptui.should_stop():
        break
"""


class TestCommand(TrainerContract):
    trainer = "command"
    stop_after = 2
    ignores_unknown = True  # they are parameters of the script

    def settings(self, directory):
        (directory / "train.py").write_text(SCRIPT)
        resume = {"checkpoint": "{trial_dir}/checkpoint.json", "resume_flag": "--resume {checkpoint}"}
        return {"command": [sys.executable, "train.py", "{trial_dir}"], "lr": 0.5, **resume}


@pytest.mark.slow
@pytest.mark.timeout(1800)
class TestSft(TrainerContract):
    """Each attempt loads torch and transformers; resuming and stopping of `sft` are also tested in trainers/sft."""

    trainer = "sft"
    objective = "eval_loss"
    stop_after = 2

    def settings(self, directory):
        from tests.trainers.sft import tiny

        if not (directory / "train.jsonl").exists():
            tiny.study(directory)
        return {**tiny.TINY, "steps": 10, "eval_every": 2}


def test_every_built_in_trainer_is_here():
    assert {kind.trainer for kind in TrainerContract.__subclasses__()} == set(plugins.names("trainers"))
