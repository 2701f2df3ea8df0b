"""The gap between two trials: from the end of one to the first step of the next, warm and cold.

python -m tests.benchmarks.gap [--charlm] [--sft] [--ssh]

`--sft` measures fine-tunings of a tiny model instead: each in a process of its own, one after another in a host
(`pack = 1`), and two at once there, where the gap is the time in which none of them took a step. `--ssh` measures toy
trials at one place behind an sshd of its own on this machine, and here.
"""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

from hptui.store.paths import StudyDir
from tests.benchmarks.common import events, machine, percentile, scratch
from tests.support import run_to_rest, toy, trials

CHARLM = """
    name = "{name}"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "charlm"
    model_dim = 16
    num_layers = 1
    num_heads = 2
    max_seq_len = 32
    batch_size = 8
    steps = 5
    eval_every = 5
    eval_batches = 1
    sample_chars = 0
    train_chars = 50000
    [space]
    learning_rate = {{ low = 1e-4, high = 1e-2, log = true }}
    [search]
    trials = {trials}
"""


def gaps(sd: StudyDir) -> list[float]:
    """Seconds between the end event of a trial and the first metrics of the next."""
    found, ended = [], None
    for trial in trials(sd):
        history = events(sd, trial.number)
        first = next(event["wall"] for event in history if event["k"] == "metrics")
        if ended is not None:
            found.append(first - ended)
        ended = history[-1]["wall"]
    return found


SFT = """
    name = "{name}"
    [objective]
    metric = "eval_loss"
    goal = "minimize"
    [trainer]
    kind = "sft"
    model = "base"
    train = "train.jsonl"
    validation = "validation.jsonl"
    steps = 20
    log_every = 1
    eval_every = 20
    threads = 1
    max_length = 64
    [space]
    learning_rate = {{ low = 1e-4, high = 1e-2, log = true }}
    [search]
    sampler = "random"
    trials = {trials}
    [resources]
    {resources}
    min_free_gb = 0.0
"""
FORMS = {"own processes": "isolate = true", "pack = 1": "pack = 1", "pack = 2": "pack = 2"}


def pauses(sd: StudyDir) -> list[float]:
    """Seconds from the last report of a trial to the next of any other: nothing was computed meanwhile."""
    reports: list[tuple[float, int]] = []
    last: dict[int, float] = {}
    for trial in trials(sd):
        of_trial = [event["wall"] for event in events(sd, trial.number) if event["k"] == "metrics"]
        reports += [(wall, trial.number) for wall in of_trial]
        last[trial.number] = of_trial[-1]
    found = []
    for number, ended in last.items():
        if later := [wall for wall, other in reports if wall > ended and other != number]:
            found.append(min(later) - ended)
    return found


def measure_sft(folder: Path, home: Path, count: int = 12) -> None:
    """Print the pauses of each form."""
    from tests.trainers.sft import tiny  # torch

    tiny.study(folder)
    for name, resources in FORMS.items():
        path = folder / f"{name.replace(' ', '').replace('=', '-')}.toml"
        path.write_text(textwrap.dedent(SFT.format(name=path.stem, trials=count, resources=resources)))
        values = pauses(run_to_rest(home, path))
        p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
        print(f"sft {name:14} p50 {p50:6.3f} s   p95 {p95:6.3f} s   n={len(values)}", flush=True)


def measure(name: str, path: Path, home: Path, *, cold: bool) -> None:
    os.environ.pop("HPTUI_COLD", None)
    if cold:
        os.environ["HPTUI_COLD"] = "1"
    values = gaps(run_to_rest(home, path))
    p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
    print(f"{name:14} p50 {p50:6.3f} s   p95 {p95:6.3f} s   n={len(values)}")


SSH = """
[resources]
executor = "ssh"
gpus = 0
parallel = 1
min_free_gb = 0.0
[ssh]
hosts = ["box1"]
dir = "{far}"
"""


def measure_ssh(folder: Path, home: Path) -> None:
    """Print the gaps at a place behind an sshd, and those here."""
    from tests.sshd import running_sshd

    with running_sshd(folder / "sshd") as sshd:
        os.environ["HPTUI_SSH"] = sshd.ssh
        for name, rest in (("here", ""), ("ssh", SSH.format(far=folder / "far"))):
            path = toy(folder, name, steps=10, step_seconds=0.05, trials=30, rest=rest)
            measure(f"toy, {name}", path, home, cold=False)


def main() -> None:
    print(machine())
    with scratch() as folder:
        home = folder / "home"
        if "--sft" in sys.argv:
            measure_sft(folder, home)
            return
        if "--ssh" in sys.argv:
            measure_ssh(folder, home)
            return
        measure("toy warm", toy(folder, "warm", trials=30, sampler="tpe"), home, cold=False)
        measure("toy cold", toy(folder, "cold", trials=15, sampler="tpe"), home, cold=True)
        if "--charlm" in sys.argv:
            for name, cold, count in (("charlm warm", False, 12), ("charlm cold", True, 6)):
                path = folder / f"{name.replace(' ', '-')}.toml"
                path.write_text(textwrap.dedent(CHARLM.format(name=path.stem, trials=count)))
                measure(name, path, home, cold=cold)


if __name__ == "__main__":
    main()
