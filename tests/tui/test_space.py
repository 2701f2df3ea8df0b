"""The space editor, as a person uses it."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from textual.widgets import Input

from hptui.results.view import read_view
from hptui.tui import verbs
from hptui.tui.app import HptuiApp
from hptui.tui.config import Config
from hptui.tui.screens.parameter_form import ParameterForm
from hptui.tui.screens.space import SpaceScreen
from hptui.tui.screens.study import StudyScreen
from tests.frames import text as frame
from tests.operations.made import make
from tests.support import PATIENCE, run_to_rest
from tests.tui.walk import walking

STUDY = """
name = "edited"
[objective]
metric = "loss"
[trainer]
kind = "toy"
steps = 3
[space]
learning_rate = { low = 1e-4, high = 1e-1, log = true }
batch_size = { choices = [8, 16, 32] }
[search]
sampler = "random"
trials = 3
constraints = ["batch_size * learning_rate <= 2"]
"""


@pytest.fixture
def sd(tmp_path: Path):
    (tmp_path / "edited.toml").write_text(STUDY)
    return run_to_rest(tmp_path / "home", tmp_path / "edited.toml")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """The same, for those who only look."""
    folder = tmp_path_factory.mktemp("space")
    (folder / "edited.toml").write_text(STUDY)
    return run_to_rest(folder / "home", folder / "edited.toml")


async def settled(pilot, screen) -> None:
    """Until the draft has been read and judged."""
    deadline = time.monotonic() + 20 * PATIENCE
    while screen.draft is None or (screen.meaning is None and not screen.problem):
        assert time.monotonic() < deadline
        await pilot.pause(0.05)
    await pilot.pause()


async def until(pilot, holds):
    """Until something holds, however busy the machine is."""
    deadline = time.monotonic() + 20 * PATIENCE
    while not holds():
        assert time.monotonic() < deadline, frame(pilot.app)
        await pilot.pause(0.05)


async def form(pilot):
    """The form of a parameter, once it is in front."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ParameterForm) and pilot.app.screen.query("#field-low"))
    return pilot.app.screen


async def line(pilot, screen):
    """The one line that is asked for over a screen, once it is in front."""
    await until(pilot, lambda: pilot.app.screen is not screen and pilot.app.screen.query(Input))
    return pilot.app.screen.query_one(Input)


def visit(sd, steps, size=(120, 36), **config):
    async def walk():
        app = HptuiApp(sd.root.parent, Config(charts="braille", **config), study=sd)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.view)
            screen = SpaceScreen(sd)
            await app.push_screen(screen)
            await settled(pilot, screen)
            return await steps(pilot, screen)

    return asyncio.run(walk())


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (20, 5)])
def test_it_shows_parameters_constraints_and_what_they_mean(seen, size):
    async def steps(pilot, screen):
        return frame(pilot.app)

    shown = visit(seen, steps, size)
    if size[0] > 60:
        assert "learning_rate" in shown
        assert "batch_size * lear" in shown
        assert "3 of 3 complete or pruned trials inform it" in shown


def test_a_range_is_changed_undone_and_saved(sd):
    async def steps(pilot, screen):
        await pilot.press("enter")
        entry = await form(pilot)
        entry.query_one("#field-low", Input).value = "nonsense"
        await until(pilot, lambda: entry.query_one("#hint").has_class("wrong"))
        await pilot.press("enter")
        assert pilot.app.screen is entry, "what cannot be is not taken"
        entry.query_one("#field-low", Input).value = "1e-3"
        await until(pilot, lambda: not entry.query_one("#hint").has_class("wrong"))
        await pilot.press("enter")
        await until(pilot, lambda: screen.draft.entries["learning_rate"]["low"] == 1e-3)
        await until(pilot, lambda: "was 1e-4 … 0.1" in frame(pilot.app))
        await pilot.press("u")
        await until(pilot, lambda: screen.draft == screen.before)
        await pilot.press("enter")
        entry = await form(pilot)
        entry.query_one("#field-low", Input).value = "1e-3"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen and screen.draft != screen.before)
        await settled(pilot, screen)
        await pilot.press("ctrl+s")
        (await line(pilot, screen)).value = "faster"
        await pilot.press("enter")
        await until(pilot, lambda: read_view(sd).row.revision != 1)

    visit(sd, steps)
    view = read_view(sd)
    assert view.study.space.parameters[0].low == 1e-3
    assert "low = 0.001" in Path(view.study.source).read_text() or "low = 1e-3" in Path(view.study.source).read_text()


def test_a_constraint_is_added_checked_and_dropped(seen):
    async def steps(pilot, screen):
        await pilot.press("c")
        asked = await line(pilot, screen)
        asked.value = "batch_siz <= 16"
        await pilot.press("enter")
        await until(pilot, lambda: "did you mean" in frame(pilot.app))
        asked.value = "batch_size <= 16"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen and screen.draft.constraints[-1] == "batch_size <= 16")
        await settled(pilot, screen)
        screen.query_one("#space").go_to("constraint batch_size <= 16")
        await pilot.press("D")
        await until(pilot, lambda: screen.draft == screen.before)

    visit(seen, steps)


def test_leaving_with_changes_asks(seen):
    async def steps(pilot, screen):
        await pilot.press("D")
        await pilot.press("escape")
        await until(pilot, lambda: "Leave without saving?" in frame(pilot.app))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is screen)

    visit(seen, steps)


def test_what_is_being_saved_is_waited_for(sd, monkeypatch):
    def when_released(*given):
        released.wait(20)
        return save(*given)

    save, released = verbs.save_space, threading.Event()
    monkeypatch.setattr(verbs, "save_space", when_released)

    async def steps(pilot, screen):
        await pilot.press("c")
        (await line(pilot, screen)).value = "batch_size <= 16"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen and screen.draft != screen.before)
        await settled(pilot, screen)
        await pilot.press("ctrl+s")
        await line(pilot, screen)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("q")
        assert read_view(sd).row.revision == 1, "it is still being saved"
        assert screen in pilot.app.screen_stack
        released.set()
        await until(pilot, lambda: screen not in pilot.app.screen_stack)
        assert read_view(sd).row.revision == 2

    visit(sd, steps)


def test_read_only_changes_nothing(seen):
    async def steps(pilot, screen):
        await pilot.press("D")
        assert screen.draft == screen.before

    visit(seen, steps, readonly=True)


def test_the_editor_of_the_user_edits_a_copy_that_is_checked(sd, monkeypatch, tmp_path):
    script = tmp_path / "editor.sh"
    script.write_text("#!/bin/sh\nsed -i 's/1e-4/1e-3/' \"$1\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    from hptui.tui import editor

    class Given:
        said = ""

        def suspend(self):
            import contextlib

            return contextlib.nullcontext()

        def say(self, text, meaning=""):
            self.said = text

        def run_in_background(self, call, text="", then=None):
            self.said = call()

    app = Given()
    editor.edit_file(app, sd, read_view(sd).study, lambda result: None)
    assert read_view(sd).study.space.parameters[0].low == 1e-3
    script.write_text("#!/bin/sh\nsed -i 's/1e-3/wrong/' \"$1\"\n")
    before = Path(read_view(sd).study.source).read_text()
    editor.edit_file(app, sd, read_view(sd).study, lambda result: None)
    assert "not taken" in app.said
    copy = app.said.rpartition("your text is in ")[2]
    assert copy
    assert app.said.count(copy) == 1, "the path of the copy is said once, at the end"
    assert Path(read_view(sd).study.source).read_text() == before


async def test_an_effect_that_comes_after_the_screen_was_left_does_nothing(home):
    """What a thread has worked out is for a screen that may be gone by then."""
    async with walking(home, study=make(home)) as walk:
        await walk.until("★3")
        await walk.press("e")
        await walk.until("random draws")
        screen = walk.app.screen
        called: list[str] = []
        await asyncio.to_thread(screen.call_if_open, called.append, "open")
        await walk.press("escape")
        await walk.until(lambda: screen not in walk.app.screen_stack)
        await asyncio.to_thread(screen.call_if_open, called.append, "closed")
        assert called == ["open"]
