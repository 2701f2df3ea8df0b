"""What a trainer's preparation reports about a study, run in a temporary directory: `check` shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hptui.model.ahead import PrepareRequest
from hptui.model.errors import MachineError, StudyError
from hptui.model.study import Study
from hptui.model.trial import Reason, Value
from hptui.storage.rundir import RunDir, read_lines, write_json

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
    from hptui.actions.process import defaults_of
    from hptui.trainers import registry

    names = registry.inspected_settings(study.trainer.kind)
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
    command = [sys.executable, "-m", "hptui.trainers.worker", str(run.root)]
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
