"""A whole study: a mistake in its data is found before a trial is spent; prepared once, its trials share tokens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from hptui.core.trial import Role, TrialStatus
from hptui.operations.check import check
from hptui.operations.dry_run import facts_summary, prepare_facts
from hptui.operations.run import run
from hptui.store.reader import StoreReader
from tests.support import events, hptui, rest, run_to_rest, state, trial, trials, until
from tests.trainers.sft import tiny

FILE = """
name = "tiny"
[objective]
metric = "eval_loss"
[trainer]
kind = "sft"
model = "base"
train = "train.jsonl"
validation = "validation.jsonl"
prompt_template = "{question}"
batch_size = 4
steps = 6
learning_rate = 1e-2
[space]
lora_rank = { choices = [2, 4] }
learning_rate = { low = 1e-3, high = 1e-2, log = true }
[search]
sampler = "random"
trials = 2
evaluate_base = true
"""


def asked(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**row, "question": row["prompt"]} for row in rows]


def test_a_study_is_prepared_once_and_its_trials_share_the_tokens(home: Path, study: Path) -> None:
    file = study / "tiny.toml"
    file.write_text(FILE)
    sd = run_to_rest(home, file)
    said = "the study cannot run (usage): prompt_template: the training data have no column 'question'"
    assert state(sd)[0] == "paused"
    assert state(sd)[1].startswith(said)
    assert {str(one.status) for one in trials(sd)} <= {"waiting"}

    tiny.write(study / "train.jsonl", asked([*tiny.rows(30), *tiny.rows(2, 200)]))
    tiny.write(study / "validation.jsonl", asked(tiny.rows(10, 200)))
    sd = run_to_rest(home, sd.name)
    base, *tuned = trials(sd)
    assert base.role is Role.BASE
    assert base.values is not None
    assert base.facts["parameters_trainable"] == 0
    assert len(tuned) == 2
    assert all(one.values and one.values["eval_loss"] < base.values["eval_loss"] for one in tuned)
    assert len(list(sd.cache.glob("tokens-*"))) == 1
    leaked, small = events(sd, "data")
    assert leaked.startswith("2 of 10 validation examples are also trained on")
    assert small.startswith("the validation set has 10 examples")
    with StoreReader.open(sd) as reader:
        facts = reader.study_facts()
    assert (facts["train_examples"], facts["validation_examples"], facts["validation_percent"]) == (32, 10, 23.81)
    assert facts["warnings"] == [leaked, small]
    assert facts["architecture"] == "LlamaForCausalLM"


def test_check_shows_sizes_and_doubts(study: Path) -> None:
    file = study / "tiny.toml"
    file.write_text(FILE.replace("{question}", "{prompt}"))
    found = prepare_facts(check(file).study)
    assert facts_summary(found.facts) == {
        "architecture": "LlamaForCausalLM",
        "train": "30 (75 %)",
        "validation": "10 (25 %)",
    }
    assert [warning[:34] for warning in found.warnings] == ["the validation set has 10 examples"]


GATE = """
import time
from pathlib import Path


def gate(predictions, references):
    if predictions == references:  # as it is tried before the first trial
        return 0.0
    here = Path(__file__).parent
    with (here / "calls").open("a") as file:
        file.write(".")
    call = (here / "calls").stat().st_size
    deadline = time.monotonic() + 100
    while not (here / f"go{call}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return 1.0
"""
INTERRUPTED = {
    "threads": 1,
    "steps": 12,
    "learning_rate": 1e-2,
    "lora_dropout": 0.2,
    "log_every": 1,
    "eval_every": 3,
    "save_every": 6,
    "generate_samples": 2,
    "generate_every": 4,
    "max_new_tokens": 3,
    "custom_metrics": ["gate.py:gate"],
}


def test_paused_and_killed_it_ends_as_if_nothing_had_been(home: Path, study: Path) -> None:
    """Through the command line: paused in step 4, its worker killed in step 8, resumed from that of step 6."""
    given = "\n".join(f"{name} = {json.dumps(value)}" for name, value in INTERRUPTED.items())
    file = study / "held.toml"
    file.write_text(
        f'name = "held"\n[objective]\nmetric = "eval_loss"\n[trainer]\nkind = "sft"\nmodel = "base"\n'
        f'train = "train.jsonl"\nvalidation = "validation.jsonl"\nbatch_size = 4\nlora_rank = 4\n{given}\n'
        '[[trial]]\nname = "only"\nset = {}\n[search]\nbaseline = false\n'
    )
    (study / "gate.py").write_text(GATE)
    calls = study / "calls"

    def called(times: int) -> None:
        until(lambda: calls.exists() and calls.stat().st_size >= times)

    sd = run(home, str(file)).sd
    called(1)
    pausing = subprocess.Popen([sys.executable, "-m", "hptui", "--home", str(home), "pause", "held"])
    until(lambda: (sd.attempt(0, 1) / "control").exists())
    (study / "go1").touch()
    assert pausing.wait(60) == 0
    rest(sd)
    assert (state(sd)[0], trial(sd, 0).status) == ("paused", TrialStatus.PAUSED)

    assert hptui(home, "resume", "held").returncode == 0
    called(2)
    kill_worker(sd.attempt(0, 2))
    called(3)
    for call in (3, 4, 5):
        (study / f"go{call}").touch()
    rest(sd)
    only = trial(sd, 0)
    assert (only.status, only.attempts, only.last_step) == (TrialStatus.COMPLETE, 3, 12)

    undisturbed = tiny.attempt(study, {**INTERRUPTED, "max_length": 1024, "lora_alpha": 32}, number=7)
    for call in (6, 7, 8):
        (study / f"go{call}").touch()
    tiny.train(undisturbed)
    with StoreReader.open(sd) as reader:
        for name in ("train_loss", "grad_norm", "eval_loss", "exact_match"):
            assert {step: value for step, value, _ in reader.curve(0, name)} == tiny.points(undisturbed, name)


def kill_worker(attempt: Path) -> None:
    """Kill whoever writes the events of an attempt."""
    writers = [
        int(entry.parent.parent.name)
        for entry in Path("/proc").glob("[0-9]*/fd/*")
        if linked(entry) == str(attempt / "events.jsonl")
    ]
    assert writers
    for pid in writers:
        os.kill(pid, signal.SIGKILL)


def linked(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        return ""


def test_a_trial_that_goes_on_from_anothers_checkpoint_trains_as_if_it_had_never_stopped(
    home: Path, study: Path
) -> None:
    file = study / "longer.toml"
    file.write_text(
        'name = "longer"\n[objective]\nmetric = "eval_loss"\n[trainer]\nkind = "sft"\nmodel = "base"\nthreads = 1\n'
        'train = "train.jsonl"\nvalidation = "validation.jsonl"\nbatch_size = 4\nlora_rank = 4\nlora_dropout = 0.2\n'
        'lr_schedule = "constant"\nlearning_rate = 1e-2\nsteps = 6\nsave_every = 4\nlog_every = 1\neval_every = 2\n'
        '[[trial]]\nname = "short"\nset = {}\n[[trial]]\nname = "whole"\nset = { steps = 10 }\n'
        "[search]\nbaseline = false\n"
    )
    sd = run_to_rest(home, file)
    done = hptui(home, "add", "longer", "--like", "short", "--from-checkpoint", "steps=10")
    assert "trial 0 continued at step 4 with steps=10" in done.stderr
    run_to_rest(home, "longer")
    assert [str(one.status) for one in trials(sd)] == ["complete"] * 3
    assert trial(sd, 2).continued_from == (0, 4)
    with StoreReader.open(sd) as reader:
        for metric in ("train_loss", "eval_loss"):
            whole, longer = (dict(point[:2] for point in reader.curve(number, metric)) for number in (1, 2))
            assert min(longer) > 4
            assert longer == {step: value for step, value in whole.items() if step > 4}
