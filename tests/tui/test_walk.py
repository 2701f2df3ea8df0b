"""The main path from end to end as a person walks it: in tmux, and over an SSH line that breaks."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from hptui.operations.runner_lock import runner_status
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from tests.support import PATIENCE, kill_all, rest, state, trials, until
from tests.tui.terminal import HPTUI, Terminal, surroundings

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
FILE = """
    name = "walked"
    about = "walked through"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    steps = 60
    step_seconds = 0.05
    [space]
    learning_rate = { low = 1e-5, high = 1e-1, log = true }
    [search]
    sampler = "random"
    trials = 40
    [report]
    figures = "none"
"""
NAMES = {"enter": "Enter", "escape": "Escape", "backspace": "BSpace", "ctrl+s": "C-s", "down": "Down"}


class Tmux:
    """A shell in a pane of a tmux server of its own."""

    def __init__(self, folder: Path, size: tuple[int, int] = (120, 36)) -> None:
        self.socket = str(folder / "tmux")
        columns, rows = map(str, size)
        self._do("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "sh")

    def _do(self, *words: str) -> str:
        command = ["tmux", "-S", self.socket, *words]
        return subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=True).stdout

    def type(self, text: str) -> None:
        self._do("send-keys", "-l", text)

    def press(self, *names: str) -> None:
        for name in names:
            self._do("send-keys", NAMES.get(name, name))
            time.sleep(0.1)

    @property
    def text(self) -> str:
        return self._do("capture-pane", "-p")

    def until(self, what: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds * PATIENCE
        while what not in self.text:
            assert time.monotonic() < deadline, f"never came: {what}\n{self.text}"
            time.sleep(0.1)

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "walked.toml").write_text(textwrap.dedent(FILE))
    yield tmp_path
    kill_all(tmp_path)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_the_main_path_in_tmux(place):
    home = place / "home"
    sd = StudyDir(home / "walked")
    command = shlex.join([*HPTUI, "--home", str(home)])
    after = "; echo left=$?"
    pane = Tmux(place)
    try:
        pane.type(command + after)
        pane.press("enter")
        pane.until("No study yet")
        pane.press("n")
        pane.until("A new study")
        pane.type("elsewhere")
        pane.press("enter")
        pane.until("New study from file")
        pane.type(str(place / "walked.toml"))
        pane.press("enter")
        pane.until("Run walked")
        pane.press("enter")
        pane.until("walked runs")
        pane.until("trials 1")
        pane.press("e")
        pane.until("learning_rate")
        pane.until("random draws")
        pane.press("enter")
        pane.until("Parameter learning_rate")
        pane.press("down", "down", *["backspace"] * 5)
        pane.type("0.01")
        pane.until("1e-5..0.01 log")
        pane.press("enter")
        pane.until("not saved yet")
        pane.press("ctrl+s")
        pane.until("Save the search space")
        pane.type("large rates diverge")
        pane.press("enter")
        until(lambda: read_view(sd).study.space.parameters[0].high == 0.01)
        pane.press("q")
        pane.until("trials")
        pane.until("(", 30)  # what a running trial shows so far
        pane.press("p")
        pane.until("paused")
        rest(sd)
        pane.press("q", "q")
        pane.until("left=0")
        pane.type(command + after)
        pane.press("enter")
        pane.until("paused")
        pane.press("enter")
        pane.until("trials")
        pane.press("r")
        pane.until("Run walked")
        pane.press("enter")
        pane.until("running")
        until(lambda: runner_status(sd)["alive"])
        pane.press("A")
        pane.until("How many trials")
        pane.press(*["backspace"] * 3)
        pane.type("3")
        pane.press("enter")
        until(lambda: read_view(sd).study.search.trials == 3)
        pane.press("q", "q")
        pane.until("left=0")
        rest(sd)
        assert state(sd)[0] == "done"
        assert len([one for one in trials(sd) if one.values]) >= 3
        pane.type(f"{command} open walked{after}")
        pane.press("enter")
        pane.until("★")
        pane.press("R")
        pane.until("w writes it", 120)
        pane.press("w")
        pane.until("Write the report")
        pane.press(*["BSpace"] * 20)
        pane.type(str(place / "out"))
        pane.press("enter")
        until(lambda: (place / "out" / "report.md").is_file())
        assert "learning_rate" in (place / "out" / "report.md").read_text()
        pane.press("Q")
        pane.until("left=0")
    except AssertionError:
        print(pane.text)
        raise
    finally:
        pane.close()


class Login:
    """An sshd of our own on loopback, for this user alone, with a key made for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("host", "mine"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = f"""
            Port {self.port}
            ListenAddress 127.0.0.1
            HostKey {folder / "host"}
            PidFile {folder / "sshd.pid"}
            AuthorizedKeysFile {folder / "mine.pub"}
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            AcceptEnv *
        """
        (folder / "sshd_config").write_text(textwrap.dedent(config))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        assert SSHD is not None
        with (folder / "sshd.log").open("w") as log:
            command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "sshd.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def open(self, command: str, size: tuple[int, int] = (120, 36)) -> Terminal:
        """Log in, and run a command there."""
        options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={os.devnull}", "LogLevel=ERROR"]
        options += ["IdentitiesOnly=yes", "ConnectTimeout=20"]
        words = ["ssh", "-tt", "-F", os.devnull, "-p", str(self.port), "-i", str(self.folder / "mine")]
        words += [word for option in options for word in ("-o", option)]
        return Terminal([*words, f"{getpass.getuser()}@127.0.0.1", command], surroundings(), size)

    def cut(self) -> None:
        """Break every line that is open: the server's end of it dies at once, and says nothing."""
        for child in psutil.Process(self.process.pid).children():
            child.send_signal(signal.SIGKILL)

    def close(self) -> None:
        self.cut()
        self.process.kill()
        self.process.wait()


@pytest.mark.skipif(SSHD is None or shutil.which("ssh") is None, reason="no ssh and sshd are installed")
def test_a_line_that_breaks_in_the_middle(place):
    home = place / "home"
    sd = StudyDir(home / "walked")
    package = Path(__file__).parents[2]
    there = ["env", f"PYTHONPATH={package}", "LC_ALL=C.UTF-8", f"XDG_STATE_HOME={place / 'state'}"]
    there += ["COLORTERM=truecolor", sys.executable, "-P", "-m", "hptui", "--home", str(home)]
    login = Login(place)
    seats = []
    try:
        seats.append(first := login.open(shlex.join(there)))
        first.until("No study yet")
        first.press("n")
        first.until("A new study")
        first.type("elsewhere")
        first.press("enter")
        first.until("New study from file")
        first.type(str(place / "walked.toml"))
        first.press("enter")
        first.until("Run walked")
        first.press("enter")
        first.until("walked runs")
        first.until("(")
        screens = _screens(home)
        assert screens
        reached = _points(sd)
        login.cut()
        assert first.ended() != 0
        until(lambda: not _screens(home))
        assert runner_status(sd)["alive"], "the study goes on"
        until(lambda: _points(sd) > reached)
        seats.append(second := login.open(shlex.join(there)))
        second.until("walked")
        second.until("running")
        second.press("enter")
        second.until("★")
        second.press("X")
        second.until("Stop the study walked?")
        second.press("y")
        rest(sd)
        second.press("Q")
        assert second.ended() == 0
    except AssertionError:
        print((place / "sshd.log").read_text())
        raise
    finally:
        for seat in seats:
            seat.close()
        login.close()


def _screens(home: Path) -> list[int]:
    """Processes that show screens of this HOME."""
    wanted = ["hptui", "--home", str(home)]
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if words[-3:] == wanted and "python" in words[0]:
            found.append(process.info["pid"])
    return found


def _points(sd: StudyDir) -> int:
    """Steps that trials have reached, together."""
    with StoreReader.open(sd) as reader:
        return sum(trial.last_step or 0 for trial in reader.trials())
