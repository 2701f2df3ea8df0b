"""A Ctrl-C at any moment after the first line of hptui ends the command with 130 and without a traceback."""

import os
import signal
import subprocess
import sys

import pytest

PLANT = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
"""

MOMENTS = ("hptui.core.version", "click", "hptui.cli.status")
"""Modules whose import begins soon, a little later, and when a verb is at work."""


@pytest.mark.parametrize("way", ["-m", "script"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_while_modules_are_imported(moment, way, home, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(PLANT)
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    script = tmp_path / "hptui"
    script.write_text("from hptui.cli.main import main\nmain()\n")
    command = [sys.executable, *(["-m", "hptui"] if way == "-m" else [str(script)]), "status", "--json"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path, "INTERRUPT_AT": moment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_a_program_that_imports_hptui_keeps_its_own_handler():
    handler = signal.getsignal(signal.SIGINT)
    import hptui.cli.main

    assert signal.getsignal(signal.SIGINT) is handler
    assert not hptui._IS_COMMAND
