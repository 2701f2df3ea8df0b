"""Studies under attack: a keeper that starts the runner again whenever it is gone, and a nemesis that kills.

The nemesis draws its acts and their times from its seed, and writes each into a log: the same seed attacks in the same
order. Nothing is signalled by a bare pid: a process must belong to the HOME under test, and be what we take it for.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from hptui.core.errors import HptuiError
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import extend, send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from hptui.trainers.checkpoints import MANIFEST, list_checkpoints
from tests.faults.checker import Damage, Gauge, Known, Ledger, Snapshot, check, check_end, take
from tests.support import PATIENCE, until

VICTIM_S = 0.5
"""How long to wait for somebody to kill, where there is nobody at the moment."""
RUNNER, LAUNCHER = b"hptui.operations.runner_process", b"hptui.execution.local.launcher"


# processes ----------------------------------------------------------------------------------------------------------


def ours(pid: int, home: Path) -> bool:
    """Whether a process lives and was started, by whomever, for studies under `home`."""
    try:
        return f"HPTUI_HOME={home}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def words(pid: int) -> bytes:
    """Its command line, or b''."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def processes(home: Path) -> list[int]:
    """All living processes that were started for studies under `home`, but for ourselves."""
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if pid != os.getpid() and ours(pid, home)]


def named(home: Path) -> list[str]:
    """The same, for people."""
    return [f"{pid}: {' '.join(words(pid).decode(errors='replace').split(chr(0)))}" for pid in processes(home)]


def stopped(pid: int) -> bool:
    """Whether a process stands still, or is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZX"
    except OSError:
        return True


def parent(pid: int) -> int:
    """Its parent, 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


class RunnerProcess(subprocess.Popen[bytes]):
    """A runner's process, remembered: the product waits for those that it starts, so `waitpid` comes too late."""

    started: ClassVar[list[RunnerProcess]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.started.append(self)


def last_exit_code() -> int:
    """How the runner ended that was started last."""
    return RunnerProcess.started[-1].wait(30 * PATIENCE)


# one study ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """A living attempt: its processes, as its shim wrote them down."""

    trial: int
    n: int
    run: RunDir
    shim: int
    worker: int


@dataclass
class Subject:
    """A study under attack, with all that is known about it."""

    home: Path
    file: Path
    slots: int = 1
    known: Known = field(default_factory=Known)
    ledger: Ledger = field(default_factory=Ledger)
    gauge: Gauge = field(default_factory=Gauge)
    errors: list[str] = field(default_factory=list)
    restarts: int = 0

    @property
    def sd(self) -> StudyDir:
        return StudyDir.for_study(self.home, self.file.stem)

    def runner(self) -> int | None:
        """The runner's pid, if it lives."""
        facts = runner_status(self.sd)
        pid = facts["pid"]
        if not facts["alive"] or not isinstance(pid, int) or not ours(pid, self.home) or RUNNER not in words(pid):
            return None
        return pid

    def launchers(self) -> list[int]:
        """The pids of the runner's launchers: that of the trainer, and that of clients of hosts."""
        runner = self.runner()
        pids = processes(self.home) if runner else []
        # A shim that was forked by a launcher has its words, but another parent or none.
        return [pid for pid in pids if parent(pid) == runner and LAUNCHER in words(pid)]

    def launcher(self) -> int | None:
        """The pid of a launcher, if it and the runner live."""
        return next(iter(self.launchers()), None)

    def attempts(self) -> list[Attempt]:
        """Attempts whose lock is held and whose shim has introduced itself."""
        with StoreReader.open(self.sd) as reader:
            rows = reader.attempts(open=True)
        found = []
        for row in rows:
            run_dir = RunDir(self.sd.attempt(row.trial, row.n))
            facts = read_json(run_dir.shim)
            if isinstance(facts, dict) and facts["token"] == row.token and lock_is_held(run_dir.lock):
                found.append(Attempt(row.trial, row.n, run_dir, facts["shim"], facts["worker"]))
        return found

    def kill(self, pid: int | None, number: signal.Signals = signal.SIGKILL) -> bool:
        """Signal a process of this HOME; False when it is gone already."""
        if pid is None or not ours(pid, self.home):
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False

    def state(self) -> str:
        with StoreReader.open(self.sd) as reader:
            return str(reader.study().state)

    # running --------------------------------------------------------------------------------------------------------

    def start(self, **options: Any) -> None:
        """Start, or start again. A start may fail when somebody is killing: that is noted, a bug is an error."""
        try:
            run(self.home, self.sd.name if self.sd.exists() else str(self.file), **options)
            self.restarts += 1
        except HptuiError:
            pass  # killed while it started, or another process had the lock for a moment: tried again
        except Exception as error:
            self.errors.append(f"starting raised {type(error).__name__}: {error}")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Inside, the runner is started again whenever it is gone and the study is not done."""
        stop = threading.Event()

        def keep() -> None:
            while not stop.wait(0.03):
                if not runner_status(self.sd)["alive"] and self.state() != "done":
                    self.start()

        self.start()
        thread = threading.Thread(target=keep, name=f"keeper of {self.sd.name}")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def ask(self, verb: str, args: Mapping[str, Any], wait: float = 2.0) -> bool | None:
        """A request: True when it was done, False when it was refused, None when nobody knows."""
        try:
            send_command(self.sd, verb, args, wait=wait)
        except HptuiError as error:
            return None if "the request stands" in str(error) else False
        except Exception as error:
            self.errors.append(f"{verb} raised {type(error).__name__}: {error}")
        else:
            return True
        return None

    def finish(self, seconds: float = 120.0) -> None:
        """Let what is recorded end, and nothing new begin. To be called while the study is kept."""
        with StoreReader.open(self.sd) as reader:
            counted = sum(trial.role.counts_as_trial for trial in reader.trials())

        def small() -> bool:
            with suppress(HptuiError):
                extend(self.sd, counted)
                return True
            return False

        until(small, seconds=seconds)
        until(lambda: self.state() == "done" and not runner_status(self.sd)["alive"], seconds=seconds)

    # judging --------------------------------------------------------------------------------------------------------

    def look(self) -> list[str]:
        """What is wrong at this moment."""
        if (pid := self.runner()) is not None:
            self.gauge.look(pid, self.sd, self.slots)
        now = take(self.sd)
        return [f"{self.sd.name}: {finding}" for finding in (*check(now, self.known), *self.ledger.observe(now))]

    def judge(self) -> Snapshot:
        """At the end: nothing may be wrong."""
        with suppress(AssertionError):  # what still runs is named below
            until(lambda: not processes(self.home), seconds=5)
        found = [*self.look(), *self.errors, *self.gauge.check()]
        now = take(self.sd)
        found += check_end(now, named(self.home))
        assert not found, "\n".join(found)
        return now


# the nemesis --------------------------------------------------------------------------------------------------------


class Nemesis:
    """Attacks studies. `kills` counts what was killed with -9, by what it was."""

    def __init__(self, seed: int, subjects: list[Subject], log: Path) -> None:
        self.random, self.subjects, self.log = random.Random(seed), subjects, log
        self.seed = seed
        self.kills: Counter[str] = Counter()
        self.acts: Counter[str] = Counter()
        self.findings: list[str] = []
        self._began = time.monotonic()
        self._stopped: list[threading.Timer] = []
        self._seconds: list[tuple[Subject, subprocess.Popen[bytes]]] = []

    def attack(self, kills: int, *, pace: float, seconds: float) -> None:
        """Act until so many processes were killed, looking at the studies now and then."""
        deadline = time.monotonic() + seconds
        while self.kills.total() < kills and not self.findings:
            assert time.monotonic() < deadline, f"only {self.kills} in {seconds:g} s; {self.log}"
            subject = self.random.choice(self.subjects)
            self.act(subject)
            if self.acts.total() % 15 == 0:
                self.findings += subject.look()
            time.sleep(self.random.uniform(0.1, 1.9) * pace)

    def act(self, subject: Subject) -> None:
        """One act, as the seed has it."""
        name = self.random.choices(list(ACTS), [weight for weight, _ in ACTS.values()])[0]
        detail, deadline = ACTS[name][1](self, subject), time.monotonic() + VICTIM_S
        while name.startswith("kill") and not detail and time.monotonic() < deadline:
            time.sleep(0.03)
            detail = ACTS[name][1](self, subject)
        self.acts[name] += 1
        if name.startswith("kill") and detail:
            self.kills[name] += 1
        line = {"t": round(time.monotonic() - self._began, 3), "study": subject.sd.name, "act": name, "what": detail}
        with self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def rest(self) -> None:
        """Let go: whoever was stopped goes on, second runners are heard out."""
        for timer in self._stopped:
            timer.join()
        for subject, second in self._seconds:
            until(lambda s=subject, p=second: p.poll() is not None or s.runner() == p.pid, seconds=30)  # type: ignore[misc]
            if second.poll() is None:
                second.returncode = 0  # the first was gone: it is the runner now, and nothing of ours to wait for
            elif second.returncode not in (0, 4, -signal.SIGKILL, -signal.SIGTERM):
                self.findings.append(f"a second runner ended with {second.returncode}")

    def story(self) -> str:
        """What a person needs to see it again."""
        last = self.log.read_text().splitlines()[-40:] if self.log.exists() else []
        return "\n".join([*self.findings, f"seed {self.seed}, {dict(self.acts)}, log: {self.log}", *last])

    # acts: each returns what it hit, or '' ----------------------------------------------------------------------------

    def _attempt(self, subject: Subject) -> Attempt | None:
        alive = subject.attempts()
        return self.random.choice(alive) if alive else None

    def _launcher(self, subject: Subject) -> int | None:
        alive = subject.launchers()
        return self.random.choice(alive) if alive else None

    def kill_runner(self, subject: Subject) -> str:
        pid = subject.runner()
        return f"runner {pid}" if subject.kill(pid) else ""

    def kill_launcher(self, subject: Subject) -> str:
        pid = self._launcher(subject)
        return f"launcher {pid}" if subject.kill(pid) else ""

    def kill_worker(self, subject: Subject) -> str:
        attempt = self._attempt(subject)
        return f"worker of {attempt.trial}/{attempt.n}" if attempt and subject.kill(attempt.worker) else ""

    def kill_shim(self, subject: Subject) -> str:
        attempt = self._attempt(subject)
        return f"shim of {attempt.trial}/{attempt.n}" if attempt and subject.kill(attempt.shim) else ""

    def end_runner(self, subject: Subject) -> str:
        return "SIGTERM" if subject.kill(subject.runner(), signal.SIGTERM) else ""

    def end_worker(self, subject: Subject) -> str:
        attempt = self._attempt(subject)
        done = attempt is not None and subject.kill(attempt.worker, signal.SIGTERM)
        return f"SIGTERM to {attempt.trial}/{attempt.n}" if attempt and done else ""

    def stop_a_while(self, subject: Subject) -> str:
        """SIGSTOP for one to two seconds, while everything else goes on."""
        who, attempt = self.random.choice(("runner", "launcher", "shim", "worker")), self._attempt(subject)
        pids = {"shim": attempt.shim, "worker": attempt.worker} if attempt else {}
        pid = self._launcher(subject) if who == "launcher" else pids.get(who, subject.runner())
        seconds = self.random.uniform(1, 2)
        if pid is None or not subject.kill(pid, signal.SIGSTOP):
            return ""
        timer = threading.Timer(seconds, subject.kill, (pid, signal.SIGCONT))
        timer.start()
        self._stopped.append(timer)
        return f"{who} {pid} for {seconds:.1f} s"

    def second_runner(self, subject: Subject) -> str:
        command = [sys.executable, "-m", "hptui.operations.runner_process", str(subject.sd.root)]
        with subject.sd.runner_log.open("ab") as log:
            second = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._seconds.append((subject, second))
        return f"pid {second.pid}"

    def pause_and_resume(self, subject: Subject) -> str:
        paused = subject.ask("pause", {})
        time.sleep(self.random.choice((0.0, 0.05, 0.4)))
        return f"paused {paused}, resumed {subject.ask('resume', {})}"

    def truncate_checkpoint(self, subject: Subject) -> str:
        """Cut the newest checkpoint of a trial that is training, and kill it, so that the next attempt must see it."""
        attempt = self._attempt(subject)
        if attempt is None or not training(attempt):
            return ""
        done = truncate(subject, attempt.trial, self.random)
        subject.kill(attempt.worker)
        return done

    def note(self, subject: Subject) -> str:
        number = self.random.randrange(len(subject.ledger.params) or 1)
        text = f"note {self.random.random()}"
        allowed = subject.ledger.notes.get(number, {""})
        subject.ledger.notes[number] = {*allowed, text}
        if done := subject.ask("note", {"trial": number, "text": text}):
            subject.ledger.notes[number] = {text}
        return f"trial {number}: {done}"

    def add(self, subject: Subject) -> str:
        if subject.known.proposals is not None:  # a trial added by hand is history, and would change what is proposed
            return ""
        mark = round(0.1 + self.random.random() / 10, 9)
        subject.ledger.added[mark] = False
        if done := subject.ask("add", {"params": {"dropout": mark}}):
            subject.ledger.added[mark] = True
        return f"{mark}: {done}"


ACTS: dict[str, tuple[int, Callable[[Nemesis, Subject], str]]] = {
    "kill runner": (15, Nemesis.kill_runner),
    "kill worker": (28, Nemesis.kill_worker),
    "kill shim": (20, Nemesis.kill_shim),
    "kill launcher": (10, Nemesis.kill_launcher),
    "SIGTERM runner": (4, Nemesis.end_runner),
    "SIGTERM worker": (4, Nemesis.end_worker),
    "SIGSTOP": (3, Nemesis.stop_a_while),
    "second runner": (2, Nemesis.second_runner),
    "pause and resume": (5, Nemesis.pause_and_resume),
    "truncate checkpoint": (5, Nemesis.truncate_checkpoint),
    "note": (4, Nemesis.note),
    "add": (2, Nemesis.add),
}


def training(attempt: Attempt) -> bool:
    """Whether it has reported a step, and so is done with reading the checkpoint that it began with."""
    try:
        return b'"k":"metrics"' in attempt.run.events.read_bytes()
    except FileNotFoundError:
        return False


def attempt_in_training(subject: Subject) -> Attempt:
    """Wait until an attempt has reported a step, and return it: the files of a younger one need not exist yet."""
    until(lambda: any(training(attempt) for attempt in subject.attempts()))
    return next(attempt for attempt in subject.attempts() if training(attempt))


def truncate(subject: Subject, trial: int, draw: random.Random) -> str:
    """Damage the newest checkpoint of a trial as a lost write would: '' when there is none."""
    newest = next(iter(list_checkpoints(subject.sd.checkpoints(trial))), None)
    if newest is None:
        return ""
    victim = draw.choice(["state.json", MANIFEST])
    try:
        size = (newest.path / victim).stat().st_size
        os.truncate(newest.path / victim, draw.randrange(size) if size else 0)
    except FileNotFoundError:  # deleted meanwhile: it was not the newest any more
        return ""
    subject.known.damaged.append(Damage(trial, newest.step, time.time()))
    return f"{newest.path.name} of trial {trial}: {victim}"
