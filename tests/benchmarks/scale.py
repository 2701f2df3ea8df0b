"""Verbs on large studies, each in a process of its own.   python -m tests.benchmarks.scale [NAME …]

Prints wall and CPU time of each and what is promised, which an idle machine must keep. `wide` is a study of 200 trials
with 5,000 parameters, `long` one of 20,000 trials, `curve` a trial of 400,000 points, `listed` a real study of 1,000
listed toy trials with two slots.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path

from hptui import studyfile
from hptui.core.trial import Attempt, AttemptState
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.benchmarks import report
from tests.benchmarks.common import machine, scratch
from tests.results import seeds

WIDE_PARAMETERS, WIDE_TRIALS = 5_000, 200
LONG_TRIALS = 20_000
CURVE_POINTS = 400_000
LISTED_TRIALS = 1_000


def timed(home: Path, *words: str) -> tuple[float, float]:
    """The wall time of a verb and its CPU time, start of the interpreter included; not that of a runner."""
    started, used = time.perf_counter(), cpu_of_children()
    command = [sys.executable, "-m", "hptui", "--home", str(home), *words]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started, cpu_of_children() - used


def cpu_of_children() -> float:
    """CPU seconds of the children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def show(what: str, times: tuple[float, float], promised: float) -> None:
    print(f"{what}: {times[0]:.2f} s, CPU {times[1]:.2f} s (promised: {promised:g} s)", flush=True)


def wide(home: Path) -> None:
    names = [f"p{number:04d}" for number in range(WIDE_PARAMETERS)]
    space = "".join(f"{name} = {{ low = 0.0, high = 1.0 }}\n" for name in names)
    settings = "".join(f"{name} = 0.5\n" for name in names)
    text = f"""name = "wide"
[objective]
metric = "loss"
[trainer]
kind = "command"
command = ["true", "{{args}}"]
{settings}
[space]
{space}
[search]
sampler = "random"
trials = {WIDE_TRIALS}
"""
    study = studyfile.read_text(text, directory=str(home))
    rng = random.Random(1)
    sd = StudyDir.for_study(home, study.name)
    with Store.create(sd, studyfile.to_json(study), study.name) as store, store.transaction():
        for number in range(WIDE_TRIALS):
            params = {name: rng.random() for name in names}
            trial = seeds.one(number, params, {"loss": params["p0000"] + 0.1 * rng.random()})
            store.insert_trial(replace(trial, revision=1))
            token = uuid.uuid4().hex
            store.insert_attempt(Attempt(token, number, 1, AttemptState.DONE, started=seeds.START, seconds=240.0))
            last = (trial.values or {})["loss"]
            points = [("loss", step, last + 1 / step - 1 / 10, None, float(step)) for step in range(1, 11)]
            store.ingest(token, number, 1, points, offset=1, sequence=1)
    show(f"trials, {WIDE_PARAMETERS:,} parameters", timed(home, "trials", "wide"), 3)
    show(f"report, {WIDE_PARAMETERS:,} parameters", timed(home, "report", "wide"), 20)


def long(home: Path) -> None:
    sd = report.fill(home, LONG_TRIALS)
    show(f"report, {LONG_TRIALS:,} trials", timed(home, "report", sd.name), 8)
    show(f"trials, {LONG_TRIALS:,} trials", timed(home, "trials", sd.name), 8)


def curve(home: Path) -> None:
    sd = report.fill(home, 1)
    with Store.open(sd) as store:
        [attempt] = store.read.attempts()
        points = [("loss", step, 1.0 / step, None, step / 10) for step in range(100, CURVE_POINTS)]
        store.ingest(attempt.token, 0, 1, points, offset=2, sequence=2)
    show(f"show --json, {CURVE_POINTS:,} points", timed(home, "show", sd.name, "0", "--json"), 2)


def listed(home: Path) -> None:
    trials = "".join(f"[[trial]]\nset = {{ width = {number % 60 + 4} }}\n" for number in range(LISTED_TRIALS))
    path = home / "listed.toml"
    home.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""name = "listed"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 1
step_seconds = 0.0
[search]
sampler = "list"
baseline = false
[resources]
parallel = 2
{trials}"""
    )
    wall, _ = timed(home, "run", str(path))
    print(f"a listed toy trial of {LISTED_TRIALS:,}, two slots: {wall / LISTED_TRIALS:.3f} s (promised: 0.04 s)")


def main(names: list[str]) -> None:
    print(machine())
    for name in names or ["wide", "long", "curve", "listed"]:
        with scratch() as folder:
            {"wide": wide, "long": long, "curve": curve, "listed": listed}[name](folder / "home")


if __name__ == "__main__":
    main(sys.argv[1:])
