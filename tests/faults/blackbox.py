"""Studies under attack, seen from outside alone: the command line, /proc and read-only SQLite; no module of hptui.

    python -m tests.faults.blackbox --kills 1000 [--seed 1] [--samplers NAME …] [--counter FILE]

In rounds. Each starts three studies in a new HOME: the toy with one sampler of SAMPLERS, a second one with the next
sampler or a real model (`charlm`), and a `command` script that leaves daemons behind. While they run, every process of
the HOME is a target: starters and followers, screens in a pty, runner, engine, launcher, shim, worker, script, daemon;
alone, in pairs, all at once, and the same trial twice in a row. Verbs are fired from several shells meanwhile. Then the
studies are let run to their end and judged:

    lost      a trial that was seen complete has its value for ever, and no number is missing
    doubled   a complete trial has one attempt that is done
    cut       a complete trial has points up to the last step that any of its event files shows
    orphans   at the end no process of the HOME lives
    proposals of a sequential study are those of an undisturbed one
    numbers   so are the values of complete trials

Kills are counted in `hptui/blackbox.json` of the user's directory of states (XDG_STATE_HOME), or in the file after
`--counter`. A call goes on after the last round that it holds for the seed, until it has so many kills; it is written
after each round, so that a call may be stopped at any time."""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.faults.blackbox_studies import CHARLM, COMMAND, SCRIPT, TOY

SAMPLERS = ("random", "tpe", "gp", "cmaes", "auto", "qmc", "nsga2", "ax")
"""Samplers of the toy's studies, in turn."""
CHARLM_EVERY = 3
"""Every such round has a real model among its studies."""
KINDS = (
    (b"hptui.operations.runner_process", "runner"),
    (b"hptui.search.engine_process", "engine"),
    (b"shim.py", "shim"),
    (b"hptui.execution.local.launcher", "launcher"),
    (b"hptui.trainers.worker", "worker"),
    (b"blackbox daemon", "daemon"),
    (b"train.py", "script"),
    (b"\0open\0", "screens"),
    (b"\0run\0", "starter or follower"),
)
"""A word of a command line, and whose it is. What else runs is a verb."""
PERIPHERAL = ("starter or follower", "verb", "screens")
"""Whose death stops nothing that runs: they are struck more seldom, else a round would hardly get beyond starters."""
VERBS: Sequence[tuple[str, ...]] = (
    ("status",), ("trials", "{}"), ("report", "{}"), ("doctor", "{}"), ("pause", "{}"), ("resume", "{}"), ("log", "{}"),
    ("note", "{}", "0", "seen"), ("show", "{}", "best"),
)  # fmt: skip
MAX_ENGINES = 2
"""Engines of one question that are killed: the third try is the last that hptui promises."""
MAX_ROUND_S = 240.0
"""Seconds of attack in a round, on an idle machine."""
MAX_END_S = 300.0
"""Seconds that a round's studies may take to their end, once they are left alone, on an idle machine."""
START_S = 0.15
"""Seconds in which an idle machine starts a verb: on a busy one all times are longer by the same factor."""
MAX_SLOWNESS = 6.0


def command(home: Path, *words: str) -> list[str]:
    """The command line of a verb."""
    return [sys.executable, "-m", "hptui", "--home", str(home), *words]


def default_counter() -> Path:
    """Where kills are counted unless another file is named."""
    states = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(states, "hptui", "blackbox.json")


def kind_of(words: bytes) -> str:
    """Whose process a command line belongs to."""
    return next((kind for word, kind in KINDS if word in words), "verb")


def kind_of_process(pid: int, words: bytes) -> str:
    """Whose a process is; what the launcher has forked has its command line, and is told by the attempt's lock."""
    if (kind := kind_of(words)) != "launcher":
        return kind
    if holds_lock(pid):
        return "warm shim"
    with suppress(OSError, ValueError):
        parent = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
        return "warm worker" if holds_lock(parent) else kind
    return kind


def holds_lock(pid: int) -> bool:
    """Whether a process has the lock of an attempt open."""
    with suppress(OSError):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if re.search(r"/attempt-\d+/lock$", os.readlink(fd)):
                    return True
    return False


@dataclass
class Round:
    """One HOME, its studies, and what was seen of them."""

    home: Path
    random: random.Random
    trials: int
    number: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    complete: dict[tuple[str, int], str] = field(default_factory=dict)
    engines: Counter[tuple[str, int]] = field(default_factory=Counter)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    names: tuple[str, ...] = ()
    samplers: Sequence[str] = SAMPLERS
    slowness: float = 1.0

    def files(self, folder: Path) -> None:
        """Choose the round's studies and write their files."""
        script = folder / "train.py"
        script.write_text(SCRIPT.replace("MARK", str(self.home)))
        (folder / "text.txt").write_text(" ".join(random.Random(3).choices(("to", "be", "or", "not"), k=4000)))
        more = {"trials": self.trials, "python": sys.executable, "script": script}
        toys = [self.samplers[(2 * self.number + offset) % len(self.samplers)] for offset in range(2)]
        chosen = [(f"toy-{toys[0]}", TOY, toys[0]), (f"toy-{toys[1]}", TOY, toys[1]), ("script", COMMAND, "random")]
        if self.number % CHARLM_EVERY == CHARLM_EVERY - 1 or toys[0] == toys[1]:
            chosen[1] = ("charlm", CHARLM, "random")
        for name, text, sampler in chosen:
            (folder / f"{name}.toml").write_text(text.format(name=name, sampler=sampler, **more))
        self.names = tuple(name for name, _, _ in chosen)

    # processes ------------------------------------------------------------------------------------------------------

    def processes(self) -> Iterator[tuple[int, bytes]]:
        """Yield (pid, command line) of every living process of the HOME."""
        mark, home = f"HPTUI_HOME={self.home}".encode(), str(self.home).encode()
        for process in Path("/proc").glob("[0-9]*"):
            pid = int(process.name)
            with suppress(OSError):
                words, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
                if (process / "stat").read_bytes().rpartition(b")")[2].split()[0] in b"ZX" or pid == os.getpid():
                    continue
                if mark in environment.split(b"\0") or home in words:
                    yield pid, words

    def kill(self, pid: int, words: bytes) -> None:
        """Kill a process, and count it by what it is.

        Not the third engine over one question: then a random trial is the promised answer.
        """
        if kind_of(words) == "engine":
            asked = self.question_of(words)
            if self.engines[asked] >= MAX_ENGINES:
                return
            self.engines[asked] += 1
        kind = kind_of_process(pid, words)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills[kind] += 1

    def question_of(self, words: bytes) -> tuple[str, int]:
        """The study whose engine a command line is, and how many trials that has."""
        runner = words.rstrip(b"\0").rpartition(b"\0")[2].decode()
        with suppress(OSError):
            name = Path("/proc", runner, "cmdline").read_text().rstrip("\0").rpartition("/")[2]
            return name, int((self.rows(name, "SELECT count(*) FROM trials") or [(0,)])[0][0])
        return "", 0

    def start(self, *words: str) -> None:
        """Start a verb in a shell of its own."""
        self.started = [process for process in self.started if process.poll() is None]
        null = subprocess.DEVNULL
        arguments = command(self.home, *words)
        self.started.append(subprocess.Popen(arguments, stdin=null, stdout=null, stderr=null, start_new_session=True))

    def screens(self) -> int:
        """Open the screens in a pty; return its end here."""
        pid, fd = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, command(self.home, "open"))
        os.set_blocking(fd, False)
        return fd

    # the attack -----------------------------------------------------------------------------------------------------

    def attack(self, kills: int) -> None:
        """Kill until so many have died, or the studies are done, or the time is over."""
        deadline, screens = time.monotonic() + MAX_ROUND_S * self.slowness, -1
        while self.kills.total() < kills and time.monotonic() < deadline and not self.findings:
            for name in self.names:
                if self.state(name) != "done" and not self.alive(name):
                    self.start("run", name)
            if self.random.random() < 0.3:
                verb = self.random.choice(VERBS)
                for _ in range(self.random.choice((1, 1, 4))):
                    self.start(*(word.format(self.random.choice(self.names)) for word in verb))
            if screens < 0 and self.random.random() < 0.1:
                screens = self.screens()
            if screens >= 0:
                with suppress(OSError):
                    while os.read(screens, 1 << 16):
                        pass
            time.sleep(self.random.uniform(0.05, 0.8 * self.slowness))
            self.strike()
            self.look()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if all(self.state(name) == "done" for name in self.names):
                break
        if screens >= 0:
            os.close(screens)

    def strike(self) -> None:
        """Kill one process, two, all, or those of one trial twice in a row."""
        living = list(self.processes())
        if not living:
            return
        how = self.random.choices(("one", "pair", "all", "twice"), (60, 20, 8, 12))[0]
        if how == "all":
            chosen = living
        elif how == "twice":
            trial = [found for found in living if b"trials/" in found[1] or b"train.py" in found[1]] or living
            chosen = trial[:2]
        else:
            by_kind: dict[str, list[tuple[int, bytes]]] = {}  # first whose, then which: runners are few
            for found in living:
                by_kind.setdefault(kind_of_process(*found), []).append(found)
            kinds = sorted(by_kind)
            weights = [1 if kind in PERIPHERAL else 4 for kind in kinds]
            if max(weights) == 1 and self.random.random() < 0.75:  # let them start something
                return
            picked = self.random.choices(kinds, weights, k=1 if how == "one" else 2)
            chosen = [self.random.choice(by_kind[kind]) for kind in picked]
        for pid, words in chosen:
            self.kill(pid, words)
        if how == "twice":
            time.sleep(self.random.uniform(0.3, 1.0))
            for pid, words in list(self.processes()):
                if b"trials/" in words or b"train.py" in words:
                    self.kill(pid, words)

    # what is recorded -----------------------------------------------------------------------------------------------

    def rows(self, name: str, sql: str, home: Path | None = None) -> list[Any]:
        """Ask a store, read-only; [] while it is not there."""
        path = (home or self.home) / name / "study.db"
        if not path.is_file():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as store:
            return store.execute(sql).fetchall()

    def state(self, name: str) -> str:
        """The state of a study."""
        return str((self.rows(name, "SELECT state FROM study") or [("new",)])[0][0])

    def alive(self, name: str) -> bool:
        """Whether a runner of a study lives, or a starter that will start one."""
        root = str(self.home / name).encode()
        return any(root in words or (b"\0run\0" in words and name.encode() in words) for _, words in self.processes())

    def look(self) -> None:
        """Compare what is complete with what was complete before."""
        for name in self.names:
            sql = "SELECT number, values_json FROM trials WHERE status = 'complete'"
            now = {(name, number): values for number, values in self.rows(name, sql)}
            for key, values in self.complete.items():
                if key[0] == name and now.get(key) != values:
                    self.findings.append(f"lost: trial {key} was {values}, is {now.get(key)}")
            self.complete.update(now)

    def finish(self) -> None:
        """Let everything run to its end, undisturbed."""
        deadline = time.monotonic() + MAX_END_S * self.slowness
        while any(self.state(name) != "done" for name in self.names):
            if time.monotonic() > deadline:
                self.findings.append(f"stuck: {[(name, self.state(name)) for name in self.names]}")
                return
            for name in self.names:
                if self.state(name) != "done" and not self.alive(name):
                    self.start("run", name)
            time.sleep(0.5)
        for process in self.started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=60)

    def judge(self, undisturbed: Path) -> None:
        """Say what is wrong at the end."""
        self.look()
        for name in self.names:
            self._judge(name, undisturbed)
        deadline = time.monotonic() + 10
        while (left := list(self.processes())) and time.monotonic() < deadline:
            for pid, words in left:
                if b"\0open\0" in words:  # screens stay until somebody closes them
                    os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)
            time.sleep(0.2)
        self.findings += [f"orphan: {pid} {words.decode(errors='replace')!r}" for pid, words in left]

    def _judge(self, name: str, undisturbed: Path) -> None:
        sound = self.rows(name, "PRAGMA integrity_check")
        if sound != [("ok",)]:
            self.findings.append(f"damaged: {name}: {sound}")
        trials = self.rows(name, "SELECT number, status, params_json FROM trials ORDER BY number")
        if [row[0] for row in trials] != list(range(len(trials))):
            self.findings.append(f"lost: {name} has the trials {[row[0] for row in trials]}")
        self.findings += [
            f"unfinished: {name} {number} is {status}" for number, status, _ in trials if status != "complete"
        ]
        done = dict(self.rows(name, "SELECT trial, count(*) FROM attempts WHERE state = 'done' GROUP BY trial"))
        self.findings += [f"doubled: {name} {n} has {count} ends" for n, count in done.items() if count != 1]
        last = dict(self.rows(name, "SELECT trial, max(step) FROM points GROUP BY trial"))
        for number, status, _ in trials:
            shown = self._last_step(name, number)
            if status == "complete" and shown is not None and (last.get(number) or 0) < shown:
                self.findings.append(f"cut: {name} {number} ends at {last.get(number)}, its files at {shown}")
        sql = "SELECT params_json, values_json FROM trials ORDER BY number"
        proposals, alone = [json.loads(row[2]) for row in trials], self.rows(name, sql, undisturbed)
        if proposals != [json.loads(row[0]) for row in alone]:
            self.findings.append(f"proposals: {name} differs from an undisturbed study")
        values = [json.loads(row[0] or "null") for row in self.rows(name, sql.replace("params_json, ", ""))]
        if values != [json.loads(row[1] or "null") for row in alone]:
            self.findings.append(f"numbers: {name} differs from an undisturbed study")

    def _last_step(self, name: str, number: int) -> int | None:
        steps = []
        for path in (self.home / name / "trials" / f"{number:04d}").glob("attempt-*/events.jsonl"):
            for line in path.read_bytes().split(b"\n"):
                with suppress(ValueError):
                    event = json.loads(line)
                    if event.get("k") == "metrics":
                        steps.append(int(event["step"]))
        return max(steps, default=None)


def slowness_of_machine() -> float:
    """How many times longer than on an idle machine a verb takes to start, at least 1."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "hptui", "--version"], check=True, capture_output=True)
    return min(max(1.0, (time.monotonic() - began) / START_S), MAX_SLOWNESS)


def attack(
    kills: int, seed: int, folder: Path, trials: int = 8, first: int = 0, samplers: Sequence[str] = SAMPLERS
) -> Iterator[Round]:
    """Attack in rounds, from the number `first` on, until so many processes were killed; yield each round judged."""
    total, undisturbed = 0, folder / "undisturbed"
    for number in count(first):
        if total >= kills:
            return
        home = folder / f"home-{number}"
        home.mkdir(parents=True)
        slowness = slowness_of_machine()
        one = Round(home, random.Random(f"{seed}/{number}"), trials, number, slowness=slowness, samplers=samplers)
        one.files(folder)
        os.environ["HPTUI_HOME"] = str(undisturbed)
        for name in one.names:
            if not (undisturbed / name).exists():
                words = command(undisturbed, "run", str(folder / f"{name}.toml"))
                subprocess.run(words, check=True, capture_output=True)
        os.environ["HPTUI_HOME"] = str(home)
        for name in one.names:
            one.start("run", str(folder / f"{name}.toml"))
        deadline = time.monotonic() + 60
        while not all((home / name / "study.db").is_file() for name in one.names) and time.monotonic() < deadline:
            time.sleep(0.05)
        one.attack(kills - total)
        one.finish()
        one.judge(undisturbed)
        total += one.kills.total()
        print(f"seed {seed}, round {number}: {dict(one.kills)}; {len(one.findings)} findings", flush=True)
        yield one
        if one.findings:
            return
        shutil.rmtree(home)


def known_counts(counter: Path) -> dict[str, Any]:
    """Return what the counter file holds: kills by process, studies, rounds and findings, by seed."""
    known: dict[str, Any] = json.loads(counter.read_text()) if counter.exists() else {}
    return known


def add_round(known: dict[str, Any], seed: int, one: Round) -> None:
    """Add a round to the counts of a seed."""
    mine = known.setdefault(str(seed), {"rounds": 0, "kills": {}, "studies": {}, "findings": []})
    mine["rounds"] += 1
    mine["kills"] = dict(Counter(mine["kills"]) + one.kills)
    mine["studies"] = dict(Counter(mine["studies"]) + Counter(one.names))
    mine["findings"] += [f"round {one.number}: {finding}" for finding in one.findings]


def main() -> int:
    """Attack, add each round to the counter file, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=8, help="of each toy's study of a round")
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS, help="of the toys' studies, in turn")
    parser.add_argument(
        "--counter",
        type=Path,
        default=default_counter(),
        help=f"JSON file that the counts are added to: {default_counter()}",
    )
    options = parser.parse_args()
    options.counter.parent.mkdir(parents=True, exist_ok=True)
    folder, known = Path(tempfile.mkdtemp(prefix="blackbox-")), known_counts(options.counter)
    before = known.get(str(options.seed), {"rounds": 0, "kills": {}})
    kills = options.kills - sum(before["kills"].values())
    findings: list[str] = []
    for one in attack(kills, options.seed, folder, options.trials, before["rounds"], options.samplers):
        add_round(known, options.seed, one)
        findings += [*one.findings, f"in {one.home}"] if one.findings else []
        temporary = options.counter.with_suffix(".tmp")
        temporary.write_text(json.dumps(known, indent=2) + "\n")
        temporary.replace(options.counter)
    total = sum(sum(counts["kills"].values()) for counts in known.values())
    print(f"{total} kills in all, counted in {options.counter}")
    for seed, counts in known.items():
        print(f"seed {seed}: {sum(counts['kills'].values())} kills in {counts['rounds']} rounds: {counts['kills']}")
        print(f"  studies: {counts['studies']}; {len(counts['findings'])} findings")
    print("\n".join(findings))
    if not findings:
        shutil.rmtree(folder)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
