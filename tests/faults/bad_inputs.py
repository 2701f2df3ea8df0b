"""Bad input of every kind through the command line: study files, sweeps, flags, CSVs, stores, run directories.

    python -m tests.faults.bad_inputs [--count 600] [--seed 1]

Every case runs in this process. It must end with an exit code that is allowed for it, say why on standard error, show
no traceback, call nothing a bug in hptui, and send no raw escape to the terminal. The command prints the counts by
kind, and each case that did otherwise.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hptui.cli.main import _guarded, cli
from tests.faults.bad_texts import FIELDS, STUDY, SURE, SWEEP, SWEEP_FIELDS, TORN, toml
from tests.faults.poison import ODD, RAW_LINES
from tests.operations.made import make

REFUSED, ANY = frozenset({2}), frozenset({0, 1, 2, 5})
"""Codes of what is surely wrong, and of what may happen to be right."""
LONG_RUNNING = frozenset({"open", "serve", "wait", "completion", "docs", "plugins", "rm"})
"""Verbs that are not given bad input here: they serve until they are ended, or have no such input."""


@dataclass(frozen=True)
class Case:
    """A command line, the exit codes that it may have, and what is prepared before it."""

    kind: str
    words: tuple[str, ...]
    codes: Collection[int] = REFUSED
    prepare: Callable[[], None] = lambda: None
    what: str = ""


class BadInputs:
    """The cases of one seed, in a folder of their own, which holds a sound study called `made`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.template = make(folder / "template")
        self.home = folder / "home"
        self.fresh()

    def fresh(self) -> None:
        """Put a sound copy of the study in its place."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.template.root.parent, self.home)

    def write(self, name: str, text: str | bytes) -> str:
        """Write a file; return its path."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return str(path)

    def cases(self) -> Iterator[Case]:
        """Yield the kinds in turn, for ever."""
        kinds = [self.study_files(), self.sweeps(), self.flags(), self.tables(), self.stores(), self.run_directories()]
        while True:
            for kind in kinds:
                yield next(kind)

    # one kind each ----------------------------------------------------------------------------------------------

    def study_files(self) -> Iterator[Case]:
        """Yield study files: surely wrong entries, torn texts, then any field with anything in it."""
        for path, value in SURE:
            yield self._file("bad.toml", toml(changed(STUDY, path, value)), REFUSED, f"{'.'.join(path)} = {value!r}")
        for text in TORN:
            yield self._file("bad.toml", text, REFUSED, repr(text[:60]))
        while True:
            path, value = self.random.choice(FIELDS), self.random.choice(ODD)
            with suppress(TypeError):  # TOML has no null
                yield self._file(
                    "bad.toml", toml(changed(STUDY, path, value)), ANY, f"{'.'.join(path)} = {value!r:.60}"
                )

    def sweeps(self) -> Iterator[Case]:
        """Yield W&B sweeps with anything in any field, as JSON, which is YAML."""
        for text in TORN:
            yield self._file("bad.yaml", text, ANY, repr(text[:60]))
        while True:
            path, value = self.random.choice(SWEEP_FIELDS), self.random.choice(ODD)
            text = json.dumps(changed(SWEEP, path, value))
            yield self._file("bad.yaml", text, ANY, f"{'.'.join(path)} = {value!r:.60}")

    def _file(self, name: str, text: str | bytes, codes: Collection[int], what: str) -> Case:
        path = str(self.folder / name)
        return Case(name, ("check", path), codes, lambda: self.write(name, text) and None, what)

    def flags(self) -> Iterator[Case]:
        """Yield command lines with unknown options, values of the wrong kind, and names that nothing has."""
        context = click.Context(cli)
        while True:
            for verb in sorted(set(cli.list_commands(context)) - LONG_RUNNING):
                known = cli.get_command(context, verb)
                assert known is not None
                yield Case("flags", (verb, "--nonsense"))
                for option in known.params:
                    if isinstance(option, click.Option) and not option.is_flag and option.flag_value is None:
                        yield Case("flags", (verb, "made", option.opts[0]))
                        for bad in unreadable(option.type):
                            yield Case("flags", (verb, "made", option.opts[0], bad))
                if any(isinstance(one, click.Argument) for one in known.params) and verb not in ("new", "doctor"):
                    for name in ("nope", "../..", "\x1b[31mred", "x" * 3000, "a\nb", "\udcff"):
                        yield Case("names", (verb, name), frozenset({2, 5}))
            for verb in ("show", "log", "note", "retry", "stop", "pause", "resume"):
                for trial in ("-1", "99", "nan", "1.5", "9" * 60, "best!", "0x1", "\x1b[2J", "1..0"):
                    more = ("text",) if verb == "note" else ()
                    yield Case("names", (verb, "made", trial, *more), ANY - {0} if verb == "show" else ANY)

    def tables(self) -> Iterator[Case]:
        """Yield CSVs to import whose cells or whole text are nonsense."""
        path = str(self.folder / "bad.csv")
        words = ("import", path, "--into", "made", "--dry-run")
        for text in (
            b"",
            b"\0" * 50,
            b"\xff\xfea,b\n",
            b"a",
            b"loss\n" + b'"' * 99,
            b"loss,loss\n1,2\n",
            b"x" * 200_000,
        ):
            yield Case("tables", words, ANY, lambda text=text: self.write("bad.csv", text) and None, repr(text[:40]))
        cells = [
            "nan",
            "inf",
            "1e400",
            "9" * 400,
            "[1",
            "\x1b]52;c;eA==\x07",
            "",
            "true",
            "1,5",
            "0x1",
            "\u202e1",
            "1e-3",
        ]
        columns = ["learning_rate", "width", "loss", "seconds", "status", "started", "nobody knows", ""]
        while True:
            head = self.random.sample(columns, self.random.randint(1, 5))
            rows = [[self.random.choice(cells) for _ in head[: self.random.randint(1, 6)]] for _ in range(3)]
            text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [head, *rows])
            yield Case("tables", words, ANY, lambda text=text: self.write("bad.csv", text) and None, repr(text[:80]))

    def stores(self) -> Iterator[Case]:
        """Yield verbs that read a damaged store."""
        while True:
            for how in (*DAMAGE, *DAMAGE[:2]):
                verb = self.random.choice(READING)
                seed = self.random.random()
                yield Case("stores", verb, ANY, lambda how=how, seed=seed: self._damage(how, seed), f"{how} {seed}")

    def _damage(self, how: str, seed: float) -> None:
        self.fresh()
        draw, path = random.Random(seed), self.home / "made" / "study.db"
        data = bytearray(path.read_bytes())
        if how == "flipped":
            for _ in range(draw.choice((1, 10, 400))):
                data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
            path.write_bytes(data)
        elif how == "cut":
            path.write_bytes(data[: draw.choice((0, 1, 16, 100, 4096, draw.randrange(len(data))))])
        elif how == "text":
            path.write_text("not a database")
        elif how == "directory":
            path.unlink()
            path.mkdir()
        elif how == "other":
            path.unlink()
            with closing(sqlite3.connect(path)) as store:
                store.execute("CREATE TABLE study (id)")
                store.commit()
        else:
            with closing(sqlite3.connect(path, isolation_level=None)) as store:
                store.execute("PRAGMA foreign_keys = OFF")
                self._edit(store, how, draw)

    def _edit(self, store: sqlite3.Connection, how: str, draw: random.Random) -> None:
        tables = [row[0] for row in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        table = draw.choice([name for name in tables if not name.startswith("sqlite")])
        if how == "dropped":
            store.execute(f'DROP TABLE "{table}"')
        elif how == "emptied":
            store.execute(f'DELETE FROM "{table}"')
        elif how == "version":
            store.execute(f"PRAGMA user_version = {draw.choice((-1, 0, 1, 999_999))}")
        else:
            column = draw.choice([row[1] for row in store.execute(f'PRAGMA table_info("{table}")')])
            odd = (
                "nonsense",
                "{",
                "[]",
                "null",
                '"x"',
                -1,
                2**62,
                1e300,
                b"\xff\0",
                None,
                "\x1b]0;x\x07",
                "{" * 3000,
                "",
            )
            with suppress(sqlite3.Error):  # the schema forbids it
                store.execute(f'UPDATE "{table}" SET "{column}" = ?', (draw.choice(odd),))

    def run_directories(self) -> Iterator[Case]:
        """Yield verbs that read run directories in which files are nonsense."""
        verbs = (
            ("log", "made", "1"), ("show", "made", "1"), ("show", "made", "1", "--json"), ("paths", "made"),
            ("gc", "made", "--dry-run"), ("trials", "made"), ("report", "made", "--brief"), ("status", "made"),
        )  # fmt: skip
        names = (
            "log.txt",
            "config.json",
            "events.jsonl",
            "exit.json",
            "shim.json",
            "control",
            "lock",
            "descendants.json",
        )
        while True:
            name, content = self.random.choice(names), self.random.choice((*RAW_LINES, *map(as_json, ODD), "directory"))
            yield Case(
                "run directories",
                self.random.choice(verbs),
                ANY,
                lambda name=name, content=content: self._replace(name, content),
                f"{name}: {content[:60]!r}",
            )

    def _replace(self, name: str, content: bytes | str) -> None:
        self.fresh()
        path = self.home / "made" / "trials" / "0001" / "attempt-1" / name
        path.unlink(missing_ok=True)
        if isinstance(content, str):
            path.mkdir()
        else:
            path.write_bytes(content)


DAMAGE = ("flipped", "changed", "cut", "text", "directory", "other", "dropped", "emptied", "version", "changed")
"""What becomes of a store."""
READING: tuple[tuple[str, ...], ...] = (
    ("status",), ("status", "made"), ("status", "made", "--json"), ("trials", "made"), ("trials", "made", "--json"),
    ("show", "made", "best"), ("show", "made", "4", "--json"), ("space", "made"), ("log", "made", "4"),
    ("report", "made", "--brief"), ("export", "made", "best", "--format", "json"), ("paths", "made"),
    ("export", "made", "all", "--format", "csv"), ("note", "made", "1", "word"), ("gc", "made", "--dry-run"),
)  # fmt: skip
"""Verbs that read a store."""


def as_json(value: Any) -> bytes:
    """A value as a file may hold it."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


def changed(document: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy of a document with a value at a path; tables on the way are made."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    table = copy
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = value
    return copy


def unreadable(kind: click.ParamType) -> list[str]:
    """Values that an option of a type cannot have."""
    if isinstance(kind, click.Choice):
        return ["nonsense", "\x1b[31m", "\u202e"]
    if isinstance(kind, click.types.IntParamType):
        return ["x", "1.5", "nan", "", "1e3"] + (["-3"] if isinstance(kind, click.IntRange) else [])
    return ["x", "one", ""] if isinstance(kind, click.types.FloatParamType) else []


ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x9b\u202a-\u202e]")


def run_case(inputs: BadInputs, case: Case) -> str:
    """Run a case; return what is wrong with how it ended, '' if nothing is."""
    case.prepare()
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = _guarded(["--home", str(inputs.home), *case.words])
    except BaseException as error:
        return f"{type(error).__name__} came out: {error}"
    said = out.getvalue() + err.getvalue()
    if "bug in hptui" in said or "Traceback (most recent" in said:
        return said[:500]
    if code not in case.codes:
        return f"exit code {code}: {said[:300]!r}"
    if code and not err.getvalue().strip() and not out.getvalue().strip():
        return f"exit code {code} without a word"
    return f"raw escape {found[0]!r}" if (found := ESCAPE.search(said.replace("\r\n", "\n"))) else ""


def attack(folder: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Run so many cases; return their number by kind, and what went wrong."""
    inputs, kinds, wrong = BadInputs(folder, seed), Counter[str](), []
    before = Path.cwd()
    os.chdir(folder)
    try:
        for _, case in zip(range(count), inputs.cases(), strict=False):
            kinds[case.kind] += 1
            if problem := run_case(inputs, case):
                shown = " ".join(word[:80] for word in case.words)
                wrong.append(f"{case.kind}: hptui {shown!r} ({case.what}): {problem}")
    finally:
        os.chdir(before)
    return kinds, wrong


def main() -> int:
    """Print the counts and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bad-inputs-") as folder:
        kinds, wrong = attack(Path(folder), options.count, options.seed)
    print("\n".join(wrong))
    print(f"{kinds.total()} bad inputs with seed {options.seed}: {dict(kinds)}; {len(wrong)} ended wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
