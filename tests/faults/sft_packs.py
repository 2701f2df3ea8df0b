"""Real fine-tunings that share a process, under kills: who dies costs nobody else anything, and losses stay the same.

    python -m tests.faults.sft_packs FOLDER [--battles N]

Each battle is a study of six unlike LoRA trials on one base; one of them diverges. At random moments the host, its
shim, the runner, a worker or its shim is killed, or a trial is paused and resumed. In the end every trial must be as it
is alone: the losses to 1e-5, or failed as NaN. FOLDER has what was done and found, a line for each battle; the command
goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.trial import Reason, TrialStatus
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from tests.support import kill_all, rest, trials, until

STEPS, NAN = 40, 2
TRIALS: tuple[Mapping[str, Any], ...] = (
    {"learning_rate": 1e-2, "lora_rank": 4},
    {"learning_rate": 3e-3, "lora_rank": 8, "lora_dropout": 0.2},
    {"learning_rate": 1e30, "lora_rank": 2},
    {"learning_rate": 5e-3, "lora_rank": 2, "batch_size": 2, "gradient_accumulation": 2},
    {"learning_rate": 2e-2, "lora_rank": 4, "optimizer": "sgd"},
    {"learning_rate": 8e-3, "lora_rank": 16, "weight_decay": 0.1, "lora_alpha": 4},
)
CLOSE, LONG_S = 1e-5, 1800.0


def file_of(folder: Path, resources: str, count: int = len(TRIALS), steps: int = STEPS) -> Path:
    """The study file; `folder` is one of `tests.trainers.sft.tiny.study`."""
    listed = "".join(
        "[[trial]]\nset = { " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in one.items()) + " }\n"
        for one in TRIALS[:count]
    )
    path = folder / "packed.toml"
    path.write_text(
        f"""name = "packed"
[objective]
metric = "eval_loss"
goal = "minimize"
select = "last"
[trainer]
kind = "sft"
model = "base"
train = "train.jsonl"
validation = "validation.jsonl"
batch_size = 4
steps = {steps}
log_every = 1
eval_every = 20
save_every = 5
max_length = 64
lora_alpha = 8
[search]
sampler = "list"
baseline = false
seed = 3
[resources]
{resources}
lost_retries = 1000
min_free_gb = 0.0
{listed}"""
    )
    return path


def hosts(sd: StudyDir) -> list[tuple[int, int]]:
    """(shim, process) of the living hosts."""
    living = []
    for folder in sorted((sd.root / "packs").glob("[0-9]*")):
        facts = read_json(RunDir(folder).shim)
        if isinstance(facts, dict) and lock_is_held(RunDir(folder).lock):
            living.append((facts["shim"], facts["worker"]))
    return living


def kill(pid: int) -> bool:
    """Kill a process; return whether it was there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def kill_host(sd: StudyDir, draw: random.Random, part: int = 1) -> bool:
    """Kill a host (1) or its shim (0)."""
    living = hosts(sd)
    return bool(living) and kill(draw.choice(living)[part])


def kill_attempt(sd: StudyDir, draw: random.Random, part: str = "worker") -> bool:
    """Kill the worker of a running attempt, or its shim."""
    running = [trial for trial in trials(sd) if trial.status is TrialStatus.RUNNING and trial.number != NAN]
    if not running:
        return False
    trial = draw.choice(running)
    facts = read_json(RunDir(sd.attempt(trial.number, trial.attempts)).shim)
    return isinstance(facts, dict) and kill(facts[part])


def kill_runner(sd: StudyDir, draw: random.Random) -> bool:
    """Kill the runner, and start another one."""
    status = runner_status(sd)
    if not status["alive"] or not kill(int(status["pid"])):  # type: ignore[arg-type]
        return False
    until(lambda: not runner_status(sd)["alive"])
    run(sd.root.parent, sd.name)
    return True


def pause(sd: StudyDir, draw: random.Random) -> bool:
    """Pause a trial, and let it go on."""
    running = [trial for trial in trials(sd) if trial.status is TrialStatus.RUNNING and trial.number != NAN]
    if not running:
        return False
    number = draw.choice(running).number
    send_command(sd, "pause", {"trials": [number]}, wait=10.0)
    until(lambda: trials(sd)[number].status is not TrialStatus.RUNNING, seconds=LONG_S)
    send_command(sd, "resume", {"trials": [number]}, wait=10.0)
    return True


ACTS: Mapping[str, Callable[[StudyDir, random.Random], bool]] = {
    "host": kill_host,
    "shim of host": lambda sd, draw: kill_host(sd, draw, 0),
    "runner": kill_runner,
    "worker": kill_attempt,
    "shim": lambda sd, draw: kill_attempt(sd, draw, "shim"),
    "pause": pause,
}


def progress(sd: StudyDir) -> int:
    """Steps that all trials have taken together."""
    return sum(trial.last_step or 0 for trial in trials(sd))


def over(sd: StudyDir) -> bool:
    """Whether no trial is left to run."""
    return all(not trial.status.open for trial in trials(sd))


def battle(home: Path, file: Path, acts: list[str], seed: int) -> StudyDir:
    """Run a study under acts, each after some more steps; return it at rest."""
    draw = random.Random(seed)
    sd = run(home, str(file)).sd
    for act in acts:
        mark = progress(sd) + draw.randint(8, 30)
        until(lambda mark=mark: progress(sd) >= mark or over(sd), seconds=LONG_S)  # type: ignore[misc]  # bound now
        if over(sd):
            break
        ACTS[act](sd, draw)
    until(lambda: over(sd) or not runner_status(sd)["alive"], seconds=LONG_S)
    for _ in range(5):  # a trial that was paused while its runner was killed goes on
        if over(sd):
            break
        rest(run(home, sd.name).sd, LONG_S)
    return rest(sd, LONG_S)


def judge(sd: StudyDir, expected: Mapping[int, float]) -> list[str]:
    """What is not as it should be."""
    wrong = []
    for trial in trials(sd):
        if trial.number == NAN:
            if (trial.status, trial.reason) != (TrialStatus.FAILED, Reason.NAN):
                wrong.append(f"trial {trial.number}: {trial.status} {trial.reason} {trial.message}")
        elif trial.status is not TrialStatus.COMPLETE or not trial.values:
            wrong.append(f"trial {trial.number}: {trial.status} {trial.reason} {trial.message}")
        elif not math.isclose(trial.values["eval_loss"], expected[trial.number], rel_tol=CLOSE):
            wrong.append(f"trial {trial.number}: {trial.values} instead of {expected[trial.number]}")
    return wrong


def main() -> int:
    """Fight the battles that are missing; return 1 if one was lost."""
    from tests.trainers.sft import tiny  # torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--battles", type=int, default=20)
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    if not (folder / "base").exists():
        folder.mkdir(parents=True, exist_ok=True)
        tiny.study(folder)
    known, done = folder / "expected.json", folder / "battles.jsonl"
    if not known.exists():
        sd = rest(run(folder / "home-alone", str(file_of(folder, "isolate = true"))).sd, LONG_S)
        known.write_text(json.dumps({one.number: one.values["eval_loss"] for one in trials(sd) if one.values}))
    expected = {int(number): value for number, value in json.loads(known.read_text()).items()}
    fought = {json.loads(line)["seed"] for line in done.read_text().splitlines()} if done.exists() else set()
    lost = 0
    for seed in range(options.battles):
        if seed in fought:
            continue
        draw = random.Random(f"acts {seed}")
        acts = [draw.choice(list(ACTS)) for _ in range(draw.randint(2, 6))]
        home = folder / f"home-{seed}"
        sd = battle(home, file_of(folder, f"pack = {draw.choice((2, 4, 6))}"), acts, seed)
        wrong = judge(sd, expected)
        kill_all(home)
        line = {"seed": seed, "acts": acts, "wrong": wrong, "attempts": [one.attempts for one in trials(sd)]}
        with done.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        lost += bool(wrong)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
