"""Messages: shown until they have been read, and kept in a list; what is too long for the line is read there."""

from __future__ import annotations

import pytest

from hptui.tui.messages import ERROR_SHOWN_S, MAX_MESSAGES, SHOWN_S, MessageHistory
from hptui.tui.screens.messages import MessagesScreen
from hptui.tui.widgets.bars import MessageLine
from tests.operations.made import make
from tests.tui.walk import walking


def test_the_last_fifty_are_kept_and_progress_is_replaced_by_its_result():
    history = MessageHistory()
    history.add("copying…", "muted")
    history.add("copied")
    assert [message.text for message in history.messages] == ["copied"]
    for number in range(MAX_MESSAGES + 7):
        history.add(f"message {number}", "bad" if number % 2 else "")
    assert next(message.text for message in history.messages) == "message 7"
    assert {message.shown_s for message in history.messages} == {SHOWN_S, ERROR_SHOWN_S}


@pytest.mark.terminal
async def test_a_message_fades_and_is_found_again(home, monkeypatch):
    monkeypatch.setattr("hptui.tui.messages.SHOWN_S", 3.0)
    async with walking(home, size=(80, 24), study=make(home)) as walk:
        await walk.until("★3")
        long = "not taken: " + "the budget must be a number " * 5 + "/somewhere/a-path-at-the-end.toml"
        walk.app.say(long)
        await walk.until("not taken")
        await walk.until("! shows all")
        assert "a-path-at-the-end" not in walk.text
        await walk.until(lambda: not walk.app.screen.query_one(MessageLine).left)
        await walk.press("exclamation_mark")
        await walk.until(lambda: isinstance(walk.app.screen, MessagesScreen))
        await walk.until("a-path-at-the-end.toml")
        await walk.press("escape")
        await walk.until("★3")


@pytest.mark.terminal
async def test_a_trial_is_reached_by_its_number(home):
    async with walking(home, study=make(home)) as walk:
        await walk.until("★3")
        await walk.press("number_sign", *"99", "enter")
        await walk.until("there is no trial '99'")
        await walk.press("backspace", "backspace", "5", "enter")
        await walk.until(lambda: walk.app.screen.table.number == 5)


@pytest.mark.terminal
async def test_read_only_says_so(home):
    async with walking(home, study=make(home), readonly=True) as walk:
        await walk.until("★3")
        assert "read-only" in walk.text.splitlines()[0]
