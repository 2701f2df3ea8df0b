"""A study whose attempts an earlier runner left, with run directories made by hand, and mutations of those."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hptui.core.study import Study
from hptui.core.trial import Attempt, AttemptState, Role, TrialStatus
from hptui.execution.controller import Hooks
from hptui.execution.executor import WorkerSpec
from hptui.execution.queue import insert_waiting
from hptui.execution.runner import RunEnd, Runner
from hptui.operations.run import create_study, read_study
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir
from hptui.store.store import Store

FILES = ("events.jsonl", "exit.json", "shim.json", "lock", "control", "config.json", "log.txt", "executor.json")
RECORDS = ("descendants.json", "script.json")
ODD: tuple[Any, ...] = (
    None, "", "text", "-1", "nan", -1, 0, 1e300, 2**40, 2**63, 2**70, -(2**70), True, [], [[]], {}, {"": 1}, {"a": {}},
    float("nan"), float("inf"), "\ud800", "x" * 70_000, [1] * 50, "running", "waiting", "\x1b]0;x\x07", "../../x",
)  # fmt: skip
"""What a field may hold instead of what belongs there."""
RAW_LINES = (
    b"", b"null", b"[]", b"{}", b"12", b'"q"', b"\xff\xfe", b"{" * 5000, b"[" * 100_000, b'{"q":1e400,"k":"m","t":1}',
    b'{"q":NaN,"k":"metrics","t":1}', b'{"q":4,"k":"metrics","t":1,"step":1,"m":{"":1}}', b"\0" * 400, b"9" * 6000,
)  # fmt: skip
"""Lines that are no events."""


def events(value: float) -> list[dict[str, Any]]:
    """What a worker writes in a short life."""
    metrics = [
        {"k": "metrics", "step": step, "m": {"loss": value + 3 - step, "odd": None}, "nonfinite": {"odd": "inf"}}
        for step in (1, 2, 3)
    ]
    lines: list[dict[str, Any]] = [
        {"k": "hello", "time": 1.0, "pid": 1, "resumed_step": None, "total_steps": 3, "environment": {"python": "3"}},
        {"k": "total", "steps": 3},
        {"k": "phase", "name": "load", "allow": 30.0},
        {"k": "effective", "settings": {"learning_rate": 0.1}},
        {"k": "facts", "facts": {"rows": 4}},
        {"k": "environment", "environment": {"packages": {"torch": "2"}}},
        *metrics,
        {"k": "checkpoint", "step": 3, "path": "step-3", "bytes": 12, "kept": [3]},
        {"k": "artifact", "path": "sample.txt", "label": "text"},
        {"k": "warning", "message": "a word"},
        {"k": "heartbeat", "n": 1},
        {"k": "end", "status": "complete", "reason": "finished", "message": "", "m": {"loss": value}, "nonfinite": {},
         "peak_gpu_gb": None, "peak_rss_gb": 0.5},
    ]  # fmt: skip
    return [{"q": number, "t": number / 10, **line} for number, line in enumerate(lines, 1)]


EXIT = {"token": "", "code": 0, "signal": None, "asked": "", "insisted": False, "seconds": 1.5, "ended": 1e9,
        "peak_rss_gb": 0.4, "cpu_seconds": 1.0, "oom_kills": 0, "swept": 0}  # fmt: skip


class PoisonedStudy:
    """A study of toy trials; each trial that is added was begun by a runner that has gone."""

    def __init__(self, home: Path, folder: Path, name: str = "poison") -> None:
        path = folder / f"{name}.toml"
        path.write_text(
            f'name = "{name}"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "toy"\n[space]\n'
            "learning_rate = { low = 1e-5, high = 1e-1, log = true }\n"
            '[search]\nsampler = "random"\ntrials = 1\nbaseline = false\n[resources]\nlost_retries = 0\n'
        )
        self.sd = StudyDir.for_study(home, name)
        self.study: Study = read_study(path, {})
        create_study(self.sd, self.study)
        self.sound: list[int] = []
        self.number = 0

    def add(self, mutate: Callable[[RunDir], object] | None = None) -> int:
        """Add a trial whose attempt has ended well, or left what `mutate` made of that; return its number."""
        number, self.number = self.number, self.number + 1
        token = f"{number:032x}"
        run = RunDir(self.sd.attempt(number, 1))
        run.root.mkdir(parents=True, mode=0o700)
        run.config.write_text(json.dumps({"token": token, "settings": {}}))
        run.lock.touch()
        run.log.write_text("hello\n")
        run.events.write_text("".join(json.dumps(event) + "\n" for event in events(1.0 + number)))
        run.shim.write_text(
            json.dumps({"token": token, "shim": 4_000_000, "worker": 4_000_001, "output": 7, "boot": "b"})
        )
        run.exit.write_text(json.dumps({**EXIT, "token": token}))
        if mutate is None:
            self.sound.append(number)
        else:
            mutate(run)
        return number

    def add_to_store(self) -> None:
        """Record the trials that were added since."""
        with Store.open(self.sd) as store, store.transaction():
            for number in range(store.read.next_number(), self.number):
                insert_waiting(store, self.study, Role.SEARCH, {"learning_rate": 1e-3 + number * 1e-5})
                attempt = Attempt(f"{number:032x}", number, 1, AttemptState.RUNNING, device="cpu", started=1.0)
                store.insert_attempt(attempt)
                store.update_trial(number, status=TrialStatus.RUNNING)

    def run(self) -> RunEnd:
        """Run a runner in this process until the study rests."""
        with Store.open(self.sd) as store:
            hooks = Hooks(lambda study: WorkerSpec(("false",)), lambda store, sd, study: None)
            return Runner(self.sd, store, hooks).run()


# mutations ----------------------------------------------------------------------------------------------------------


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def at(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a JSON value with something else at a path."""
    if not path:
        return new
    copied = dict(value)
    copied[path[0]] = at(copied[path[0]], path[1:], new)
    return copied


def paths(value: Any, root: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places of a JSON object."""
    for key, item in value.items() if isinstance(value, dict) else ():
        yield (*root, key)
        yield from paths(item, (*root, key))


def replace(path: Path, data: bytes) -> None:
    """Put a file's content, whatever was there."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def instead(path: Path, kind: str) -> None:
    """Put something that is no file where one belongs."""
    path.unlink(missing_ok=True)
    if kind == "directory":
        (path / "inside").mkdir(parents=True)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "zeros":
        path.symlink_to("/dev/zero")
    elif kind == "nested":
        path.write_bytes(b'{"a":' * 100_000)
    elif kind == "empty":
        path.touch()


INSTEAD = ("missing", "directory", "pipe", "loop", "zeros", "nested", "empty")


def random_mutation(generator: random.Random) -> tuple[str, Callable[[RunDir], None]]:
    """A name, and what it does to a run directory."""
    how = generator.random()
    if how < 0.15:
        name, kind = generator.choice((*FILES, *RECORDS)), generator.choice(INSTEAD)
        return f"{name}: {kind}", lambda run: instead(run.root / name, kind)
    if how < 0.45:  # a field of an event, or of several
        lines = events(5.0)
        for _ in range(generator.choice((1, 1, 3))):
            number = generator.randrange(len(lines))
            lines[number] = at(lines[number], generator.choice(list(paths(lines[number]))), generator.choice(ODD))
        data = b"".join(dump(line) + b"\n" for line in lines)
        return f"event {lines[number]!r:.300}", lambda run: replace(run.events, data)
    if how < 0.6:
        name, value = generator.choice(
            (("exit.json", EXIT), ("shim.json", {"shim": 1, "worker": 2, "output": 3, "boot": ""}))
        )
        path, odd = generator.choice(list(paths(value))), generator.choice(ODD)
        return f"{name} {path} {odd!r:.50}", lambda run: replace(run.root / name, dump(at(value, path, odd)))
    if how < 0.7:
        name, odd = (
            generator.choice(("exit.json", "shim.json", "config.json", "executor.json", *RECORDS)),
            generator.choice(ODD),
        )
        return f"{name} is {odd!r:.50}", lambda run: replace(run.root / name, dump(odd))
    if how < 0.85:
        raw, place = generator.choice(RAW_LINES), generator.randrange(15)
        lines_ = [dump(event) for event in events(5.0)]
        text = b"\n".join([*lines_[:place], raw, *lines_[place:]]) + b"\n"
        return f"line {place} is {raw[:40]!r}", lambda run: replace(run.events, text)
    seed = generator.random()
    name = generator.choice(FILES[:-1])
    return f"{name}: bytes of {seed}", lambda run: scramble(run.root / name, random.Random(seed))


def scramble(path: Path, generator: random.Random) -> None:
    """Overwrite, cut, double or insert bytes."""
    data = bytearray(path.read_bytes() if path.exists() else b"pause")
    for _ in range(generator.randint(1, 6)):
        place = generator.randrange(len(data) + 1)
        kind = generator.randrange(4)
        if kind == 0 and data:
            data[min(place, len(data) - 1)] = generator.randrange(256)
        elif kind == 1:
            data[place : place + generator.randrange(60)] = b""
        elif kind == 2:
            data[place:place] = data[place : place + generator.randrange(200)]
        else:
            data[place:place] = bytes(generator.choices(b'{}[]",:0123456789eE.-+nu\n\0\x80', k=generator.randrange(9)))
    replace(path, bytes(data))
