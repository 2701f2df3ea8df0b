"""A Ctrl-C at any moment after the first line of hptui ends the command with 130 and without a traceback."""

import os
import signal
import subprocess
import sys

import pytest

from hptui.core.interrupt import is_command

PLANT = """
import os, signal, sys, time, weakref

class Dropping:
    # Gets the signal where Python drops what is raised.

    def __del__(self):
        if os.environ.get("DROPPED") == "destructor":
            interrupt()

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(10):  # it arrives here
        pass

def interrupt_and_wait():
    if not os.environ.get("DROPPED"):
        return interrupt()
    dropping = Dropping()
    watched = os.environ["DROPPED"] == "callback" and weakref.ref(dropping, interrupt)
    del dropping
    time.sleep(20)

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            interrupt_and_wait()

sys.meta_path.insert(0, Interrupt())
"""

MOMENTS = ("hptui.core.version", "click", "hptui.cli.status")
"""Modules whose import begins soon, a little later, and when a verb is at work."""


@pytest.mark.parametrize("way", ["-m", "script"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_while_modules_are_imported(moment, way, home, tmp_path):
    interrupted(tmp_path, moment, way)


@pytest.mark.parametrize("dropped", ["destructor", "callback"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_where_python_drops_what_is_raised(moment, dropped, home, tmp_path, monkeypatch):
    monkeypatch.setenv("DROPPED", dropped)
    interrupted(tmp_path, moment, "-m")


def interrupted(tmp_path, moment, way):
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
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_a_program_that_imports_hptui_keeps_its_own_handler():
    check = "import signal, hptui.cli.main; assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    default = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    subprocess.run([sys.executable, "-c", check], check=True, preexec_fn=default)
    assert not is_command()
