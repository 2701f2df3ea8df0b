"""Screens as text and meaning: the program in a terminal of its own, keys, and what is seen when nothing moves.

Under the text of a frame stands a letter for each cell, and what each letter means: colours, bold, reversed.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from string import ascii_letters, digits

import psutil

from tests.golden.masks import plain
from tests.golden.place import ARCHIVE, PLACE, environment, unpack
from tests.golden.walks import WALKS, Walk
from tests.tui.terminal import Terminal

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
STILL, BETWEEN_KEYS, ASLEEP, IDLE, PATIENCE = 1.25, 0.15, 0.25, 0.08, 30.0
"""A screen stands when its program has run for less than `IDLE` of `STILL` seconds, longer than from one look at the
store to the next, and sleeps."""
AT_ONCE = 6
"""Walks that are under way at a time: most of a walk is waiting."""


Looks = list[list[tuple[object, ...]]]


def still(seat: Terminal, seconds: float) -> None:
    """Wait until the program has had next to nothing to do for so long, however busy the machine is with others.

    What it has run is counted, not what it has waited for a core: a program that waits for one does not sleep.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        (before, _), until = work(seat.pid), time.monotonic() + seconds
        while time.monotonic() < until:
            if seat.read(0.04) or not work(seat.pid)[1]:
                until = max(until, time.monotonic() + min(ASLEEP, seconds))
                if time.monotonic() > deadline:
                    return
        if work(seat.pid)[0] - before < IDLE * seconds:
            return


def work(pid: int) -> tuple[float, bool]:
    """Seconds that a process and its children have run, and whether they all sleep."""
    total, sleeps = 0.0, True
    with suppress(psutil.Error, OSError):  # a child may have ended
        for one in [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]:
            tasks = Path(f"/proc/{one}/task")
            for task in tasks.iterdir() if tasks.is_dir() else ():
                with suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0]) / 1e9
                    sleeps &= (task / "stat").read_text().rpartition(")")[2].split()[0] in "SIZX"
    return total, sleeps


def looks(seat: Terminal) -> Looks:
    """How each cell looks."""
    rows = (seat.screen.buffer[y] for y in range(seat.screen.lines))
    cells = ([row[x] for x in range(seat.screen.columns)] for row in rows)
    return [[(one.fg, one.bg, one.bold, one.reverse, one.underscore, one.italics) for one in row] for row in cells]


def drawn(seat: Terminal) -> str:
    """A screen as text, and below a letter for the look of each cell."""
    found = looks(seat)
    letters: dict[tuple[object, ...], str] = {}
    rows = ["".join(letters.setdefault(one, SIGNS[len(letters) % len(SIGNS)]) for one in row) for row in found]
    legend = [f"{sign} {_words(one)}" for one, sign in letters.items()]
    text = LOAD.sub(lambda match: "RAM # GiB".ljust(len(match[0])), seat.text)
    return plain("\n".join([text, "", *rows, "", *legend]))


def _words(look: tuple[object, ...]) -> str:
    more = [word for word, is_ in zip(("bold", "reverse", "underscore", "italics"), look[2:], strict=True) if is_]
    return " ".join([f"{look[0]} on {look[1]}", *more])


def walked(walk: Walk) -> list[tuple[str, str]]:
    """The frames of a walk. The terminal's HOME is a copy of its own: screens may remember something."""
    home = PLACE / "walks" / walk.name.replace(" ", "-") / "home"
    shutil.copytree(PLACE / "home", home, copy_function=shutil.copy2)
    if walk.before is not None:
        walk.before(home)
    env = environment(home, TERM="xterm-256color", COLORTERM="truecolor", XDG_CONFIG_HOME=str(home.parent / "config"))
    env |= {name: str(home.parent / value) for name, value in walk.env.items()}
    del env["COLUMNS"]
    # A terminal that answers late, as on a busy machine, is taken for a slow line, to which less is drawn.
    command = ["env", "-C", str(PLACE), sys.executable, "-P", "-m", "hptui", *walk.words]
    seat = Terminal(command, env, walk.size, answers=False)
    found = []
    try:
        seat.until(walk.ready, 60)
        still(seat, STILL)
        for shot in walk.shots:
            for key in shot.keys:
                seat.press(KEYS.get(key, key))
                still(seat, BETWEEN_KEYS)
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
    """All walks, several at a time, the longest first."""
    unpack(ARCHIVE)
    ordered = sorted(WALKS, key=lambda walk: -sum(1 + len(shot.keys) for shot in walk.shots))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(walked, ordered):
            yield from found
