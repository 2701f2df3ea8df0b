"""Studies of client scripts, run through the real runner with the interpreter of these tests."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CLIENTS = Path(__file__).parents[1] / "clients"
HEAD = """
name = "{name}"
[objective]
metric = "val_loss"
[trainer]
kind = "command"
command = ["true"]
effective_from = 'settings (?P<json>{{.*}})'
{trainer}
[search]
sampler = "list"
baseline = false
[resources]
{resources}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a study whose trials are client scripts: name -> the trial's settings."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))

    def study(name: str, trials: dict[str, dict[str, Any]], trainer: str = "", resources: str = "parallel = 2") -> Path:
        text = HEAD.format(name=name, trainer=trainer, resources=textwrap.dedent(resources))
        for title, settings in trials.items():
            lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in settings.items()]
            text += f'\n[[trial]]\nname = "{title}"\n[trial.set]\n' + "\n".join(lines) + "\n"
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return path

    return study


def toml(value: Any) -> str:
    """A value as TOML says it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)


def client(name: str, *words: str) -> list[str]:
    """The command that runs a client."""
    return ["python", str(CLIENTS / f"{name}_client.py"), *words]
