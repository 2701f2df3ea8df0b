"""Ask about an attempt without its runner: from its run directory alone, for front ends and for what comes after it."""

from __future__ import annotations

from hptui.execution.executor import State
from hptui.execution.local.processes import local_state
from hptui.store.run_directory import RunDir, read_json

LOCAL = "local"
"""The executor of an attempt that names none."""


def executor_name(run: RunDir) -> str:
    """Return the name of the executor that an attempt was handed to."""
    facts = read_json(run.executor)
    return str(facts.get("executor") or LOCAL) if isinstance(facts, dict) else LOCAL


def probe(run: RunDir, boot: str = "") -> State:
    """Return what the run directory of an attempt shows of its process.

    `boot` is the boot of the machine in which it was started, if known. Of an attempt of another executor, only its
    runner knows more than whether it has left its `exit.json`, and whether its end is recorded.
    """
    name = executor_name(run)
    if name == LOCAL:
        return local_state(run, boot)
    if isinstance(read_json(run.exit), dict):
        return State("gone", "exit")
    facts = read_json(run.executor)
    if isinstance(facts, dict) and (facts.get("fence_done") or (facts.get("ended") and not facts.get("fenced"))):
        return State("gone", "lock")
    return State("unknown", why=f"it was handed to the executor {name!r}, which only its runner can ask")
