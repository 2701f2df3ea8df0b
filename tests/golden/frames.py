"""Screens as text and meaning: the program in a terminal of its own, keys, and what is seen when nothing moves.

Under the text of a frame stands a letter for each cell, and what each letter means: colours, bold, reversed.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters, digits

import psutil

from tests.golden.masks import plain
from tests.golden.place import ARCHIVE, PLACE, environment, unpack
from tests.tui.terminal import Terminal

LARGE, SMALL = (120, 36), (80, 24)
SIGNS = ascii_letters + digits + "!$%&*+=?#@<>{}[]~^"
KEYS = {
    "space": " ",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "ctrl+p": "\x10",
    "ctrl+d": "\x04",
    "ctrl+t": "\x14",
    "left": "\x1b[D",
    "right": "\x1b[C",
}
LOAD = re.compile(r"RAM +[\d.]+/[\d.]+ GiB *")
STILL, IDLE, PATIENCE = 0.6, 0.08, 30.0
"""A screen stands when its program has worked for less than this share of so many seconds."""
BLINKS = ("blinks",)


@dataclass(frozen=True)
class Shot:
    """A frame: its name, the keys that lead there from the frame before, and a text that must have come."""

    name: str
    keys: Sequence[str]
    wait: str = ""


@dataclass(frozen=True)
class Walk:
    """One start of the program, and the frames on its way."""

    name: str
    size: tuple[int, int]
    words: Sequence[str]
    shots: Sequence[Shot]
    ready: str = "★"
    before: Callable[[Path], None] | None = None
    """What is done to the copy of HOME before the program starts."""


GENERATED = (
    {"row": 0, "prompt": "What is 1 + 1?\n<think>", "output": "2", "category": "correct", "answer": "2"},
    {"row": 1, "prompt": "And 2 + 2?", "output": "[bold]5[/]", "category": "wrong answer", "answer": None},
    {"row": 2, "prompt": "And 3?", "output": "", "category": "format failure", "cause": "cut off"},
)


def torn(home: Path) -> None:
    """Add a study that no one can read."""
    (home / "torn").mkdir()
    (home / "torn" / "study.db").write_text("this is no database")


def generated(home: Path) -> None:
    """Have the best trial of `letters` leave records in place of its sample."""
    path = home / "letters" / "trials" / "0001" / "artifacts" / "generations.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in GENERATED))
    with sqlite3.connect(home / "letters" / "study.db") as conn:
        conn.execute("UPDATE artifacts SET path = ? WHERE trial = 1", (f"artifacts/{path.name}",))
    conn.close()


WALKS = (
    Walk(
        "every",
        LARGE,
        ["open", "every"],
        (
            Shot("study", ()),
            Shot("study, further down", ("j", "j", "j", "l", "l", "s")),
            Shot("marked", ("space", "j", "space")),
            Shot("compare", ("c",), "compare"),
            Shot("compare, all settings", ("f",)),
            Shot("back", ("escape", "D", "m")),
            Shot("log of the chart", ("L", "]")),
            Shot("help", ("?",), "Help"),
            Shot("help, further down", ("ctrl+d", "ctrl+d")),
            Shot("palette", ("escape", "ctrl+p")),
            Shot("palette, end", ("up",)),
            Shot("palette, searched", ("l", "o", "g")),
            Shot("stop asks", ("escape", "X")),
            Shot("queue", ("escape", "I")),
            Shot("columns", ("escape", "f")),
            Shot("budget", ("escape", "A")),
        ),
    ),
    Walk(
        "trial",
        LARGE,
        ["open", "every"],
        (
            Shot("best", ("*", "enter"), "›"),
            Shot("next", ("right",)),
            Shot("all settings", ("f",)),
            Shot("clone", ("C",), "Clone"),
            Shot("failed", ("escape", "escape", "G", "enter"), "›"),
            Shot("log", ("t",), "lines"),
        ),
    ),
    Walk(
        "insights",
        LARGE,
        ["open", "every"],
        (
            Shot("history", ("H",), "history"),
            Shot("importance", ("tab",)),
            Shot("slice", ("tab",)),
            Shot("contour", ("tab",)),
            Shot("parallel", ("tab",)),
            Shot("next", ("tab",)),
        ),
    ),
    Walk(
        "report",
        LARGE,
        ["open", "staged"],
        (
            Shot("study", ()),
            Shot("report", ("R",), "w writes"),
            Shot("rendered", ("m",)),
            Shot("health", ("escape", "d"), "health"),
            Shot("space", ("escape", "e")),
        ),
    ),
    Walk(
        "space",
        LARGE,
        ["open", "every"],
        (
            Shot("draws", ("e",), "random draws"),
            Shot("a parameter", ("enter",), "Parameter"),
            Shot("add", ("escape", "a")),
        ),
    ),
    Walk("letters", LARGE, ["open", "letters"], (Shot("study", ()), Shot("best", ("*", "enter"), "›"))),
    Walk("pareto", LARGE, ["open", "pareto"], (Shot("study", ()), Shot("front", ("H",), "history"))),
    Walk("halted", LARGE, ["open", "halted"], (Shot("study", ()), Shot("run", ("r",), "Run halted")), "runner gone"),
    Walk("old", LARGE, ["open", "old"], (Shot("study", ()),)),
    Walk("studies", LARGE, ["open"], (Shot("list", ()), Shot("new", ("n",))), "warm"),
    Walk(
        "small",
        SMALL,
        ["open"],
        (
            Shot("list", ()),
            Shot("study", ("enter",), "trials"),
            Shot("chart", ("v",)),
            Shot("help", ("?",), "Help"),
        ),
        "warm",
    ),
    Walk("small trial", SMALL, ["open", "every"], (Shot("best", ("*", "enter"), "›"), Shot("panel", ("v",)))),
    Walk("ascii", SMALL, ["open", "every", "--ascii"], (Shot("study", ()),), "*"),
    Walk("light", LARGE, ["open", "every", "--theme", "light"], (Shot("study", ()),)),
    Walk("slow", LARGE, ["--slow", "open", "warm"], (Shot("study", ()),)),
    Walk(
        "small study",
        SMALL,
        ["open", "every"],
        (
            Shot("compare", ("space", "j", "space", "c"), "compare"),
            Shot("health", ("escape", "d"), "health"),
            Shot("space", ("escape", "e"), "keeps"),
            Shot("a parameter", ("enter",), "Parameter"),
            Shot("constraint", ("escape", "c"), "A constraint"),
            Shot("history", ("escape", "escape", "H"), "history"),
            Shot("slice", ("tab", "tab"), "over"),
            Shot("log", ("escape", "t"), "lines"),
            Shot("clone", ("escape", "C"), "Clone"),
            Shot("queue", ("escape", "I"), "made by hand"),
            Shot("columns", ("escape", "f"), "Columns"),
            Shot("budget", ("escape", "A"), "How many"),
            Shot("stop asks", ("escape", "X"), "Stop the study"),
            Shot("palette", ("escape", "ctrl+p")),
        ),
    ),
    Walk("small report", SMALL, ["open", "staged"], (Shot("report", ("R",), "w writes"), Shot("rendered", ("m",)))),
    Walk(
        "small halted",
        SMALL,
        ["open", "halted"],
        (Shot("run", ("r",), "Run halted"), Shot("add", ("escape", "e", "a"), "Add a parameter")),
        "runner gone",
    ),
    *(
        Walk(f"{name}torn", size, ["open"], (Shot("list", ("G",)), Shot("broken", ("enter",), "shown")), "torn", torn)
        for name, size in (("", LARGE), ("small ", SMALL))
    ),
    *(
        Walk(
            f"{name}records",
            size,
            ["open", "letters"],
            (Shot("all", ("*", "enter", "enter"), "1 + 1"), Shot("of one category", ("o", "o")), Shot("raw", ("m",))),
            before=generated,
        )
        for name, size in (("", LARGE), ("small ", SMALL))
    ),
    *(
        walk
        for prefix, size in (("", LARGE), ("small ", SMALL))
        for walk in (
            Walk(
                f"{prefix}decisions",
                size,
                ["open", "every"],
                (
                    Shot("decided", ("U",), "what it decided"),
                    Shot("printed", ("m",)),
                    Shot("lines of all logs", ("q", "q", "&", *"step 2", "enter"), "lines of"),
                    Shot("a line opened", ("G", "enter"), "find step 2"),
                    Shot("starred", ("escape", "escape", "j", "B"), "starred"),
                    Shot("all metrics", ("O",), "of trials"),
                    Shot("one metric alone", ("enter",), "at the crosshair"),
                    Shot("metrics filtered", ("/", *"acc", "enter")),
                    Shot("messages", ("escape", "escape", "!"), "starred"),
                    Shot("themes", ("escape", "ctrl+t"), "Theme"),
                ),
            ),
            Walk(
                f"{prefix}points",
                size,
                ["open", "every"],
                (
                    Shot("a point", ("H", "right"), "history"),
                    Shot("a range", (" ", "right", "right", "f"), "Show only these"),
                    Shot("filtered", ("enter",), "filter"),
                    Shot("logarithmic", ("escape", "H", "L"), "logarithmic"),
                    Shot("chart zoomed", ("escape", "2", "+"), "loss"),
                ),
            ),
            Walk(
                f"{prefix}other study",
                size,
                ["open", "every"],
                (
                    Shot("compare", ("j", "c"), "compare"),
                    Shot("which study", ("a",), "study"),
                    Shot("which trial", (*"staged", "enter")),
                    Shot("compared", ("enter",), "staged"),
                ),
            ),
            Walk(
                f"{prefix}start",
                size,
                ["open"],
                (
                    Shot("tour", ("t",), "1 of 5"),
                    Shot("tour, last", ("enter", "enter", "enter", "enter"), "5 of 5"),
                    Shot("filtered", ("escape", "/", *"staged", "enter"), "filter staged"),
                    Shot("start form", ("r",), "Run staged"),
                ),
                "warm",
            ),
        )
    ),
    Walk("read only", LARGE, ["--readonly", "open", "script"], (Shot("study", ()), Shot("help", ("?",), "Help"))),
)


Looks = list[list[tuple[object, ...]]]


def still(seat: Terminal, seconds: float) -> None:
    """Wait until the program has had next to nothing to do for so long: a cursor that blinks is next to nothing."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        before, until = work(seat.pid), time.monotonic() + seconds
        while time.monotonic() < until:
            seat.read(0.05)
        if work(seat.pid) - before < IDLE * seconds:
            return


def work(pid: int) -> float:
    """Seconds that a process and its children have run or, on a machine that others keep busy, have waited to run."""
    total = 0.0
    with suppress(psutil.Error):
        for one in [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]:
            for task in Path(f"/proc/{one}/task").glob("*/schedstat"):
                with suppress(OSError):
                    total += sum(int(word) for word in task.read_text().split()[:2]) / 1e9
    return total


def looks(seat: Terminal) -> Looks:
    """How each cell looks."""
    rows = (seat.screen.buffer[y] for y in range(seat.screen.lines))
    cells = ([row[x] for x in range(seat.screen.columns)] for row in rows)
    return [[(one.fg, one.bg, one.bold, one.reverse, one.underscore, one.italics) for one in row] for row in cells]


def drawn(seat: Terminal) -> str:
    """A screen as text, and below a letter for the look of each cell."""
    found = looks(seat)
    for _ in range(5):  # a cursor that blinks is neither on nor off
        seat.read(0.22)
        for row, later in zip(found, looks(seat), strict=True):
            row[:] = [one if one == other else BLINKS for one, other in zip(row, later, strict=True)]
    letters: dict[tuple[object, ...], str] = {}
    rows = ["".join(letters.setdefault(one, SIGNS[len(letters) % len(SIGNS)]) for one in row) for row in found]
    legend = [f"{sign} {_words(one)}" for one, sign in letters.items()]
    text = LOAD.sub(lambda match: "RAM # GiB".ljust(len(match[0])), seat.text)
    return plain("\n".join([text, "", *rows, "", *legend]))


def _words(look: tuple[object, ...]) -> str:
    if look == BLINKS:
        return "blinks"
    more = [word for word, is_ in zip(("bold", "reverse", "underscore", "italics"), look[2:], strict=True) if is_]
    return " ".join([f"{look[0]} on {look[1]}", *more])


def walked(walk: Walk) -> list[tuple[str, str]]:
    """The frames of a walk. The terminal's HOME is a copy of its own: screens may remember something."""
    home = PLACE / "walks" / walk.name.replace(" ", "-") / "home"
    shutil.copytree(PLACE / "home", home, copy_function=shutil.copy2)
    if walk.before is not None:
        walk.before(home)
    env = environment(home, TERM="xterm-256color", COLORTERM="truecolor", XDG_CONFIG_HOME=str(home.parent / "config"))
    del env["COLUMNS"]
    seat = Terminal(["env", "-C", str(PLACE), sys.executable, "-P", "-m", "hptui", *walk.words], env, walk.size)
    found = []
    try:
        seat.until(walk.ready, 60)
        still(seat, STILL)
        for shot in walk.shots:
            for key in shot.keys:
                seat.press(KEYS.get(key, key))
                still(seat, 0.15)
            if shot.wait:
                seat.until(shot.wait, 30)
            still(seat, STILL)
            found.append((f"{walk.name}: {shot.name}", drawn(seat)))
    except AssertionError as error:
        found.append((f"{walk.name}: broken off", str(error)))
    finally:
        seat.close()
    return found


def frames() -> Iterator[tuple[str, str]]:
    """All walks, two at a time."""
    unpack(ARCHIVE)
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(walked, WALKS):
            yield from found
