"""Studies on several machines by ssh: one that cannot be reached, and checkpoints that move."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.operations.places import places_json
from hptui.operations.run import run
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from tests.faults.ssh_kills import RELAY, curves_of, processes
from tests.sshd import Sshd, running_sshd
from tests.support import rest, run_to_crash, run_to_rest, toy, trials, until

pytestmark = pytest.mark.process
STEPS = 60
SPEED = {"steps": STEPS, "trials": 1, "trainer": "checkpoint_every = 5"}
MACHINES = """
[resources]
executor = "ssh"
gpus = 0
give_up = "2s"
[ssh]
hosts = {hosts}
dir = "{far}"
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def blocked(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file: while it exists, no new connection to box1 is made."""
    command, block = tmp_path / "ssh", tmp_path / "blocked"
    command.write_text(
        f'#!/bin/sh\ncase " $* " in *" box1 "*) [ -e {block} ] && exit 255;; esac\nexec {sshd.ssh} "$@"\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv("HPTUI_SSH", str(command))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return block


def step_of(sd: StudyDir) -> int:
    return trials(sd)[0].last_step or 0 if sd.exists() and trials(sd) else 0


def test_a_machine_that_is_lost_loses_its_trial_and_what_lived_on_is_killed(
    home: Path, tmp_path: Path, blocked: Path
) -> None:
    far = home / "far"
    machines = MACHINES.format(hosts='["box1", "box2"]', far=far)
    hangs = {"trainer": "hang_at = 12\nfaulty_attempts = 1"}  # so that the first attempt does not end by itself
    sd = run(home, str(toy(tmp_path, "lost", **{**SPEED, **hangs}, step_seconds=0.15, rest=machines))).sd  # type: ignore[arg-type]
    until(lambda: step_of(sd) > 8)
    with StoreReader.open(sd) as reader:
        [first] = reader.attempts(0)
    place = first.device.split()[0]
    if place != "box1":  # the other one was reached first: let this one be blocked
        text = Path(os.environ["HPTUI_SSH"]).read_text()
        Path(os.environ["HPTUI_SSH"]).write_text(text.replace(" box1 ", f" {place} "))
    [root] = far.glob(f"*/{place}")
    blocked.touch()
    for pid in processes(root, RELAY):
        os.kill(pid, signal.SIGKILL)
    until(lambda: places_json(sd)["attempts"].get("0", {}).get("state") == "unknown")
    until(lambda: trials(sd)[0].attempts == 2)
    assert processes(root), "the attempt lives on there"
    blocked.unlink()
    rest(sd)
    until(lambda: not processes(root))
    [old_run] = root.glob("trials/*/attempt-1")
    until(lambda: {path.name for path in old_run.iterdir()} <= {"control", "lock"}, "nothing of it takes space there")
    [trial] = trials(sd)
    with StoreReader.open(sd) as reader:
        old, new = reader.attempts(0)
    assert (str(trial.status), trial.last_step) == ("complete", STEPS)
    assert (str(old.reason), new.device.split()[0] != place) == ("fenced", True)
    assert len(curves_of(sd)[0]) == STEPS


def test_a_trial_goes_on_from_its_checkpoint_on_another_machine(home: Path, tmp_path: Path, blocked: Path) -> None:
    quiet = run_to_rest(home, toy(tmp_path, "quiet", **SPEED))  # type: ignore[arg-type]
    machines = MACHINES.format(hosts='["box1"]', far=home / "far")
    file = toy(tmp_path, "moved", **SPEED, step_seconds=0.05, rest=machines)  # type: ignore[arg-type]
    sd = run(home, str(file)).sd
    until(lambda: step_of(sd) > 8)
    send_command(sd, "pause", {})
    rest(sd)
    [paused] = trials(sd)
    assert str(paused.status) == "paused"
    assert [place["name"] for place in places_json(sd)["places"]] == ["box1"]
    blocked.touch()  # nothing can be fetched from there any more: what is here must do
    file.write_text(file.read_text().replace('["box1"]', '["box2"]'))
    run_to_rest(home, file)
    with StoreReader.open(sd) as reader:
        _, second = reader.attempts(0)
    assert second.device.startswith("box2 ")
    assert second.resumed_step == paused.last_step
    assert curves_of(sd) == curves_of(quiet)


@pytest.mark.parametrize("point", ["after_intent", "after_submit"])
def test_a_runner_may_die_while_it_starts_an_attempt_elsewhere(
    home: Path, tmp_path: Path, blocked: Path, point: str
) -> None:
    """The next runner asks the machine by the attempt's token: one attempt counts, and nothing is left there."""
    far = home / "far"
    machines = MACHINES.format(hosts='["box1"]', far=far)
    file = toy(tmp_path, "begun", **SPEED, rest=machines)  # type: ignore[arg-type]
    sd = run_to_crash(home, file, f"{point}:1")
    run_to_rest(home, file)
    [trial] = trials(sd)
    assert (str(trial.status), trial.last_step) == ("complete", STEPS)
    assert len(curves_of(sd)[0]) == STEPS
    until(lambda: not any(processes(root) for root in far.glob("*/box1")))


@pytest.mark.parametrize("pull", ["best", "none"])
def test_the_checkpoint_of_the_best_trial_comes_home_when_the_study_rests(
    home: Path, tmp_path: Path, blocked: Path, pull: str
) -> None:
    machines = MACHINES.format(hosts='["box1"]', far=home / "far") + f'pull = "{pull}"\n'
    options = {"steps": 6, "trials": 3, "trainer": "checkpoint_every = 3"}
    sd = run_to_rest(home, toy(tmp_path, "fetched", **options, rest=machines))  # type: ignore[arg-type]
    with StoreReader.open(sd) as reader:
        best = min(reader.trials(), key=lambda trial: (trial.values or {})["loss"]).number
        [last] = reader.checkpoints(best)[-1:]
    here = sorted(path.parent for path in sd.trials.glob("*/checkpoints/*/step-*/MANIFEST.json"))
    assert here == ([sd.trial(best) / last.path] if pull == "best" else [])


TRAIN = "import os, words\nprint(f'loss: {words.LOSS} step: 1')\nassert os.access('tool.sh', os.X_OK)\n"


def test_the_code_of_a_study_is_sent_to_its_machine_once_for_each_state(
    home: Path, tmp_path: Path, blocked: Path
) -> None:
    code, far = tmp_path / "code", home / "far"
    code.mkdir()
    (code / "train.py").write_text(TRAIN)
    (code / "words.py").write_text("LOSS = 0.5\n")
    (code / "tool.sh").write_text("#!/bin/sh\n")
    (code / "tool.sh").chmod(0o755)
    (code / ".gitignore").write_text("large.bin\n")
    (code / "large.bin").write_text("left here")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "c"]):
        subprocess.run(["git", *command], cwd=code, check=True)
    text = f'''
        name = "sent"
        [objective]
        metric = "loss"
        [trainer]
        kind = "command"
        command = ["{sys.executable}", "train.py"]
        [space]
        lr = "1..2"
        [search]
        trials = 2
        sampler = "random"
        {MACHINES.format(hosts='["box1"]', far=far)}
        code = "push"
        '''
    file = code / "sent.toml"
    file.write_text(textwrap.dedent(text))
    sd = run_to_rest(home, file)
    [first] = far.glob("*/box1/code/*")
    sent = {path.name: path for path in first.iterdir() if path.name != "__pycache__"}
    assert all(not path.stat().st_mode & 0o222 for path in sent.values())
    assert set(sent) == {"train.py", "words.py", "tool.sh", ".gitignore", "sent.toml"}
    (code / "words.py").write_text("LOSS = 0.25\n")
    file.write_text(file.read_text().replace("trials = 2", "trials = 3"))
    run_to_rest(home, file)
    assert len(list(far.glob("*/box1/code/*"))) == 2
    assert [trial.values for trial in trials(sd)] == [{"loss": 0.5}, {"loss": 0.5}, {"loss": 0.25}]
    with StoreReader.open(sd) as reader:
        states = [reader.attempts(number)[0].environment for number in range(3)]
        said = [event.message for event in reader.events() if event.kind == "changed"]
    assert states[0]["code_sha256"] == states[1]["code_sha256"] != states[2]["code_sha256"]
    assert [state["git_dirty"] for state in states] == [True, True, True]  # the study file itself is not committed
    assert any("code_sha256" in message for message in said)


def test_a_directory_that_is_too_large_to_send_pauses_the_study_with_the_remedy(
    home: Path, tmp_path: Path, blocked: Path
) -> None:
    code = tmp_path / "data"
    code.mkdir()
    with (code / "weights.bin").open("wb") as weights:
        weights.truncate(300 << 20)
    machines = MACHINES.format(hosts='["box1"]', far=home / "far") + 'code = "push"\n'
    sd = run_to_rest(home, toy(code, "large", rest=machines))
    with StoreReader.open(sd) as reader:
        row = reader.study()
    assert str(row.state) == "paused"
    assert "weights.bin" in row.message
    assert ".gitignore" in row.message
