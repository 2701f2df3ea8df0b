"""Makes `home.tar.xz` by running real studies, once. Its files are then only read.

Every step that a person would take from a shell is taken so; the store of an older version is made by hand.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.golden.place import ARCHIVE, FILES, HERE, HOME, PLACE, environment, hptui, place

CODES = {"every": (0,), "script": (0, 1, 3), "nometric": (3, 1, 0)}
LEFT_OUT = ("study.db-wal", "study.db-shm", ".cache", ".ballast")


def _call(*words: str, ok: tuple[int, ...] = (0,)) -> str:
    env = environment(frozen=False)
    done = hptui(*words, env=env)
    sys.stderr.write(f"  {' '.join(words)}: {done.returncode}\n")
    if done.returncode not in ok:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("never came")
        time.sleep(0.1)


def _trials(name: str) -> list[dict[str, object]]:
    return list(json.loads(_call("trials", name, "--json")))


def _running(name: str) -> list[int]:
    rows = _query(name, "SELECT number FROM trials WHERE status = 'running' AND last_step > 3 ORDER BY number")
    return [row[0] for row in rows]


def _query(name: str, statement: str) -> list[tuple]:
    with sqlite3.connect(f"file:{HOME / name / 'study.db'}?mode=ro", uri=True, timeout=10) as conn:
        return conn.execute(statement).fetchall()


def make() -> None:
    """All of them, and the archive."""
    with place():
        shutil.copytree(HERE / "made", FILES)
        for name in ("every", "staged", "pareto", "imported", "warm", "letters", "nometric", "script"):
            _call("run", str(FILES / f"{name}.toml"), ok=CODES.get(name, (0,)))
        _call("run", "script", ok=(0, 1, 3))  # it has stopped at the usage error; once more
        more = ["--into", "imported", "--map", "lr=learning_rate", "--objective", "Test loss"]
        _call("import", str(FILES / "earlier.csv"), *more)
        _call("run", "imported", "--trials", "+1")
        _call("space", "warm", "learning_rate=1e-3..1e-1 log", "--why", "best at the edge")
        _call("run", "warm", "--trials", "+2")
        _call("note", "every", "0", "the baseline; look again")
        _call("add", "every", "learning_rate=2e-3", "width=128", "--name", "by-hand", "--note", "a guess")
        _call("add", "every", "--repeat", "best", "--seeds", "2")
        _call("run", "every")
        _halted()
        _old()
        _pack()


def _halted() -> None:
    """A study whose trials wait, are paused, were stopped; and whose runner, with the rest, was killed."""
    _call("run", str(FILES / "halted.toml"), "--detach")
    _until(lambda: len(_running("halted")) == 3)
    _call("pause", "halted", "0")
    _call("stop", "halted", "1")
    _until(lambda: len(_running("halted")) == 3)
    _call("add", "halted", "learning_rate=5e-3", "--name", "queued")
    time.sleep(1.0)
    _kill()


def _kill() -> None:
    """End what runs for the place, at once: found by its environment, runners first."""
    for _ in range(4):
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"HPTUI_HOME={HOME}".encode() in words and int(entry.name) != os.getpid():
                os.kill(int(entry.name), signal.SIGKILL)
        time.sleep(0.1)


def _old() -> None:
    """A store of the first shape, as version 0.0 left it: the later migrations taken back."""
    source, target = HOME / "pareto", HOME / "old"
    shutil.copytree(source, target)
    with sqlite3.connect(target / "study.db") as conn:
        conn.execute("ALTER TABLE trials DROP COLUMN stage")
        conn.execute("ALTER TABLE trials DROP COLUMN facts_json")
        conn.execute("DROP TABLE IF EXISTS repeated_points")
        conn.execute("PRAGMA user_version = 1")
        for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchall():
            conn.execute(f"DELETE FROM {table} WHERE name NOT LIKE 'm001%'")
    conn.close()


def _pack() -> None:
    _kill()
    newest = 0.0
    for store in sorted(HOME.glob("*/study.db")):
        conn = sqlite3.connect(store)  # what its log holds goes into the file itself
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        newest = max(newest, *(row[0] or 0 for row in conn.execute("SELECT max(at) FROM events")))
        conn.close()
    (PLACE / "made.json").write_text(json.dumps({"now": float(int(newest) + 3600)}))
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:xz", preset=9) as tar:
        for name in ("made.json", "files", "home"):
            tar.add(PLACE / name, name, filter=_kept)
    ARCHIVE.write_bytes(found.getvalue())
    sys.stderr.write(f"{ARCHIVE.name}: {ARCHIVE.stat().st_size / 1024:.0f} KB\n")


def _kept(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """No owner, no prepared data, no weights; of a checkpoint only its manifest."""
    path = Path(info.name)
    if path.name in LEFT_OUT or path.suffix in (".pt", ".safetensors") or info.name.count("/cache/"):
        return None
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info
