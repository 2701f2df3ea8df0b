"""Attempt directories written by hand, and workers run on them, as a runner would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hptui.store.run_directory import EventWriter, RunDir, join_nonfinite
from hptui.trainers.context import TrialContext
from tests import support

ROOT = Path(__file__).resolve().parents[2]


def make(study: Path, kind: str, settings: dict[str, Any], *, number: int = 0, attempt: int = 1, **over: Any) -> RunDir:
    """The directory of an attempt with its config.json. `study` also is the study file's directory."""
    trial = study / "trials" / f"{number:04d}"
    run = RunDir(trial / f"attempt-{attempt}")
    run.root.mkdir(parents=True)
    config = {
        "token": f"{number}-{attempt}",
        "study": study.name,
        "trial": number,
        "attempt": attempt,
        "seed": 0,
        "kind": kind,
        "directory": str(study),
        "settings": settings,
        "params": {},
        "objectives": ["loss"],
        "checkpoints": str(trial / "checkpoints"),
        "artifacts": str(trial / "artifacts"),
        "cache": str(study / "cache"),
        "trial_dir": str(trial),
        "keep_checkpoints": 2,
        "threads": 1,
        "device": "cpu",
        "try_steps": None,
    }
    run.config.write_text(json.dumps({**config, **over}))
    return run


def context(run: RunDir, terminated: Callable[[], bool] = lambda: False) -> tuple[TrialContext, EventWriter]:
    """A context in this process, and the writer behind it."""
    events = EventWriter(run.events, threaded=False)
    return TrialContext(run, json.loads(run.config.read_text()), events, terminated), events


def start(*runs: RunDir, **environment: str) -> subprocess.Popen[str]:
    """A worker in a process of its own."""
    folders = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return subprocess.Popen(
        [sys.executable, "-m", "hptui.trainers.worker", *(str(run.root) for run in runs)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *folders]), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def work(run: RunDir, seconds: float = 120, *, code: int = 0, **environment: str) -> dict[str, Any]:
    """Run a worker to its end, at most so many seconds; its last event, and what it printed as `log`."""
    with start(run, **environment) as process:
        log, _ = process.communicate(timeout=seconds)
    assert process.returncode == code, log
    return {**events(run)[-1], "log": log} if code == 0 else {"log": log}


def events(run: RunDir, kind: str = "") -> list[dict[str, Any]]:
    """The whole lines of events.jsonl, of one kind if wanted, or all but heartbeats, which come by the clock."""
    if not run.events.exists():
        return []
    lines = run.events.read_text().split("\n")[:-1]
    found = map(json.loads, lines)
    return [event for event in found if (event["k"] == kind if kind else event["k"] != "heartbeat")]


def curve(run: RunDir, *names: str) -> dict[int, tuple[float, ...]]:
    """Metrics by step, as reported; without names, all but speeds."""
    found = {}
    for event in events(run, "metrics"):
        values = join_nonfinite(event["m"], event.get("nonfinite") or {})
        values.pop("tokens_per_second", None)
        found[event["step"]] = tuple(values.get(name, -1.0) for name in names) if names else tuple(values.values())
    return found


until = partial(support.until, seconds=60.0, every=0.002)
