"""Run a few steps of one configuration, in a process of its own and a temporary directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hptui.model.errors import NoUsableTrial
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.running import devices
from hptui.storage.rundir import RunDir, read_lines, write_json

TRY_TIMEOUT_S = 900.0  # time limit


@dataclass(frozen=True, slots=True)
class TrialRun:
    """Result of the steps: `end` is the end event, {} where there is none; `killed`: by SIGKILL, not by us."""

    events: list[dict[str, Any]]
    end: Mapping[str, Any]
    printed: str
    seconds: float
    killed: bool = False

    @property
    def complete(self) -> bool:
        """True when the steps ran without a failure."""
        return bool(self.end) and self.end["status"] != "failed"

    @property
    def failure(self) -> str:
        """Reason of the failure, in a line."""
        return f"{self.end['reason']}: {self.end['message']}" if self.end else "it ended without a word"


def run_steps(study: Study, params: Mapping[str, Value], steps: int, home: Path | None = None) -> TrialRun:
    """Run this number of `steps` with `params` over `[trainer]`, in the first slot of the study."""
    with tempfile.TemporaryDirectory(prefix="hptui-try-") as folder:
        run = RunDir(Path(folder, "attempt-1"))
        run.root.mkdir()
        slots = devices.slots_for(study.resources)
        write_json(run.config, _run_config(study, params, Path(folder), slots, steps))
        started = time.monotonic()
        process = _run_worker(run, study, slots[0], home)
        seconds = time.monotonic() - started
        events = [json.loads(line) for line in read_lines(run.events, 0, 1 << 24)[0]]
    end: Mapping[str, Any] = next((event for event in reversed(events) if event["k"] == "end"), {})
    return TrialRun(events, end, process.stdout + process.stderr, seconds, process.returncode == -signal.SIGKILL)


def _run_config(
    study: Study, params: Mapping[str, Value], folder: Path, slots: Sequence[devices.Slot], steps: int
) -> dict[str, Any]:
    return {
        "token": "try",
        "study": study.name,
        "trial": 0,
        "attempt": 1,
        "seed": study.search.seed,
        "role": "baseline",
        "kind": study.trainer.kind,
        "directory": study.directory,
        "settings": {**study.trainer.settings, **params},
        "params": dict(params),
        "objectives": [objective.metric for objective in study.objectives],
        "trial_dir": str(folder),
        "checkpoints": str(folder / "checkpoints"),
        "artifacts": str(folder / "artifacts"),
        "cache": str(folder / "cache"),
        "keep_checkpoints": 1,
        "threads": max(1, (os.cpu_count() or 1) // len(slots)),
        "device": "cuda" if slots[0].gpus else "",
        "try_steps": steps,
    }


def _run_worker(run: RunDir, study: Study, slot: devices.Slot, home: Path | None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hptui.trainers.worker", str(run.root)]
    cwd, env = study.directory or None, {**os.environ, **devices.slot_environment(slot)}
    env |= {"HPTUI_HOME": str(home)} if home is not None else {}
    try:
        return subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, timeout=TRY_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoUsableTrial(f"the first steps of this configuration take over {TRY_TIMEOUT_S:g} s") from error
