"""Kills on both sides of an ssh connection: runner, relay, link, shim and worker.

    python -m tests.faults.ssh_kills KILLS FILE [SEED]

adds to the counts in a JSON file, so that many kills can be gathered in many sittings.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hptui.core.errors import HptuiError
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import extend
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.sshd import Sshd, running_sshd
from tests.support import PATIENCE, kill_all, rest, toy, until

STEPS = 40
KINDS = ("runner", "relay", "link", "shim", "worker")
RELAY, RUNNER = b"hptui.execution.remote.relay", b"hptui.operations.runner_process"
HOSTS = '["box1", { host = "box2", slots = 1 }]'
REST = """
[resources]
executor = "ssh"
gpus = 0
lost_retries = 1000000
min_free_gb = 0.0
parallel = 2
[ssh]
hosts = {hosts}
dir = "{far}"
"""


def belongs(pid: int, folder: Path) -> bool:
    """Whether a process names a folder in its command or has a file in it open: forks keep a command."""
    try:
        if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
        return any(os.readlink(fd).startswith(str(folder)) for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def processes(folder: Path, mark: bytes = b"") -> list[int]:
    """Return the processes that belong to a folder and have a word in their command."""
    pids = sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if mark in _command(pid) and belongs(pid, folder) and pid != os.getpid()]


class Battle:
    """One study on other machines, attacked from a seed."""

    kinds: tuple[str, ...] = KINDS
    seconds_per_kill = 4.0
    ends_in_doubt: tuple[str, ...] = ()
    """Kinds of events about attempts that belong to what is killed here, and are no findings."""

    def __init__(self, home: Path, folder: Path, seed: int, rest: str) -> None:
        self.home, self.folder, self.far = home, folder, home / "far"
        self.random = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self._deck: list[str] = []
        options = {"steps": STEPS, "step_seconds": 0.02, "trainer": "checkpoint_every = 7", "trials": 100_000}
        self.file = toy(folder, "wide", **options, rest=rest)  # type: ignore[arg-type]
        self.sd = StudyDir.for_study(home, "wide")

    def keep(self) -> bool:
        """Start the runner if it is gone; return whether the study is done."""
        if self.sd.exists():
            with StoreReader.open(self.sd) as reader:
                if str(reader.study().state) == "done":
                    return not runner_status(self.sd)["alive"]
            if runner_status(self.sd)["alive"]:
                return False
        with suppress(HptuiError):  # killed while it started: tried again
            run(self.home, "wide" if self.sd.exists() else str(self.file))
        return False

    def act(self) -> None:
        """Kill something."""
        if not self._deck:
            self._deck = list(self.kinds)
            self.random.shuffle(self._deck)
        if self.strike(self._deck[-1]):  # what found no victim is tried again
            self.kills[self._deck.pop()] += 1

    def strike(self, kind: str) -> bool:
        """Kill something of a kind; return whether there was something."""
        victims = self.victims(kind)
        with suppress(ProcessLookupError):
            if victims:
                os.kill(self.random.choice(sorted(victims)), signal.SIGKILL)
                return True
        return False

    def victims(self, kind: str) -> list[int]:
        """Return the processes of a kind."""
        if kind == "runner":
            return processes(self.sd.root, RUNNER)
        facts = [read_json(path) for path in self.far.glob("*/*/trials/*/attempt-*/shim.json")]
        pids = [int(fact[kind]) for fact in facts if isinstance(fact, dict)]
        return [pid for pid in pids if belongs(pid, self.far)]

    def fight(self, kills: int, pace: float) -> None:
        """Kill until there were as many kills; then let what is recorded end, and nothing new begin."""
        deadline = time.monotonic() + (60 + self.seconds_per_kill * kills) * PATIENCE
        small = False
        while not self.keep():
            assert time.monotonic() < deadline, f"not done after {self.kills}: {self.sd.runner_log.read_text()[-3000:]}"
            if self.kills.total() < kills:
                time.sleep(self.random.uniform(0.5, 1.5) * pace)
                self.act()
                continue
            with suppress(HptuiError):
                small = small or bool(extend(self.sd, len(curves_of(self.sd))))
            time.sleep(0.1)

    def judge(self, undisturbed: dict[int, list[float]]) -> list[str]:
        """Return what is wrong: trials lost, points lost, doubled or changed, processes left, a damaged store."""
        findings = []
        with StoreReader.open(self.sd) as reader:
            trials = reader.trials()
            curves = {trial.number: reader.curve(trial.number, "loss") for trial in trials}
            doubtful = {"suspect", "fenced"} - set(self.ends_in_doubt)
            suspects = [event.message for event in reader.events() if event.kind in doubtful]
        findings += [f"trial {trial.number} is {trial.status}" for trial in trials if trial.status != "complete"]
        for number, curve in curves.items():
            if [step for step, _, _ in curve] != list(range(1, STEPS + 1)):
                findings.append(f"trial {number} has the steps {[step for step, _, _ in curve]}")
            if number in undisturbed and [value for _, value, _ in curve] != undisturbed[number]:
                findings.append(f"trial {number} has other values than where nobody kills")
        findings += suspects
        with sqlite3.connect(self.sd.db) as db:
            findings += [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        with suppress(AssertionError):
            until(lambda: not processes(self.far), seconds=10)
        return findings + [f"left running: {_command(pid)!r}" for pid in processes(self.far)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def curves_of(sd: StudyDir) -> dict[int, list[float]]:
    """Return the losses of each trial, by number."""
    with StoreReader.open(sd) as reader:
        return {t.number: [value for _, value, _ in reader.curve(t.number, "loss")] for t in reader.trials()}


class SshBattle(Battle):
    """One study by ssh."""

    def __init__(self, home: Path, folder: Path, sshd: Sshd, seed: int, hosts: str = HOSTS) -> None:
        super().__init__(home, folder, seed, REST.format(far=home / "far", hosts=hosts))
        self.sshd = sshd

    def strike(self, kind: str) -> bool:
        """Kill something of a kind; return whether there was something."""
        return self.sshd.drop_links() > 0 if kind == "link" else super().strike(kind)

    def victims(self, kind: str) -> list[int]:
        """Return the processes of a kind."""
        return processes(self.far, RELAY) if kind == "relay" else super().victims(kind)


def battle(
    home: Path, folder: Path, sshd: Sshd, kills: int, seed: int, *, pace: float, hosts: str = HOSTS
) -> Counter[str]:
    """Attack a study by ssh; compare it with one that ran here and undisturbed. Raises: AssertionError."""
    return fight_out(SshBattle(home, folder, sshd, seed, hosts), kills, seed, pace)


@contextmanager
def scratch_home(name: str) -> Iterator[tuple[Path, Path]]:
    """A folder and a HOME in it for one battle; nothing lives on afterwards, and the folder stays after a failure."""
    folder = Path(tempfile.mkdtemp(prefix=f"hptui-{name}-kills-"))
    home = folder / "home"
    os.environ |= {"HPTUI_HOME": str(home), "CUDA_VISIBLE_DEVICES": ""}
    try:
        yield folder, home
    finally:
        kill_all(home)
        for pid in processes(home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def fight_out(fight: Battle, kills: int, seed: int, pace: float) -> Counter[str]:
    """Attack a study; compare it with one that ran here and undisturbed. Raises: AssertionError."""
    fight.fight(kills, pace)
    trials = len(curves_of(fight.sd))
    file = toy(fight.folder, "quiet", steps=STEPS, trials=trials, rest="[resources]\nparallel = 3")
    quiet = StudyDir.for_study(fight.home, "quiet")

    def began() -> bool:  # on a busy machine a runner may need longer than whoever starts it waits
        with suppress(HptuiError):
            run(fight.home, "quiet" if quiet.exists() else str(file))
        return quiet.exists() and bool(curves_of(quiet))

    until(began, "the undisturbed study begins")
    rest(quiet)
    findings = fight.judge(curves_of(quiet))
    assert not findings, f"seed {seed}, {dict(fight.kills)}: " + "\n".join(findings)
    return fight.kills


def main(kills: int, counter: Path, seed: int) -> None:
    """Add the kills of one battle to a file."""
    folder = Path(tempfile.mkdtemp(prefix="hptui-ssh-kills-"))
    home = folder / "home"
    os.environ |= {"HPTUI_HOME": str(home), "CUDA_VISIBLE_DEVICES": ""}
    try:
        with running_sshd(folder / "sshd") as sshd:
            os.environ["HPTUI_SSH"] = sshd.ssh
            counts = battle(home, folder, sshd, kills, seed, pace=0.4)
    finally:
        kill_all(home)
        for pid in processes(home):
            os.kill(pid, signal.SIGKILL)
    add_to(counter, seed, counts)


def add_to(counter: Path, seed: int, counts: Counter[str]) -> None:
    """Add the kills of one battle to a file, and say how many there are."""
    before = json.loads(counter.read_text()) if counter.exists() else {"kills": {}, "rounds": []}
    total = Counter(before["kills"]) + counts
    rounds = [*before["rounds"], {"seed": seed, **counts}]
    counter.write_text(json.dumps({"kills": dict(total), "total": total.total(), "rounds": rounds}, indent=1))
    print(f"{counts.total()} kills: {dict(counts)}; {total.total()} in all")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time()))
