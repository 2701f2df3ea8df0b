"""How long the screens' event loop is held up at once, on 10,000 trials and 10 million points.

    python -m tests.benchmarks.tui_loop [HOME [KEY…]]      some keys only, by their ids: study.metrics

First a walk through the screens, then every key of a study, each pressed on its dashboard, where all its trials are
shown. A watcher sleeps 5 ms again and again: how much later it wakes is how long nothing else could be done. Beside the
wait stands the processor time of the loop's own thread meanwhile, which does not count the wait for a core. The longest
of each is told; of a key, the shortest of several presses, which is what the key itself takes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot

from hptui.tui.app import HptuiApp
from hptui.tui.config import Config
from hptui.tui.keys import KEYS
from hptui.tui.screens.studies import StudiesScreen
from hptui.tui.screens.study import StudyScreen
from tests.benchmarks.common import machine
from tests.benchmarks.tui_store import TRIALS, ready

TICK = 0.005
REPEATS = 3
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


async def calm(app: HptuiApp, pilot: Pilot[str], most: float = 2.0) -> None:
    """Wait until what was asked for is there and drawn; some screens read something new at each poll."""
    until, rest = time.monotonic() + most, 0
    while rest < 3 and time.monotonic() < until:
        await pilot.pause()
        await asyncio.sleep(0.1)
        rest = rest + 1 if app.feed.is_idle else 0


async def on_dashboard(app: HptuiApp, pilot: Pilot[str]) -> None:
    """Go to the study, and wait until all its trials are in the table."""
    while not (isinstance(app.screen, StudyScreen) and app.screen.snapshot and not app.screen.snapshot.partial):
        if not app.is_running:
            raise SystemExit("the program was ended: what follows would be no measurement")
        if isinstance(app.screen, StudiesScreen):
            await pilot.press("enter")
        elif not isinstance(app.screen, StudyScreen):
            await pilot.press("escape")
        await calm(app, pilot)
    shown = len(app.screen.table.trials.all)
    if shown < TRIALS:
        raise SystemExit(f"the dashboard shows {shown:,} of {TRIALS:,} trials: this would measure another program")


async def walk(home: Path) -> list[tuple[str, float, float]]:
    app, watch, found = HptuiApp(home, Config()), Watch(), []
    async with app.run_test(size=(120, 36)) as pilot:
        task = asyncio.create_task(watch.run())
        for name, keys in VISITS.items():
            watch.take()
            for key in keys:
                await pilot.press(key)
                await asyncio.sleep(0.15)
            await calm(app, pilot)
            if name == "a study is opened":
                await on_dashboard(app, pilot)
            found.append((name, *watch.take()))
        task.cancel()
    return found


async def press_all(home: Path, ids: Sequence[str] = ()) -> list[tuple[str, float, float]]:
    """Every key of the dashboard that only looks, or asks first; and escape after it."""
    app, watch = HptuiApp(home, Config()), Watch()
    best: dict[str, tuple[float, float]] = {}
    async with app.run_test(size=(120, 36)) as pilot:
        task = asyncio.create_task(watch.run())
        for _ in range(REPEATS):
            for key in KEYS:
                if key.scope not in SCOPES or key.id in LEFT_OUT or (ids and key.id not in ids):
                    continue
                await on_dashboard(app, pilot)
                watch.take()
                await pilot.press(key.keys.split(",")[0])
                await calm(app, pilot)
                await pilot.press("escape")
                await calm(app, pilot)
                late, busy = watch.take()
                before = best.get(key.id, (late, busy))
                best[key.id] = min(late, before[0]), min(busy, before[1])
        task.cancel()
    return sorted(((name, *pair) for name, pair in best.items()), key=lambda one: -one[2])


def main(home: Path, ids: Sequence[str] = ()) -> None:
    print(machine())
    ready(home)
    for name, late, busy in asyncio.run(walk(home)) if not ids else ():
        print(f"{name:28} waits at most {late:6.1f} ms   works at most {busy:6.1f} ms at once")
    longest = asyncio.run(press_all(home, ids))
    print(f"of {len(longest)} keys, and escape after each, the longest:")
    for name, late, busy in longest[:8]:
        print(f"{name:28} waits at most {late:6.1f} ms   works at most {busy:6.1f} ms at once")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), sys.argv[2:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
