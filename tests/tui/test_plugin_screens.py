"""Screens that installed packages add: opened by key and palette, and never the end of the program."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from hptui import plugins
from hptui.tui.screens.studies import StudiesScreen
from tests.operations.made import make
from tests.tui.walk import walking

MODULE = """
from textual.screen import Screen
from textual.widgets import Static
from hptui.plugins import ScreenSpec

class Extra(Screen):
    def __init__(self, sd):
        super().__init__()
        self.sd = sd

    def compose(self):
        yield Static(f"extra for {self.sd.name if self.sd else 'all'}")

class Raising(Screen):
    def __init__(self, sd):
        raise RuntimeError("no such luck")

EXTRA = ScreenSpec("extra", "An extra screen", "acme_screens:Extra", opens_from="study", keys=("f9",))
RAISING = ScreenSpec("raising", "A raising screen", "acme_screens:Raising", opens_from="study", keys=("f8",))
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "acme_screens.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    entries = tuple(
        EntryPoint(name, f"acme_screens:{reference}", "hptui.screens")
        for name, reference in (("extra", "EXTRA"), ("raising", "RAISING"), ("gone", "NOTHING"))
    )
    monkeypatch.setattr(plugins, "_all_entry_points", lambda: {"hptui.screens": entries})
    yield
    sys.modules.pop("acme_screens", None)


async def test_a_screen_of_a_package_opens_by_its_key_on_the_screen_it_names(tmp_path, package):
    sd = make(tmp_path / "home")
    async with walking(sd.root.parent, study=sd) as walk:
        await walk.until(lambda: len(walk.app.installed_screens.specs) == 2)
        await walk.press("f8")
        await walk.until("A raising screen cannot be opened: RuntimeError: no such luck")
        await walk.press("f9")
        await walk.until(lambda: type(walk.app.screen).__name__ == "Extra")
        assert walk.app.screen.sd == sd


async def test_it_does_not_open_from_another_screen(tmp_path, package):
    sd = make(tmp_path / "home")
    async with walking(sd.root.parent) as walk:
        await walk.until(lambda: len(walk.app.installed_screens.specs) == 2)
        await walk.press("f9")
        assert isinstance(walk.app.screen, StudiesScreen)
