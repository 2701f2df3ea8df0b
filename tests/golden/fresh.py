"""What a study leaves behind: the schema of its store, every row of every table, the files of its trials; and what a
user's own function sees of its trial. The study is run anew; times, sizes, tokens, pids and the machine are masked.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.golden.masks import plain
from tests.golden.place import PLACE, environment, hptui

Records = Iterator[tuple[str, str]]
STUDY = """\
name = "fresh"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 6
noise = 0.01
checkpoint_every = 2
[space]
learning_rate = { low = 1e-5, high = 1e-1, log = true }
width = { choices = [32, 64, 128] }
batch_size = { expr = "width // 2" }
dropout = { low = 0.0, high = 0.4, when = "width > 32" }
[search]
sampler = "random"
trials = 5
seed = 12
constraints = ["width >= 32"]
[[trial]]
name = "listed"
note = "by hand"
set = { crash_at = 4 }
[[trial]]
name = "nan"
set = { nan_at = 1 }
"""
PEEK = '''\
"""Writes down what it sees of its trial."""

import inspect
import json
from pathlib import Path


def main(trial, *, lr: float = 1e-3):
    found = {}
    for name in sorted(vars(type(trial))):
        if not name.startswith("_"):
            one = inspect.getattr_static(type(trial), name)
            what = "property, set" if isinstance(one, property) and one.fset else "property"
            found[name] = str(inspect.signature(one)) if callable(one) else what
    found["= values"] = sorted(name for name in vars(trial) if not name.startswith("_"))
    Path(__file__).with_name("peek.json").write_text(json.dumps(found, indent=1))
    trial.report(1, loss=lr)
    return {"loss": lr}
'''
PUBLIC = """\
import inspect, hptui
for name in hptui.__all__:
    one = getattr(hptui, name)
    print(name, "class" if inspect.isclass(one) else "function", inspect.signature(one))
    for member in sorted(vars(one)) if inspect.isclass(one) else ():
        if not member.startswith("_") and callable(getattr(one, member)):
            print("   ", member, inspect.signature(getattr(one, member)))
print("result of open_study:")
found = hptui.open_study("fresh")
for member in sorted(set(dir(type(found))) | set(vars(found))):
    if not member.startswith("_"):
        static = inspect.getattr_static(type(found), member, None)
        print("   ", member, inspect.signature(static) if callable(static) else "value")
"""
VARIES = re.compile(
    r"^at$|(^|_)(created|started|ended|since|done|seconds|token|boot|boot_id|host|uuid|pid|shim|worker|time|t|changed|"
    r"offset|output|bytes|applied_at|peak_\w+|mean_\w+|rss_gb|cpu|executable|python|variables|determinism|threads)$"
)
"""Columns and keys whose values are of this run or this machine."""
INSIDE = re.compile(r'File "ROOT/hptui/[^"]*", line \d+, in \w+(\n    .*)?')
"""Lines of a traceback that lie inside the package: where its functions stand is about to change."""
ONLY_KEYS = ("environment", "environment_json", "packages")
SKIPPED = ("samples", "sqlite_sequence")


def schema() -> Records:
    """A fresh store, and everything in it."""
    _study_files()
    env = environment(PLACE / "fresh-home", frozen=False)
    done = hptui("run", "files/fresh.toml", env=env)
    yield "run", f"exit {done.returncode}"
    root = PLACE / "fresh-home" / "fresh"
    conn = sqlite3.connect(root / "study.db")
    conn.row_factory = sqlite3.Row
    pragmas = ("user_version", "application_id", "journal_mode", "page_size", "encoding")
    yield "pragmas", "\n".join(f"{name} {conn.execute(f'PRAGMA {name}').fetchone()[0]}" for name in pragmas)
    rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name").fetchall()
    yield ".schema", "\n".join(row["sql"] for row in rows)
    for name in [row["name"] for row in rows if row["sql"].startswith("CREATE TABLE") and row["name"] not in SKIPPED]:
        found = conn.execute(f'SELECT * FROM "{name}"').fetchall()
        lines = (
            sorted(_row(name, dict(row)) for row in found)
            if name == "points"
            else [_row(name, dict(row)) for row in found]
        )
        yield f"table {name}", "\n".join(lines)
    conn.close()
    yield from _files(root)
    done = hptui("run", "files/peek.toml", env=env)
    assert done.returncode == 0, done.stderr
    yield "trial context", (PLACE / "files" / "peek.json").read_text()
    done = subprocess.run(
        [sys.executable, "-P", "-c", PUBLIC], env=env, cwd=PLACE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    yield "public names", _signatures(done.stdout)  # libraries write what they like to the other one


def _study_files() -> None:
    files = PLACE / "files"
    files.mkdir(exist_ok=True)
    (files / "fresh.toml").write_text(STUDY)
    (files / "peek.py").write_text(PEEK)
    text = 'name = "peek"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "peek:main"\n[[trial]]\nset = { lr = 0.5 }\n'
    (files / "peek.toml").write_text(text)


def _signatures(text: str) -> str:
    """Annotations name modules of the package, which may move; what a person writes does not change with them."""
    return plain(re.sub(r"\bhptui(?:\.\w+)+\.(\w+)", r"\1", text))


def _files(root: Path) -> Records:
    # Children are recorded where a trial lasts until the runner looks: on a busy machine some do.
    paths = sorted(path for path in root.rglob("*") if path.name not in (".ballast", "descendants.json"))
    modes = [f"{path.stat().st_mode & 0o777:o} {path.relative_to(root)}" for path in paths]
    yield "files", "\n".join(line for line in modes if not line.endswith(("-wal", "-shm")))
    for path in paths:
        name = str(path.relative_to(root))
        if path.is_file() and path.suffix in (".json", ".jsonl", ".txt"):
            lines = path.read_text().splitlines()
            if path.suffix == ".txt":
                yield name, INSIDE.sub('File "HPTUI"', plain("\n".join(lines)))
            else:
                yield (
                    name,
                    "\n".join(_json(line) for line in lines) if path.suffix == ".jsonl" else _json(path.read_text()),
                )
    yield "runner.log", re.sub(r"\d+", "N", plain((root / "runner.log").read_text()))


def _row(table: str, row: dict[str, Any]) -> str:
    if table == "meta" and (VARIES.search(row["key"]) or row["key"] in ("hptui", "version", "code")):
        row["value"] = "…"
    return json.dumps(_masked(row), ensure_ascii=False)


def _json(text: str) -> str:
    return json.dumps(_masked(json.loads(text)), ensure_ascii=False)


def _masked(value: Any, key: str = "") -> Any:
    if value is not None and VARIES.search(key):
        return "…"
    if isinstance(value, str) and key.endswith("_json"):
        value = json.loads(value)
    if key in ONLY_KEYS and isinstance(value, dict):
        return sorted(name for name in value if name != "plugins")
    if isinstance(value, dict):
        return {name: _masked(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, key) for one in value]
    return plain(value) if isinstance(value, str) else value
