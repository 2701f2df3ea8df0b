"""How long the screens' event loop is held up at once, on 10,000 trials and 10 million points.

    python -m tests.benchmarks.tui_loop [HOME]

First a walk through the screens, then every key of a study, each pressed on its dashboard. A watcher sleeps 5 ms again
and again: how much later it wakes is how long nothing else could be done. Beside the wait stands the processor time of
the loop's own thread meanwhile, which does not count the wait for a core. The longest of each is told.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hptui.store.paths import StudyDir
from hptui.tui.app import HptuiApp
from hptui.tui.config import Config
from hptui.tui.keys import KEYS
from hptui.tui.screens.studies import StudiesScreen
from hptui.tui.screens.study import StudyScreen
from tests.benchmarks.common import machine
from tests.benchmarks.tui_store import make

TICK = 0.005
VISITS = {
    "studies": (),
    "a study is opened": ("enter",),
    "rows": ("j",) * 20 + ("G", "g"),
    "sorted by another column": ("l", "l", "s", "S"),
    "filtered": ("slash", *"lr<1e-3", "enter", "slash", "escape"),
    "metric, smoothing, zoom": ("m", "3", "L", "plus", "0", "1"),
    "a trial": ("enter", "right", "right", "escape"),
    "its log": ("t", "escape"),
    "insights": ("H", "right_square_bracket", "right_square_bracket", "right_square_bracket", "escape"),
    "space": ("e", "escape"),
    "health": ("d", "escape"),
    "machine": ("u", "escape"),
    "help": ("question_mark", "escape"),
}

SCOPES = ("app", "study", "trials", "table", "chart")
LEFT_OUT = ("app.back", "app.leave", "app.quit", "study.pause", "study.drain", "trials.hold", "trials.retry")
"""Keys that leave, or that would start or stop something at once: nothing is to be trained here."""


class Watch:
    """Wakes every few milliseconds, and remembers the latest wakings."""

    def __init__(self) -> None:
        self.late = self.busy = 0.0

    async def run(self) -> None:
        while True:
            began, used = time.monotonic(), time.thread_time()
            await asyncio.sleep(TICK)
            self.late = max(self.late, time.monotonic() - began - TICK)
            self.busy = max(self.busy, time.thread_time() - used)

    def take(self) -> tuple[float, float]:
        """The longest wait and the longest work since the last call, in ms."""
        found, self.late, self.busy = (1e3 * self.late, 1e3 * self.busy), 0.0, 0.0
        return found


async def walk(home: Path) -> Iterator[tuple[str, float, float]]:
    app, watch, found = HptuiApp(home, Config()), Watch(), []
    async with app.run_test(size=(120, 36)) as pilot:
        task = asyncio.create_task(watch.run())
        for name, keys in VISITS.items():
            watch.take()
            for key in keys:
                await pilot.press(key)
                await asyncio.sleep(0.15)
            await asyncio.sleep(1.0)
            found.append((name, *watch.take()))
        task.cancel()
    return iter(found)


async def press_all(home: Path) -> list[tuple[str, float, float]]:
    """Every key of the dashboard that only looks, or asks first; and escape after it."""
    app, watch, found = HptuiApp(home, Config()), Watch(), []
    async with app.run_test(size=(120, 36)) as pilot:
        task = asyncio.create_task(watch.run())
        await asyncio.sleep(1.5)
        for key in KEYS:
            if key.scope not in SCOPES or key.id in LEFT_OUT:
                continue
            while not isinstance(app.screen, StudyScreen):
                at_home = isinstance(app.screen, StudiesScreen)
                await pilot.press("enter" if at_home else "escape")
                await asyncio.sleep(1.5 if at_home else 0.3)
            watch.take()
            await pilot.press(key.keys.split(",")[0])
            await asyncio.sleep(0.8)
            await pilot.press("escape")
            await asyncio.sleep(0.3)
            found.append((key.id, *watch.take()))
        task.cancel()
    return sorted(found, key=lambda one: -one[1])


def main(home: Path) -> None:
    if not StudyDir(home / "big").exists():
        make(home)
    print(machine())
    for name, late, busy in asyncio.run(walk(home)):
        print(f"{name:28} waits at most {late:6.1f} ms   works at most {busy:6.1f} ms at once")
    longest = asyncio.run(press_all(home))
    print(f"of {len(longest)} keys, and escape after each, the longest:")
    for name, late, busy in longest[:8]:
        print(f"{name:28} waits at most {late:6.1f} ms   works at most {busy:6.1f} ms at once")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
