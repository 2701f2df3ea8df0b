"""The help as a person searches it: keys first, then the documentation, each opened as rendered Markdown."""

from __future__ import annotations

import threading

import pytest
from textual.widgets import Input, OptionList

from hptui.operations import docs
from hptui.tui.screens.doc import DocScreen
from hptui.tui.screens.help import HelpScreen
from hptui.tui.screens.study import StudyScreen
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.markdown_pane import MarkdownPane
from tests.operations.made import make
from tests.tui.walk import SIZES, Walk, walking

pytestmark = pytest.mark.terminal

sizes = pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])


async def ask(walk: Walk, words: str) -> OptionList:
    """Open the help, type, and wait until the documentation has been searched."""
    await walk.until("3")
    await walk.press("question_mark")
    await walk.until(lambda: isinstance(walk.app.screen, HelpScreen))
    await walk.until("Help ")
    screen = walk.app.screen
    await walk.press(*("space" if sign == " " else sign for sign in words))
    await walk.until(lambda: not screen._is_searching)
    return screen.query_one(OptionList)


@sizes
@pytest.mark.parametrize("choices", [{}, {"readonly": True, "charts": "ascii", "theme": "ansi"}], ids=["", "ascii"])
async def test_a_section_is_found_opened_and_left(home, size, choices):
    sd = make(home)
    async with walking(home, size=size, study=sd, **choices) as walk:
        place = "study-file > resources" if choices else "study-file § resources"
        await ask(walk, "resources")
        assert place in walk.text
        assert "§" not in walk.text or not choices
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, DocScreen))
        screen = walk.app.screen
        await walk.until(lambda: screen.query("MarkdownTable"))
        assert place in walk.text
        assert "hptui docs study-file.resources" in walk.text
        await walk.until("GPUs, parallel trials")
        assert screen.text == docs.about("study-file", "resources")
        assert not choices or {sign for sign in walk.text if not sign.isascii()} <= set(screen.text)
        before = walk.text
        await walk.press("G")
        await walk.until(lambda: walk.text != before)
        await walk.press("g", "j", "ctrl+d", "escape")
        await walk.until(lambda: isinstance(walk.app.screen, HelpScreen))
        assert walk.app.screen.query_one(Input).value == "resources"
        assert place in walk.text
        await walk.press("escape")
        assert isinstance(walk.app.screen, StudyScreen)


async def test_keys_come_first_and_open_what_the_pages_say_about_them(home):
    sd = make(home)
    async with walking(home, size=(80, 24), study=sd) as walk:
        options = await ask(walk, "retry")
        lines = walk.text.splitlines()
        key, heading = (
            next(n for n, line in enumerate(lines) if text in line)
            for text in ("run a failed or stopped trial again", "Documentation")
        )
        assert key < heading
        assert "hptui retry" in lines[key]
        assert options.highlighted == 1  # the heading above it is passed over
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, DocScreen) and walk.app.screen.text)
        assert "trials.retry" in walk.app.screen.text or "study.retry" in walk.app.screen.text
        await walk.until("run a failed or stopped trial again")


async def test_arrows_walk_the_list_over_its_headings(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        options = await ask(walk, "retry")
        chosen = []
        for _ in range(4):
            chosen.append(options.get_option_at_index(options.highlighted).id)
            await walk.press("down")
        assert None not in chosen
        assert len(set(chosen)) == 4
        await walk.press("pagedown", "pageup", "up")
        assert walk.app.screen.focused is walk.app.screen.query_one(Input)


async def test_a_click_opens_and_typing_goes_on(home):
    sd = make(home)
    async with walking(home, size=(80, 24), study=sd) as walk:
        await ask(walk, "resources")
        rows = walk.text.splitlines()
        row = next(n for n, line in enumerate(rows) if "executors § Disk" in line)
        await walk.pilot.click(offset=(10, row))
        await walk.until(lambda: isinstance(walk.app.screen, DocScreen) and walk.app.screen.text)
        assert walk.app.screen.text == docs.about("executors", "disk")
        await walk.press("q")
        await walk.until(lambda: isinstance(walk.app.screen, HelpScreen))
        await walk.press("x")
        assert walk.app.screen.query_one(Input).value == "resourcesx"


async def test_enter_before_the_search_is_done_opens_what_it_finds(home, monkeypatch):
    sd = make(home)
    search, answered = docs.search, threading.Event()

    def slow(words: str) -> list[docs.DocMatch]:
        answered.wait(60.0)  # stands for a slow disk; the search itself is the real one
        return search(words)

    monkeypatch.setattr(docs, "search", slow)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("question_mark")
        await walk.until("Help ·")
        await walk.press(*"resources")
        assert walk.app.screen._is_searching
        await walk.press("enter")
        assert isinstance(walk.app.screen, HelpScreen)
        answered.set()
        await walk.until(lambda: isinstance(walk.app.screen, DocScreen))
        await walk.until("GPUs, parallel trials")


async def test_what_is_nowhere_is_named_and_an_empty_search_shows_the_keys(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await ask(walk, "zqx")
        assert "no key and no page has 'zqx'" in walk.text
        await walk.press("enter")
        assert isinstance(walk.app.screen, HelpScreen)
        await walk.press("backspace", "backspace", "backspace")
        assert walk.app.screen.query_one(Facts).display
        assert not walk.app.screen.query_one(OptionList).display
        await walk.until("open what the cursor is on")


async def test_missing_documentation_is_named_and_keys_are_still_searched(home, tmp_path, monkeypatch):
    sd = make(home)
    monkeypatch.setattr(docs, "DIRECTORY", tmp_path / "none")
    async with walking(home, study=sd) as walk:
        await ask(walk, "retry")
        assert "run a failed or stopped trial again" in walk.text
        assert "the documentation is missing" in walk.text


async def test_a_whole_page_can_be_opened(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        options = await ask(walk, "glossary")
        screen = walk.app.screen
        index = next(n for n, (topic, key, _) in enumerate(screen._targets) if (topic, key) == ("glossary", ""))
        options.highlighted = options.get_option_index(str(index))
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, DocScreen) and walk.app.screen.text)
        assert walk.app.screen.text == docs.page("glossary")
        assert walk.app.screen.focused is walk.app.screen.query_one(MarkdownPane)


def test_each_section_is_found_again_by_its_place():
    for topic in docs.topics():
        for section in docs.sections(topic):
            page, _, key = section.place.partition(".")
            assert section.text in (docs.about(page, key) if key else docs.page(page))
