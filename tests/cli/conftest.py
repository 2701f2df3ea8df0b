"""The command line called in this process: fast, with what it printed and its exit code."""

import importlib
import pkgutil
from dataclasses import dataclass

import pytest

from hptui import cli
from hptui.cli import main as front

for module in pkgutil.iter_modules(cli.__path__, "hptui.cli."):
    importlib.import_module(module.name)  # at once: what one first imports while a test patches it stays patched


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def call(home, capsys):
    """`call("status", "--json")` -> Done."""

    def calling(*words):
        capsys.readouterr()
        code = front._guarded(["--home", str(home), *map(str, words)])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return calling
