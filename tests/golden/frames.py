"""Screens as text and meaning: the program in a terminal of its own, keys, and what is seen when nothing moves any more.

Under the text of a frame stands a letter for each cell, and what each letter means: colours, bold, reversed.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from string import ascii_letters, digits

from tests.golden.masks import plain
from tests.golden.place import ARCHIVE, PLACE, environment, unpack
from tests.tui.terminal import Terminal

LARGE, SMALL = (120, 36), (80, 24)
SIGNS = ascii_letters + digits + "!$%&*+=?#@<>{}[]~^"
KEYS = {"tab": "\t", "shift+tab": "\x1b[Z", "ctrl+p": "\x10", "ctrl+d": "\x04", "left": "\x1b[D", "right": "\x1b[C"}
LOAD = re.compile(r"\d+(?:\.\d+)?(?= ?(?:%|GiB|GB|MB))")
STILL = 0.7
"""Seconds without a byte after which a screen stands."""


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


WALKS = (
    Walk(
        "every",
        LARGE,
        ["open", "every"],
        (
            Shot("study", (), "★"),
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
            Shot("best", ("*", "enter"), "best"),
            Shot("next", ("right",)),
            Shot("all settings", ("f",)),
            Shot("clone", ("C",), "Clone"),
            Shot("failed", ("escape", "escape", "g", "j", "enter")),
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
            Shot("study", (), "★"),
            Shot("report", ("R",), "w writes"),
            Shot("rendered", ("m",)),
            Shot("health", ("escape", "d"), "health"),
            Shot("space", ("escape", "e"), "random draws"),
            Shot("add a parameter", ("a",)),
        ),
    ),
    Walk("letters", LARGE, ["open", "letters"], (Shot("study", (), "★"), Shot("best", ("*", "enter"), "best"))),
    Walk("pareto", LARGE, ["open", "pareto"], (Shot("study", (), "★"), Shot("front", ("H",), "history"))),
    Walk("halted", LARGE, ["open", "halted"], (Shot("study", (), "halted"), Shot("run", ("r",), "Run"))),
    Walk("old", LARGE, ["open", "old"], (Shot("study", ()),)),
    Walk("studies", LARGE, ["open"], (Shot("list", (), "every"), Shot("new", ("n",)))),
    Walk(
        "small",
        SMALL,
        ["open"],
        (
            Shot("list", (), "every"),
            Shot("study", ("enter",), "trials"),
            Shot("chart", ("v",)),
            Shot("help", ("?",), "Help"),
        ),
    ),
    Walk("small trial", SMALL, ["open", "every"], (Shot("best", ("*", "enter"), "best"), Shot("panel", ("v",)))),
    Walk("ascii", SMALL, ["open", "every", "--ascii"], (Shot("study", (), "every"),)),
    Walk("light", LARGE, ["open", "every", "--theme", "light"], (Shot("study", (), "★"),)),
    Walk("slow", LARGE, ["--slow", "open", "warm"], (Shot("study", (), "★"),)),
    Walk("read only", LARGE, ["--readonly", "open", "script"], (Shot("study", (), "★"), Shot("help", ("?",), "Help"))),
)


def drawn(seat: Terminal) -> str:
    """A screen as text, and below a letter for the look of each cell."""
    looks: dict[tuple[object, ...], str] = {}
    rows = []
    for y in range(seat.screen.lines):
        row = seat.screen.buffer[y]
        signs = ""
        for x in range(seat.screen.columns):
            cell = row[x]
            look = (cell.fg, cell.bg, cell.bold, cell.reverse, cell.underscore, cell.italics)
            signs += looks.setdefault(look, SIGNS[min(len(looks), len(SIGNS) - 1)])
        rows.append(signs)
    words = ("bold", "reverse", "underscore", "italics")
    legend = [
        " ".join([sign, str(look[0]), "on", str(look[1]), *(word for word, is_ in zip(words, look[2:], strict=True) if is_)])
        for look, sign in looks.items()
    ]
    return plain("\n".join([seat.text, "", *rows, "", *legend]))


def walked(walk: Walk) -> list[tuple[str, str]]:
    """The frames of a walk. The terminal's HOME is a copy of its own: screens may remember something."""
    home = PLACE / "walks" / walk.name.replace(" ", "-") / "home"
    shutil.copytree(PLACE / "home", home, copy_function=shutil.copy2)
    env = environment(
        home, TERM="xterm-256color", COLORTERM="truecolor", XDG_CONFIG_HOME=str(home.parent / "config")
    )
    del env["COLUMNS"]
    seat = Terminal([sys.executable, "-P", "-m", "hptui", *walk.words], env, walk.size)
    found = []
    try:
        for shot in walk.shots:
            for key in shot.keys:
                seat.press(KEYS.get(key, key if key != "space" else " "))
                seat.quiet(0.1)
            if shot.wait:
                seat.until(shot.wait, 30)
            seat.quiet(STILL)
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
