"""What must hold of a study, whoever was killed and when: invariants I1 to I10, judged from outside the product.

A snapshot is read in one transaction, so a study may be checked while it runs. Everything is compared with something
that the product did not compute: the trainer's own pure function, the workers' event files read again from the first
byte, the proposals of a study that nobody disturbed. A finding is a sentence that begins with its invariant.

    I1  finished is for ever, with the same value          I6   proposals are those of an undisturbed run
    I2  trials are 0..N-1, a running one has one attempt   I7   the database is sound
    I3  one DONE attempt per complete trial, with its end  I8   at the end nothing runs, is locked or half-written
    I4  every step once, with the right value              I9   resumed attempts start at a valid checkpoint
    I5  what was seen or acknowledged does not vanish      I10  the runner stays small
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, lock_is_held
from hptui.trainers import toy
from hptui.trainers.settings import build

Row = Mapping[str, Any]
Truth = Callable[[Mapping[str, Any], int, int], Mapping[str, float]]
"""(settings, seed, step) -> the metrics of that step; {} where none are due."""

OPEN = ("starting", "running")
MIB = 1 << 20


@lru_cache(maxsize=1 << 16)
def _toy(settings: str, seed: int, step: int) -> Mapping[str, float]:
    real = toy.effective_settings(build(toy.ToySettings, json.loads(settings)))
    return toy.pseudo_metrics(real, seed, step) if step <= real.steps else {}


def toy_truth(settings: Mapping[str, Any], seed: int, step: int) -> Mapping[str, float]:
    """What the toy reports: its own pure function."""
    return _toy(json.dumps(settings, sort_keys=True), seed, step)


# what is read -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What one attempt wrote into `events.jsonl`, up to an offset."""

    events: list[Row]
    bad: int
    behind: int
    """Bytes up to the last newline."""

    def of(self, kind: str) -> list[Row]:
        return [event for event in self.events if event["k"] == kind]

    @property
    def hello(self) -> Row | None:
        return next(iter(self.of("hello")), None)


def told(sd: StudyDir, trial: int, n: int, limit: int | None = None) -> Told:
    """Read an attempt's events, all or those before an offset."""
    try:
        data = RunDir(sd.attempt(trial, n)).events.read_bytes()[:limit]
    except FileNotFoundError:
        data = b""
    data = data[: data.rfind(b"\n") + 1]
    events, bad = [], 0
    for line in data.splitlines():
        try:
            event = json.loads(line)
            assert {"q", "k", "t"} <= event.keys()
            events.append(event)
        except (ValueError, RecursionError, AttributeError, AssertionError):
            bad += 1
    return Told(events, bad, len(data))


@dataclass(frozen=True)
class Snapshot:
    """One moment of a store, read in one transaction, and the event files up to what was committed then."""

    sd: StudyDir
    study: Row
    settings: Mapping[str, Any]
    trials: Mapping[int, Row]
    attempts: Mapping[int, list[Row]]
    points: Mapping[int, Mapping[str, Mapping[int, tuple[float | None, int]]]]
    """trial -> metric -> step -> (value, attempt)"""
    summaries: Mapping[tuple[int, str], Row]
    endings: Mapping[int, int]
    """How often the events say that a trial is complete."""
    problems: Sequence[str]

    def params(self, number: int) -> dict[str, Any]:
        return dict(json.loads(self.trials[number]["params_json"]))

    def told(self, attempt: Row) -> Told:
        """What the store has read of an attempt."""
        return told(self.sd, attempt["trial"], attempt["n"], attempt["offset"])

    def with_status(self, *statuses: str) -> list[int]:
        return [number for number, trial in self.trials.items() if trial["status"] in statuses]


def take(sd: StudyDir) -> Snapshot:
    """A snapshot, now. A database that cannot be read is a violation of I7 at once."""
    db = sqlite3.connect(f"file:{sd.db}?mode=ro", uri=True, isolation_level=None, timeout=30)
    db.row_factory = sqlite3.Row
    try:
        db.execute("BEGIN")
        rows = {name: [dict(row) for row in db.execute(sql)] for name, sql in _TABLES.items()}
        problems = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"foreign key: {tuple(row)}" for row in db.execute("PRAGMA foreign_key_check")]
    except sqlite3.DatabaseError as error:
        raise AssertionError(f"I7: {error}") from error
    finally:
        db.close()
    attempts: dict[int, list[Row]] = {}
    for row in rows["attempts"]:
        attempts.setdefault(row["trial"], []).append(row)
    points: dict[int, dict[str, dict[int, tuple[float | None, int]]]] = {}
    for row in rows["points"]:
        points.setdefault(row["trial"], {}).setdefault(row["name"], {})[row["step"]] = (row["value"], row["attempt"])
    study = rows["study"][0]
    trainer = json.loads(study["spec_json"])["trainer"]
    return Snapshot(
        sd=sd,
        study=study,
        settings={name: value for name, value in trainer.items() if name != "kind"},
        trials={row["number"]: row for row in rows["trials"]},
        attempts=attempts,
        points=points,
        summaries={(row["trial"], row["name"]): row for row in rows["summaries"]},
        endings=Counter(row["trial"] for row in rows["endings"]),
        problems=problems,
    )


_TABLES = {
    "study": "SELECT * FROM study",
    "trials": "SELECT * FROM trials ORDER BY number",
    "attempts": "SELECT * FROM attempts ORDER BY trial, n",
    "points": "SELECT p.*, name FROM points p JOIN metric_names ON id = metric ORDER BY trial, metric, step",
    "summaries": "SELECT l.*, name FROM metric_last l JOIN metric_names ON id = metric",
    "endings": "SELECT trial FROM events WHERE kind = 'trial_complete'",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """A checkpoint that was damaged on purpose."""

    trial: int
    step: int
    at: float


@dataclass
class Known:
    """What a study is judged by, beside itself. `loose` are metrics that no run repeats, such as speeds."""

    truth: Truth = toy_truth
    proposals: Sequence[Mapping[str, Any]] | None = None
    damaged: list[Damage] = field(default_factory=list)
    loose: frozenset[str] = frozenset()
    suspect: frozenset[int] = frozenset()
    """Trials whose event files a test has altered: they are not compared with what they should be."""


# invariants of a moment ---------------------------------------------------------------------------------------------


def check(now: Snapshot, known: Known) -> list[str]:
    """Everything that holds at any moment of a study."""
    found: list[str] = []
    for invariant in (numbers, endings, points, replayed, summaries, resumed, proposals, sound):
        found += invariant(now, known)
    return found


def numbers(now: Snapshot, known: Known) -> Iterator[str]:
    """I2: no hole, no double; attempts count from 1; who runs has exactly one open attempt."""
    if sorted(now.trials) != list(range(len(now.trials))):
        yield f"I2: trials are {sorted(now.trials)}"
    for number, trial in now.trials.items():
        attempts = now.attempts.get(number, [])
        if [attempt["n"] for attempt in attempts] != list(range(1, len(attempts) + 1)):
            yield f"I2: trial {number} has attempts {[attempt['n'] for attempt in attempts]}"
        alive = [attempt["n"] for attempt in attempts if attempt["state"] in OPEN]
        if len(alive) != (trial["status"] == "running"):
            yield f"I2: trial {number} is {trial['status']} with open attempts {alive}"


def endings(now: Snapshot, known: Known) -> Iterator[str]:
    """I3: a complete trial has one DONE attempt, the last, whose file has one end; no other trial has one."""
    for number, trial in now.trials.items():
        attempts = now.attempts.get(number, [])
        done = [attempt for attempt in attempts if attempt["state"] == "done"]
        complete = trial["status"] == "complete"
        if len(done) != complete or now.endings.get(number, 0) != complete:
            times = now.endings.get(number, 0)
            yield f"I3: trial {number} is {trial['status']} with {len(done)} DONE attempts, told {times} times"
        if complete and done:
            ends = [end["status"] for end in told(now.sd, number, done[0]["n"]).of("end")]
            if done[0] is not attempts[-1] or ends != ["complete"]:
                yield f"I3: trial {number}, attempt {done[0]['n']} of {len(attempts)}, wrote ends {ends}"
        if complete != (trial["values_json"] is not None):
            yield f"I3: trial {number} is {trial['status']} with values {trial['values_json']}"


def points(now: Snapshot, known: Known) -> Iterator[str]:
    """I4: from step 1 to the last, every metric has each step that is due once, and the value is the true one."""
    for number, trial in now.trials.items():
        if number in known.suspect:
            continue
        metrics = now.points.get(number, {})
        settings, last = {**now.settings, **now.params(number)}, max((max(m) for m in metrics.values()), default=0)
        if (trial["last_step"] or 0) != last:
            yield f"I4: trial {number} has points up to step {last}, its last step is {trial['last_step']}"
        for step in range(1, last + 1):
            due = known.truth(settings, trial["seed"], step)
            have = {name: m[step][0] for name, m in metrics.items() if step in m and name not in known.loose}
            if have != due:
                yield f"I4: trial {number}, step {step}: {have} instead of {due}"
                break
        if trial["status"] == "complete":
            yield from _complete(now, known, number, last)


def _complete(now: Snapshot, known: Known, number: int, last: int) -> Iterator[str]:
    trial = now.trials[number]
    settings = {**now.settings, **now.params(number)}
    if last != trial["total_steps"] or known.truth(settings, trial["seed"], last + 1):
        yield f"I4: trial {number} is complete at step {last} of {trial['total_steps']}"
    for name, value in json.loads(trial["values_json"] or "{}").items():
        best = min(v for v, _ in now.points.get(number, {}).get(name, {0: (float("nan"), 0)}).values() if v is not None)
        if value != best:
            yield f"I4: trial {number} has {name} = {value}, the best of its points is {best}"


def replayed(now: Snapshot, known: Known) -> Iterator[str]:
    """I4: the store holds what the event files say up to the committed offsets, no more and no less."""
    for number, attempts in now.attempts.items():
        if number in known.suspect:
            continue
        expected: dict[str, dict[int, tuple[float | None, int]]] = {}
        for attempt in attempts:
            read = now.told(attempt)
            yield from _file(now, attempt, read)
            for event in read.events:
                if event["k"] == "hello" and attempt["n"] > 1:
                    kept = event["resumed_step"] or 0
                    expected = {m: {s: v for s, v in c.items() if s <= kept} for m, c in expected.items()}
                elif event["k"] == "metrics":
                    for name, value in event["m"].items():
                        expected.setdefault(name, {})[event["step"]] = (value, attempt["n"])
        have = now.points.get(number, {})
        if {m: c for m, c in expected.items() if c} != have:
            yield f"I4: trial {number}: the points are not those that its attempts wrote: {_differ(expected, have)}"


def _file(now: Snapshot, attempt: Row, read: Told) -> Iterator[str]:
    who = f"trial {attempt['trial']}, attempt {attempt['n']}"
    if [event["q"] for event in read.events] != list(range(1, len(read.events) + 1)) or read.bad:
        yield f"I4: {who}: its events are not 1 to {len(read.events)}, {read.bad} cannot be read"
    if attempt["sequence"] != len(read.events) or attempt["offset"] != read.behind:
        yield f"I4: {who}: {attempt['sequence']} events read of {len(read.events)} before offset {attempt['offset']}"
    whole = told(now.sd, attempt["trial"], attempt["n"])
    if attempt["state"] not in OPEN and whole.behind != attempt["offset"]:
        yield f"I4: {who} is {attempt['state']}, but {whole.behind - attempt['offset']} bytes of it were never read"


def _differ(expected: Mapping[str, Any], have: Mapping[str, Any]) -> str:
    for name in sorted({*expected, *have}):
        for step in sorted({*expected.get(name, ()), *have.get(name, ())}):
            wanted, got = expected.get(name, {}).get(step), have.get(name, {}).get(step)
            if wanted != got:
                return f"{name} at step {step} is {got} instead of {wanted} (value, attempt)"
    return "?"


def summaries(now: Snapshot, known: Known) -> Iterator[str]:
    """I4: the summary of a metric is that of its points."""
    counted = {}
    for number, metrics in now.points.items():
        for name, curve in metrics.items():
            steps = sorted(curve)
            finite = [(curve[step][0], step) for step in steps if curve[step][0] is not None]
            low, high = min(finite, default=(None, None)), max(finite, key=lambda one: one[0], default=(None, None))
            counted[number, name] = (steps[-1], curve[steps[-1]][0], low[0], high[0], len(steps))
    kept = {key: (row["step"], row["value"], row["low"], row["high"], row["n"]) for key, row in now.summaries.items()}
    for key in sorted({*counted, *kept}):
        if counted.get(key) != kept.get(key):
            yield f"I4: trial {key[0]}: the summary of {key[1]} is {kept.get(key)}, its points give {counted.get(key)}"


def resumed(now: Snapshot, known: Known) -> Iterator[str]:
    """I9: an attempt goes on behind a checkpoint that was whole, the newest such, and with the very next step."""
    for number, attempts in now.attempts.items():
        if number in known.suspect:
            continue
        reached, saved, before = 0, set[int](), list[Told]()
        for attempt in attempts:
            read = told(now.sd, number, attempt["n"])
            hello, who = read.hello, f"trial {number}, attempt {attempt['n']}"
            if hello is not None:
                step = hello["resumed_step"]
                hurt = [damage for damage in known.damaged if damage.trial == number and damage.at < hello["time"]]
                if step is not None and step > reached:
                    yield f"I9: {who} went on after step {step}, only {reached} had been reported"
                if any(damage.step == step and not _written_again(damage, before) for damage in hurt):
                    yield f"I9: {who} went on from the damaged checkpoint of step {step}"
                if not hurt and (step or 0) < max(saved, default=0):
                    yield f"I9: {who} went back to step {step}, step {max(saved)} had been saved"
                steps = [event["step"] for event in read.of("metrics")]
                if steps and steps[0] != (step or 0) + 1:
                    yield f"I9: {who} went on after step {step} with step {steps[0]}"
                if any(later != sooner + 1 for sooner, later in pairwise(steps)):
                    yield f"I9: {who} reported steps {steps}"
            reached = max([reached, *(event["step"] for event in read.of("metrics"))])
            saved |= {event["step"] for event in read.of("checkpoint")}
            before.append(read)


def _written_again(damage: Damage, attempts: Iterable[Told]) -> bool:
    """Whether an attempt that began after the damage came past that step: it saved anew, even if it told nobody."""
    later = [read for read in attempts if read.hello and read.hello["time"] > damage.at]
    return any(event["step"] == damage.step for read in later for event in read.of("metrics"))


def proposals(now: Snapshot, known: Known) -> Iterator[str]:
    """I6: every proposal is the one that an undisturbed run with the same seed got."""
    for number, expected in enumerate(known.proposals or ()):
        if number in now.trials and now.params(number) != dict(expected):
            yield f"I6: trial {number} got {now.params(number)} instead of {dict(expected)}"


def sound(now: Snapshot, known: Known) -> Iterator[str]:
    """I7: SQLite finds nothing wrong."""
    for problem in now.problems:
        yield f"I7: {problem}"


# invariants of a history --------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Remembers what was seen and what was promised, so that a later moment can be held against it (I1, I5)."""

    finished: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    params: dict[int, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    greeted: set[str] = field(default_factory=set)
    reached: dict[tuple[int, str], int] = field(default_factory=dict)
    notes: dict[int, set[str]] = field(default_factory=dict)
    """trial -> the texts that may stand there: the last acknowledged one, and unanswered ones since."""
    added: dict[float, bool] = field(default_factory=dict)
    """A setting that marks a trial added by hand -> whether the request was acknowledged."""

    def observe(self, now: Snapshot) -> list[str]:
        """Hold a moment against the past, and remember it."""
        return [*self._finished(now), *self._vanished(now), *self._points(now), *self._requests(now)]

    def _finished(self, now: Snapshot) -> Iterator[str]:
        for number, before in self.finished.items():
            after = _verdict(now, number)
            if after != before:
                yield f"I1: trial {number} was {before}, and is {after}"
        self.finished |= {number: _verdict(now, number) for number in now.with_status("complete")}

    def _vanished(self, now: Snapshot) -> Iterator[str]:
        tokens = {attempt["token"] for attempts in now.attempts.values() for attempt in attempts}
        if gone := self.tokens - tokens:
            yield f"I5: attempts vanished: {gone}"
        for number, params in self.params.items():
            if number not in now.trials or now.trials[number]["params_json"] != params:
                yield f"I5: trial {number} vanished, or is another one than it was: {params}"
        self.tokens |= tokens
        self.params |= {number: trial["params_json"] for number, trial in now.trials.items()}

    def _points(self, now: Snapshot) -> Iterator[str]:
        """A curve may only get shorter when an attempt begins, and then not below the step it goes on from."""
        last = {(trial, name): max(curve) for trial, metrics in now.points.items() for name, curve in metrics.items()}
        starts: dict[int, int] = {}
        for number, attempts in now.attempts.items():
            for attempt in attempts:
                hello = now.told(attempt).hello
                if hello is not None and attempt["token"] not in self.greeted:
                    self.greeted.add(attempt["token"])
                    starts[number] = min(starts.get(number, 1 << 60), hello["resumed_step"] or 0)
        for (number, name), before in self.reached.items():
            if last.get((number, name), 0) < min(before, starts.get(number, before)):
                yield f"I5: trial {number}: {name} had {before} steps, and has {last.get((number, name), 0)}"
        self.reached = last

    def _requests(self, now: Snapshot) -> Iterator[str]:
        for number, allowed in self.notes.items():
            if now.trials[number]["note"] not in allowed:
                yield f"I5: the note of trial {number} is {now.trials[number]['note']!r}, not one of {allowed}"
        marks = Counter(now.params(number).get("dropout") for number in now.trials)
        for mark, acknowledged in self.added.items():
            if not acknowledged <= marks[mark] <= 1:
                yield f"I5: the trial added with {mark} exists {marks[mark]} times, acknowledged: {acknowledged}"


def _verdict(now: Snapshot, number: int) -> tuple[Any, ...]:
    trial = now.trials.get(number, {})
    curves = {name: len(curve) for name, curve in now.points.get(number, {}).items()}
    return tuple(trial.get(name) for name in ("status", "values_json", "params_json", "final_json", "ended")), curves


# invariants of the end, and of the process --------------------------------------------------------------------------


@dataclass
class Gauge:
    """The largest a runner has been. `files` are its descriptors beyond three for every slot."""

    rss: int = 0
    wal: int = 0
    files: int = 0

    def look(self, pid: int, sd: StudyDir, slots: int) -> None:
        """Measure a runner, if it is there."""
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            files = len(os.listdir(f"/proc/{pid}/fd"))
            self.wal = max(self.wal, os.stat(f"{sd.db}-wal").st_size)
        except (OSError, IndexError):
            return
        self.rss = max(self.rss, pages * os.sysconf("SC_PAGE_SIZE"))
        self.files = max(self.files, files - 3 * slots)

    def check(self) -> list[str]:
        """I10."""
        found = []
        if self.rss >= 200 * MIB:
            found.append(f"I10: the runner had {self.rss / MIB:.0f} MiB")
        if self.wal >= 64 * MIB:
            found.append(f"I10: the write-ahead log had {self.wal / MIB:.0f} MiB")
        if self.files > 24:
            found.append(f"I10: the runner had {self.files} open files besides those of its slots")
        return found


def check_end(now: Snapshot, processes: Iterable[str]) -> list[str]:
    """A study at rest: all complete, and I8: no process, no lock, nothing half-written, nothing for others to read."""
    sd, found = now.sd, []
    if now.study["state"] != "done" or len(now.with_status("complete")) != len(now.trials):
        statuses = Counter(trial["status"] for trial in now.trials.values())
        found.append(f"the study is {now.study['state']} ({now.study['message']}): {dict(statuses)}")
    found += [f"I8: still running: {process}" for process in processes]
    found += [f"I8: {path} is still held" for path in [sd.lock, *sd.root.rglob("attempt-*/lock")] if lock_is_held(path)]
    for path in sd.root.rglob("*"):
        if ".tmp" in path.name or path.name.startswith((".old-", ".ballast")):
            found.append(f"I8: {path} was left behind")
        if stat.S_IMODE(path.lstat().st_mode) & 0o077:
            found.append(f"I8: {path} can be read by others")
    if "Traceback" in (log := sd.runner_log.read_text(errors="replace")):
        found.append(f"a runner failed:\n{log[log.rfind('Traceback') - 300 :][:3000]}")
    return found
