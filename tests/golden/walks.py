"""The walks through the screens whose frames are kept: how the program is started, which keys are pressed."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.golden.place import HERE, ROOT

LARGE, SMALL = (120, 36), (80, 24)


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
    env: Mapping[str, str] = field(default_factory=dict)


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
    _change(home, "letters", "UPDATE artifacts SET path = ? WHERE trial = 1", [(f"artifacts/{path.name}",)])


def picture(home: Path) -> None:
    """Have the best trial of `letters` leave a picture in place of its sample."""
    path = home / "letters" / "trials" / "0001" / "artifacts" / "attention.png"
    shutil.copy(ROOT / "screenshots" / "study-80x24.png", path)
    _change(home, "letters", "UPDATE artifacts SET path = ? WHERE trial = 1", [(f"artifacts/{path.name}",)])


def sampled(home: Path) -> None:
    """Have two trials of `every` tell what they used of a GPU and of the machine."""
    rows = []
    for trial, most in ((26, 9.0), (2, 5.0)):
        with closing(sqlite3.connect(home / "every" / "study.db")) as conn:
            token, began = conn.execute("SELECT token, started FROM attempts WHERE trial = ?", (trial,)).fetchone()
        for turn in range(40):
            busy = 0.5 + 0.4 * math.sin(turn / 3)
            rows.append((token, began + turn / 64, most * min(1, turn / 8), 1.5 + turn / 80, busy, 90 + 10 * busy))
    _change(home, "every", "INSERT INTO samples (token, at, gpu_gb, rss_gb, util, cpu) VALUES (?, ?, ?, ?, ?, ?)", rows)


def machine(home: Path) -> None:
    """Lay out a machine with two GPUs, read once: an hour passes until the next reading."""
    told = {"utilisation": {"0": 93, "1": 0}, "free": {"0": 3 << 30}, "milliwatts": {"0": 287_000}, "mhz": {"0": 1410}}
    told |= {"power_limit": 400_000, "max_clock": 1980}
    # A pid of its open attempts may be that of a process of today.
    shutil.rmtree(home / "halted")
    here = home.parent / "machine"
    here.mkdir()
    (here / "nvml.json").write_text(json.dumps(told))
    (here / "stat").write_text("cpu  100 0 100 800 0 0 0 0 0 0\n")
    (here / "meminfo").write_text(
        "MemTotal: 33554432 kB\nMemFree: 8388608 kB\nMemAvailable: 16777216 kB\n" + "x: 0 kB\n" * 3
    )
    (home.parent / "config" / "hptui").mkdir(parents=True)
    (home.parent / "config" / "hptui" / "config.toml").write_text("refresh = 3600\n")


def _change(home: Path, study: str, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(home / study / "study.db")) as conn, conn:
        conn.executemany(statement, rows)


MACHINE = {
    "FAKE_NVML": "machine/nvml.json",
    "HPTUI_GOLDEN_MACHINE": "machine",
    "PYTHONPATH": f"{HERE / 'site'}:{ROOT}:{ROOT / 'tests' / 'fakes'}",
}
"""Where a walk finds its machine, in the folder of its HOME."""


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
                f"{prefix}resources",
                size,
                ["open", "every"],
                (
                    Shot("which metric", ("*", "M"), "GPU memory"),
                    Shot("of two trials", (*"GPU mem", "enter"), "GPU memory GiB"),
                    Shot("of one trial", ("enter", "M", *"CPU", "enter"), "CPU %"),
                ),
                before=sampled,
            ),
            Walk(
                f"{prefix}machine",
                size,
                ["open", "every"],
                (Shot("all", ("u",), "Fake GPU 0"), Shot("of trials", ("o",), "processes of trials")),
                before=machine,
                env=MACHINE,
            ),
            Walk(
                f"{prefix}picture",
                size,
                ["open", "letters"],
                (Shot("where it is", ("*", "enter", "enter"), "shows no images"),),
                before=picture,
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
