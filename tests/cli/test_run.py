"""`hptui run` as a person sees it: real runners and trainers, the real command line, pipes and terminals."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from hptui import studyfile
from hptui.cli.run import follow
from hptui.core.trial import TrialStatus
from hptui.operations import follow as following
from hptui.operations.run import create_study
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir
from tests.support import PATIENCE, hptui, state, toy, trials, until

LINE = re.compile(r"Trial (\d+)/(\d+): .* → loss=[\d.]+ (\(baseline\)|✓ BEST|✓ IMPROVED|✗ WORSE)(  \(.* left\))?")


def lines(text):
    return [line for line in text.splitlines() if line.startswith("Trial ")]


def test_a_study_is_run_and_followed_to_its_end(home, tmp_path):
    done = hptui(home, "run", str(toy(tmp_path, trials=5, steps=4, step_seconds=0.1)))
    assert done.returncode == 0, done.stderr
    found = [LINE.fullmatch(line) for line in lines(done.stdout)]
    assert [(match[1], match[2]) for match in found] == [(str(number), "5") for number in range(5)]
    assert found[0][3] == "(baseline)"
    assert found[3][4], "the time left is said"
    best = re.search(r"^Best: trial (\d), loss [\d.]+ ", done.stdout, re.MULTILINE)
    scores = {one.number: one.values["loss"] for one in trials(StudyDir(home / "toy"))}
    assert int(best[1]) == min(scores, key=scores.get)
    assert f"Everything is in {home / 'toy'}" in done.stdout
    assert "hptui export toy best" in done.stdout
    assert "new study 'toy'" in done.stderr


def test_more_trials_and_only_they_are_told(home, tmp_path):
    file = str(toy(tmp_path, trials=2, steps=2))
    hptui(home, "run", file)
    done = hptui(home, "run", "toy", "--trials", "+3")
    assert [line.split(":")[0] for line in lines(done.stdout)] == ["Trial 2/5", "Trial 3/5", "Trial 4/5"]
    again = hptui(home, "run", file)
    assert (again.returncode, lines(again.stdout)) == (0, [])
    assert "Best: trial" in again.stdout


def test_a_study_whose_every_trial_crashes(home, tmp_path):
    done = hptui(home, "run", str(toy(tmp_path, trials=9, trainer="crash_at = 2")))
    assert done.returncode == 3
    told = lines(done.stdout)
    assert len(told) == 3
    assert all("✗ FAILED (crash): " in line for line in told)
    log = home / "toy" / "trials" / "0000" / "attempt-1" / "log.txt"
    assert f"all of it: {log}" in done.stdout
    assert "    Traceback" in done.stdout or "Error" in done.stdout
    assert "No trial is usable." in done.stdout
    assert state(StudyDir(home / "toy"))[0] == "paused"


def test_a_metric_that_is_never_reported(home, tmp_path):
    file = toy(tmp_path)
    file.write_text(file.read_text().replace('metric = "loss"', 'metric = "los"'))
    done = hptui(home, "run", str(file))
    assert done.returncode == 3
    assert len(lines(done.stdout)) == 1
    assert "no_metric" in done.stdout
    assert "accuracy" in done.stdout


def test_detached_waited_for_paused_and_resumed(home, tmp_path):
    done = hptui(home, "run", str(toy(tmp_path, trials=2, steps=200, step_seconds=0.05)), "--detach")
    assert (done.returncode, done.stdout) == (0, "")
    sd = StudyDir(home / "toy")
    until(lambda: any(one.last_step for one in trials(sd)))
    assert hptui(home, "pause", "toy").returncode == 0
    assert hptui(home, "wait", "toy").returncode == 0
    assert state(sd)[0] == "paused"
    assert TrialStatus.PAUSED in {one.status for one in trials(sd)}
    assert hptui(home, "resume", "toy").returncode == 0
    assert hptui(home, "wait", "toy").returncode == 0
    assert state(sd)[0] == "done"
    assert {one.status for one in trials(sd)} == {TrialStatus.COMPLETE}


def test_a_second_run_follows_the_first(home, tmp_path):
    file = str(toy(tmp_path, trials=2, steps=30, step_seconds=0.05))
    hptui(home, "run", file, "--detach")
    done = hptui(home, "run", file)
    assert done.returncode == 0
    assert "is running already; following it" in done.stderr
    assert "is done" in done.stdout


def test_stop_ends_following(home, tmp_path):
    file = str(toy(tmp_path, trials=50, steps=40, step_seconds=0.05))
    follower = subprocess.Popen(
        [sys.executable, "-m", "hptui", "--home", str(home), "run", file], stdout=subprocess.PIPE, text=True
    )
    sd = StudyDir(home / "toy")
    until(lambda: sd.exists() and any(one.status is TrialStatus.COMPLETE for one in trials(sd)))
    assert hptui(home, "stop", "toy").returncode == 0
    out, _ = follower.communicate(timeout=60)
    assert follower.returncode == 0
    assert "Study toy is stopped" in out


def test_a_runner_that_dies_is_said(home, tmp_path):
    file = str(toy(tmp_path, trials=5, steps=100, step_seconds=0.05))
    follower = subprocess.Popen(
        [sys.executable, "-m", "hptui", "--home", str(home), "run", file], stdout=subprocess.PIPE, text=True
    )
    sd = StudyDir(home / "toy")
    until(lambda: sd.exists() and runner_status(sd)["alive"] and any(one.last_step for one in trials(sd)))
    os.kill(int(runner_status(sd)["pid"]), signal.SIGKILL)
    out, _ = follower.communicate(timeout=60)
    assert follower.returncode == 1
    assert "interrupted: its runner has gone" in out
    assert "hptui run toy    goes on with it" in out


def test_the_last_words_of_a_runner_that_has_gone_are_told(home, tmp_path, capfd, monkeypatch):
    """Of one that took the lock and then refused to go on; what an earlier one logged is not."""
    monkeypatch.setattr(following, "RUNNER_GONE_S", 0.0)
    sd = StudyDir(home / "toy")
    create_study(sd, studyfile.read_file(toy(tmp_path)))
    began = time.time()
    for logged, told in ((began - 100, False), (began, True)):
        date = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(logged))
        entry = f"{date},123 ERROR __main__: there is no place for the locks\n  let root remove it\n"
        sd.runner_log.write_text(f"{entry}{date},130 INFO x: more\n")
        assert follow(sd, began=began) == 1
        said = capfd.readouterr()
        assert ("the runner ended: there is no place for the locks\n  let root remove it\n" in said.err) is told
        assert "interrupted: its runner has gone" in said.out


@pytest.mark.parametrize(
    ("text", "told"),
    [("steps = 5", "stps = 5|did you mean 'steps'"), ("high = 1e-1", "high = 1e-9|space.learning_rate")],
)
def test_a_wrong_file_starts_nothing(home, tmp_path, text, told):
    wrong, expected = told.split("|")
    file = toy(tmp_path)
    file.write_text(file.read_text().replace(text, wrong))
    done = hptui(home, "run", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert str(file) in done.stderr
    assert not (home / "toy").exists()
    assert hptui(home, "check", str(file)).returncode == 2


def test_results_are_written_where_asked(home, tmp_path):
    done = hptui(home, "run", str(toy(tmp_path, trials=2)), "-o", str(tmp_path / "results"), "--set", "steps=3")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "results").iterdir()} >= {"best_config.yaml", "trials.json", "trials.csv"}
    assert {one.last_step for one in trials(StudyDir(home / "toy"))} == {3}


def test_check_and_try(home, tmp_path):
    file = toy(tmp_path, trials=4)
    done = hptui(home, "check", str(file))
    assert done.returncode == 0, done.stderr
    assert f"{file} is right" in done.stderr
    tried = hptui(home, "check", str(file), "--try", "--json")
    assert tried.returncode == 0, tried.stderr
    assert json.loads(tried.stdout)["try"]["total_steps"] == 5
    file.write_text(file.read_text().replace("steps = 5", "steps = 5\noom_at = 1"))
    failed = hptui(home, "check", str(file), "--try")
    assert failed.returncode == 3
    assert "oom" in failed.stderr
    assert not home.exists()


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *command):
        import pty

        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a suite in the background ignores it, and so would this
            os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="30")
            os.execv(command[0], command)
        self.printed = b""

    def read(self, wanted, seconds=60.0):
        """Read until `wanted` has been printed, or the end."""
        deadline = time.monotonic() + seconds * PATIENCE
        while wanted is None or wanted not in self.printed:
            assert time.monotonic() < deadline, self.printed
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.printed += data

    def end(self):
        self.read(None)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code


def test_a_terminal_sees_progress_and_ctrl_c_only_leaves(home, tmp_path):
    file = str(toy(tmp_path, trials=2, steps=900, step_seconds=0.05))  # it never ends while it is looked at
    terminal = Terminal(sys.executable, "-m", "hptui", "--home", str(home), "run", file)
    terminal.read(b"/900 loss=")
    assert "━".encode() in terminal.printed
    os.write(terminal.fd, b"\x03")
    assert terminal.end() == 130
    assert b"no longer following" in terminal.printed
    assert b"hptui run toy" in terminal.printed
    assert terminal.printed.rstrip().endswith(b"hptui stop toy      ends it")
    assert b"\x1b[?25h" in terminal.printed  # the cursor is back
    sd = StudyDir(home / "toy")
    assert runner_status(sd)["alive"]
    assert state(sd)[0] == "running"


def test_a_terminal_gets_the_same_lines_and_a_bell(home, tmp_path):
    terminal = Terminal(
        sys.executable, "-m", "hptui", "--home", str(home), "run", str(toy(tmp_path, trials=2, steps=3))
    )
    assert terminal.end() == 0
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", terminal.printed).decode()
    assert re.search(r"Trial 1/2: .* → loss=[\d.]+ ", text)
    assert "Best: trial" in text
    assert terminal.printed.endswith(b"\a")


def test_on_a_dumb_terminal_lines_are_plain(home, tmp_path, monkeypatch):
    program = "import os, sys; os.environ['TERM'] = 'dumb'; os.execv(sys.argv[1], sys.argv[1:])"
    words = [sys.executable, "-m", "hptui", "--home", str(home), "run", str(toy(tmp_path, trials=2, steps=3))]
    terminal = Terminal(sys.executable, "-c", program, *words)
    assert terminal.end() == 0
    assert b"\x1b[" not in terminal.printed
