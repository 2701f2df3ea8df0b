"""Driving the screens in tests: an app on a HOME, keys, and waiting for what the feed brings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from hptui.store.paths import StudyDir
from hptui.tui.app import HptuiApp
from hptui.tui.config import Config
from tests.frames import text
from tests.support import PATIENCE

SIZES = [(120, 36), (80, 24)]
DEADLINE = 20.0 * PATIENCE


class Walk:
    """A running app and what a person does with it."""

    def __init__(self, app: HptuiApp, pilot: Pilot) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        return text(self.app)

    @property
    def sentences(self) -> str:
        """The text without frames and spaces: a sentence is found wherever a long path makes it break."""
        return "".join(sign for sign in self.text if not sign.isspace() and sign not in "│|╭╮╰╯─")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def settled(self) -> None:
        """Wait until the feed has nothing more to say, and what it said is drawn."""
        calm = 0
        while calm < 2:
            await self.until(lambda: self.app.feed.is_idle)
            await self.pilot.pause()
            calm = calm + 1 if self.app.feed.is_idle else 0

    async def until(self, what: Callable[[], object] | str, seconds: float = DEADLINE) -> None:
        """Wait until something holds, or a text is on the screen."""
        holds = (lambda: what in self.text) if isinstance(what, str) else what
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"never came: {what}\n{self.text}")
            await self.pilot.pause(0.02)

    async def until_said(self, message: str, seconds: float = DEADLINE) -> None:
        """Wait until a message was shown: a later one may have replaced it by now, in an instant."""
        await self.until(lambda: any(message in said.text for said in self.app.messages.messages), seconds)


@asynccontextmanager
async def walking(
    home: Path, *, size: tuple[int, int] = (120, 36), study: StudyDir | None = None, **choices: object
) -> AsyncIterator[Walk]:
    """The app on a HOME."""
    config = Config(**{"refresh": 0.1, "charts": "braille", **choices})
    app = HptuiApp(home, config, study=study)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Walk(app, pilot)
