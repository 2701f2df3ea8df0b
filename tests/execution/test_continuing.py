"""A trial that goes on from another one's checkpoint: it begins there or not at all, and counts as what it is."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from hptui.core.errors import UserError
from hptui.core.trial import Reason, TrialStatus
from hptui.execution.stages import StageState, trials_for_engine
from hptui.operations.steer import send_command
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from tests.support import hptui, run_to_rest, toy, trial

CHARLM = """
name = "letters"
[objective]
metric = "val_loss"
[trainer]
kind = "charlm"
model_dim = 8
num_layers = 1
num_heads = 1
dropout = 0.2
max_seq_len = 16
batch_size = 4
steps = 8
checkpoint_every = 4
eval_every = 4
eval_batches = 1
sample_chars = 0
threads = 1
text = "text.txt"
[space]
learning_rate = { low = 1e-4, high = 1e-2, log = true }
[search]
sampler = "random"
trials = 1
"""


@pytest.fixture
def saved(home: Path, tmp_path: Path) -> StudyDir:
    """A study of the toy whose trials have left checkpoints at step 15 of 20."""
    return run_to_rest(home, toy(tmp_path, trials=2, steps=20, trainer="checkpoint_every = 5"))


def curve(sd: StudyDir, number: int, metric: str = "loss") -> dict[int, float | None]:
    with StoreReader.open(sd) as reader:
        return {step: value for step, value, *_ in reader.curve(number, metric)}


def test_it_goes_on_there_whatever_becomes_of_the_first(home: Path, saved: StudyDir) -> None:
    done = hptui(
        home, "add", "toy", "--like", "1", "--from-checkpoint", "steps=60", "learning_rate=0.0014", "--name=longer"
    )
    assert "trial 2 is queued: trial 1 continued at step 15 with steps=60" in done.stderr
    shutil.rmtree(saved.checkpoints(1))
    run_to_rest(home, "toy")
    one = trial(saved, 2)
    assert (one.status, one.name, one.continued_from) == (TrialStatus.COMPLETE, "longer", (1, 15))
    assert one.params == {**trial(saved, 1).params, "steps": 60, "learning_rate": 0.0014}
    assert sorted(curve(saved, 2)) == list(range(16, 61))
    assert one.values
    assert one.values["loss"] < min(trial(saved, n).values["loss"] for n in (0, 1))
    view = read_view(saved)
    assert view.best is not None
    assert view.best.number != 2, "its value is the work of two trials"
    heard = trials_for_engine(view.study, StageState(""), view.trials, view.base)
    assert [known.number for known in heard] == [0, 1], "no sampler learns from it"
    assert "trial 1 from step 15; not comparable" in hptui(home, "show", "toy", "longer").stdout
    assert "(continues trial 1 at step 15)" in _report(home)
    with pytest.raises(UserError, match="no seed repeats that"):
        send_command(saved, "repeat", {"trial": 2})


def _report(home: Path) -> str:
    hptui(home, "report", "toy", "-o", str(home / "report.md"))
    return (home / "report.md").read_text()


def test_it_never_begins_without_the_checkpoint_or_with_nothing_to_do(home: Path, saved: StudyDir) -> None:
    for steps in (60, 15):
        send_command(saved, "add", {"like": 1, "from_checkpoint": True, "params": {"steps": steps}})
    damaged = saved.starting_checkpoint(2) / "step-00000015" / "state.json"
    damaged.unlink()
    damaged.write_text('{"step": 55}')
    run_to_rest(home, "toy")
    for number, said in ((2, "damaged: state.json has"), (3, "nothing is left to train")):
        one = trial(saved, number)
        assert (one.status, one.reason) == (TrialStatus.FAILED, Reason.SETUP)
        assert said in one.message
        assert curve(saved, number) == {}


def test_what_cannot_be_gone_on_from_is_refused(home: Path, tmp_path: Path, saved: StudyDir) -> None:
    words = ("add", "toy", "--like", "1", "--from-checkpoint")
    refused = hptui(home, *words, "width=128")
    assert refused.returncode == 2
    assert "made with width = 64" in refused.stderr
    assert "--like" in hptui(home, "add", "toy", "--from-checkpoint").stderr
    assert "give one" in hptui(home, *words, "--preset", "x").stderr
    assert "say what to change" in hptui(home, "add", "toy", "--like", "1").stderr
    plain = run_to_rest(home, toy(tmp_path, "plain", trials=1, steps=2))
    with pytest.raises(UserError, match="left no checkpoint"):
        send_command(plain, "add", {"like": 0, "from_checkpoint": True})


def test_a_transformer_goes_on_to_the_bit_and_with_what_was_changed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(Path(ast.__file__).read_text(encoding="utf-8")[:5000], encoding="utf-8")
    (tmp_path / "letters.toml").write_text(CHARLM)
    sd = run_to_rest(home, tmp_path / "letters.toml")
    for changes in ({}, {"weight_decay": 0.5}):
        send_command(sd, "add", {"like": 0, "from_checkpoint": True, "params": changes})
    run_to_rest(home, "letters")
    first, same, other = (curve(sd, number, "train_loss") for number in range(3))
    assert same == {step: loss for step, loss in first.items() if step > 4}
    assert other.keys() == same.keys()
    assert other != same, "a checkpoint of the optimizer does not bring the old weight decay back"
    refused = hptui(home, "add", "letters", "--like", "0", "--from-checkpoint", "model_dim=16")
    assert "made with model_dim = 8" in refused.stderr
