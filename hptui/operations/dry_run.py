"""Run a few steps of one configuration, or the trainer's preparation of a study, in a temporary directory.

Each runs in a process of its own, as its runner would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import MachineError, NoUsableTrial, StudyError
from hptui.core.planned_trials import PrepareRequest
from hptui.core.study import Study
from hptui.core.trial import Reason, Value
from hptui.execution.local import devices
from hptui.store.run_directory import RunDir, write_json
from hptui.store.safe_reading import read_lines

TRY_TIMEOUT_S = 900.0  # time limit


@dataclass(frozen=True, slots=True)
class TrialRun:
    """Result of the steps: `end` is the end event, {} where there is none; `killed`: by SIGKILL, not by us.

    `gpu_share_gb` is the memory (GiB) of a GPU that a trial may have where several share it, else None;
    `gpu_limit_gb` that of the one GPU of a trial, shared or not.
    """

    events: list[dict[str, Any]]
    end: Mapping[str, Any]
    printed: str
    seconds: float
    killed: bool = False
    gpu_share_gb: float | None = None
    gpu_limit_gb: float | None = None

    @property
    def complete(self) -> bool:
        """True when the steps ran without a failure."""
        return bool(self.end) and self.end["status"] != "failed"

    @property
    def failure(self) -> str:
        """Reason of the failure, in a line."""
        return f"{self.end['reason']}: {self.end['message']}" if self.end else "it ended without a word"


def run_steps(study: Study, params: Mapping[str, Value], steps: int, home: Path | None = None) -> TrialRun:
    """Run this number of `steps` with `params` over `[trainer]`, in a slot that no trial holds.

    Raises: `MachineError` when every slot is held.
    """
    with _free_slot(study) as (slot, slots), tempfile.TemporaryDirectory(prefix="hptui-try-") as folder:
        run = RunDir(Path(folder, "attempt-1"))
        run.root.mkdir()
        write_json(run.config, _run_config(study, params, Path(folder), slots, steps))
        started = time.monotonic()
        process = _run_worker(run, study, slot, home)
        seconds = time.monotonic() - started
        events = [json.loads(line) for line in read_lines(run.events, 0, 1 << 24)[0]]
    end: Mapping[str, Any] = next((event for event in reversed(events) if event["k"] == "end"), {})
    killed, printed = process.returncode == -signal.SIGKILL, process.stdout + process.stderr
    return TrialRun(events, end, printed, seconds, killed, _gpu_share(slot), _gpu_limit(slot))


@contextmanager
def _free_slot(study: Study) -> Iterator[tuple[devices.Slot, Sequence[devices.Slot]]]:
    """Yield a slot, held meanwhile as a trial would hold it, and all slots of the study."""
    slots = devices.slots_for(study.resources)
    for slot in slots:
        locks = devices.lock_slot(slot)
        if locks is None:
            continue
        try:
            yield slot, slots
        finally:
            for lock in locks:
                os.close(lock)
        return
    raise MachineError(
        f"trials hold {', '.join(slot.label for slot in slots)}, and these steps must not disturb them",
        hint="try again when a trial has ended, or name another GPU: --set resources.gpus=[1]",
    )


def _gpu_share(slot: devices.Slot) -> float | None:
    return min(gpu.total_gb for gpu in slot.gpus) / slot.of if slot.gpus and slot.of > 1 else None


def _gpu_limit(slot: devices.Slot) -> float | None:
    return slot.gpus[0].total_gb / slot.of if len(slot.gpus) == 1 else None


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
        "gpus_per_trial": study.resources.gpus_per_trial,
        "device": "cuda" if slots[0].gpus else "",
        "try_steps": steps,
    }


def _run_worker(run: RunDir, study: Study, slot: devices.Slot, home: Path | None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "hptui.trainers.worker", str(run.root)]
    cwd, env = study.directory or None, {**os.environ, **devices.slot_environment(slot)}
    env |= {"HPTUI_HOME": str(home)} if home is not None else {}
    try:
        return subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, timeout=TRY_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoUsableTrial(f"the first steps of this configuration take over {TRY_TIMEOUT_S:g} s") from error


PREPARE_TIMEOUT_S = 3600.0  # time limit


@dataclass(frozen=True, slots=True)
class PreparedFacts:
    """Facts of data and model, and warnings about them."""

    facts: Mapping[str, Value] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def prepare_facts(study: Study, home: Path | None = None) -> PreparedFacts:
    """Prepare the study as its runner would; return what was reported.

    Raises: `StudyError` that says what is wrong with data or model; `MachineError` when the process died.
    """
    from hptui.operations.runner_process import defaults_of
    from hptui.trainers import registry

    names = registry.inspected_settings(study.trainer.kind, study.directory)
    if not names:
        return PreparedFacts()
    with tempfile.TemporaryDirectory(prefix="hptui-check-") as folder:
        run = RunDir(Path(folder, "prepare"))
        run.root.mkdir()
        config = {
            "prepare": True,
            "kind": study.trainer.kind,
            "directory": study.directory,
            **PrepareRequest.for_study(study, names, defaults_of(study)).to_json(),
            "cache": str(Path(folder, "cache")),
        }
        write_json(run.config, config, durable=False)
        output = _run_preparation(run, study, home)
        events = [json.loads(line) for line in read_lines(run.events, 0, 1 << 24)[0]]
    end: dict[str, Any] | None = next((event for event in events if event["k"] == "end"), None)
    if end is None:
        tail = "\n  ".join(output.strip().splitlines()[-12:])
        raise MachineError(f"the preparation of the study died\n  {tail}")
    if end["reason"] == Reason.SETUP:
        return PreparedFacts(warnings=(f"not everything could be looked at, for it is not here: {end['message']}",))
    if end["status"] == "failed":
        raise StudyError(end["message"], file=study.source)
    facts: dict[str, Value] = next((event["facts"] for event in events if event["k"] == "facts"), {})
    return PreparedFacts(facts, tuple(event["message"] for event in events if event["k"] == "warning"))


def _run_preparation(run: RunDir, study: Study, home: Path | None) -> str:
    command = [sys.executable, "-P", "-m", "hptui.trainers.worker", str(run.root)]
    cwd = study.directory or None
    variables = {"HPTUI_LOOK": "1", **({"HPTUI_HOME": str(home)} if home is not None else {})}
    process = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PREPARE_TIMEOUT_S,
        check=False,
    )
    return process.stdout + process.stderr


def facts_summary(facts: Mapping[str, Any]) -> dict[str, Value]:
    """Return the facts that `check` shows: the model's architecture, and size and share of every split."""
    splits = {
        name: f"{facts[f'{name}_examples']:,} ({facts[f'{name}_percent']:g} %)"
        for name in ("train", "validation", "test")
        if f"{name}_examples" in facts
    }
    return {**({"architecture": facts["architecture"]} if "architecture" in facts else {}), **splits}
