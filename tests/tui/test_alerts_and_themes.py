"""Told without looking, themes with a preview, and keys that are held."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from textual import events

from hptui.core.trial import StudyState
from hptui.store.store import Store
from hptui.tui import feed
from hptui.tui.alerts import BELL, Alerts, StudyFacts, alert_sequence
from hptui.tui.labels import rest_reason
from hptui.tui.sources import running
from hptui.tui.themes import THEMES
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import FILE, TRIALS, make, trial
from tests.results.kit import view_of
from tests.tui.walk import walking

RUNNING = (StudyState.RUNNING, StudyState.DRAINING)


@pytest.mark.parametrize("before", list(StudyState), ids=str)
@pytest.mark.parametrize("after", list(StudyState), ids=str)
def test_an_alert_follows_an_end_that_nobody_asked_for(before, after):
    for message, failed in itertools.product(("paused by request", "5 trials failed in a row"), (0, 2)):
        alerts = Alerts(("done", "paused", "failed"))
        assert alerts.news(StudyFacts("k", "s", before)) == [], "nothing at first sight"
        texts = " | ".join(alerts.news(StudyFacts("k", "s", after, message, failed)))
        asked = message == "paused by request"
        assert ("is done" in texts) == (before in RUNNING and after is StudyState.DONE)
        assert ("paused by itself" in texts) == (before in RUNNING and after is StudyState.PAUSED and not asked)
        assert ("a trial of s failed" in texts) == bool(failed)
        assert alerts.news(StudyFacts("k", "s", after, message, failed)) == [], "once"


def test_a_run_in_which_nothing_ended_is_no_news():
    """A study that was done is started again and finds nothing to do: the answer to that stays on the screen."""
    alerts = Alerts(("done",))
    for state, ended, texts in [
        (StudyState.DONE, 3, []),
        (StudyState.RUNNING, 3, []),
        (StudyState.DONE, 3, []),
        (StudyState.RUNNING, 3, []),
        (StudyState.RUNNING, 4, []),
        (StudyState.DONE, 5, ["s is done"]),
    ]:
        assert alerts.news(StudyFacts("k", "s", state, ended=ended)) == texts


def test_a_new_best_is_told_to_those_who_asked_for_it():
    for kinds, count in ((("best",), 1), (("done",), 0)):
        alerts = Alerts(kinds)
        alerts.news(StudyFacts("k", "s", StudyState.RUNNING, best="#1 0.5"))
        assert len(alerts.news(StudyFacts("k", "s", StudyState.RUNNING, best="#2 0.4"))) == count


def test_another_best_without_a_trial_that_ended_is_no_news():
    """It was only read later, or is the mean of other runs."""
    for ended, count in ((3, 0), (4, 1)):
        alerts = Alerts(("best",))
        alerts.news(StudyFacts("k", "s", StudyState.RUNNING, best="#1 0.5", ended=3))
        assert len(alerts.news(StudyFacts("k", "s", StudyState.RUNNING, best="#2 0.4", ended=ended))) == count


async def test_what_happens_to_a_study_is_told_on_any_screen_and_once(home, monkeypatch):
    monkeypatch.setattr(feed, "BACKGROUND_S", 0.05)
    alive = {"alive": True, "pid": 1, "host": "", "since": 0, "ready": True}
    monkeypatch.setattr(running, "runner_status", lambda sd: alive)
    sd = make(home, TRIALS[:4], state=StudyState.RUNNING)
    other = make(home, TRIALS[:4], FILE.replace('"made"', '"other"'), state=StudyState.RUNNING)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("enter")  # a trial's screen, over its study's
        await walk.until(lambda: walk.app.background_source.latest)
        await walk.until(lambda: {str(sd.root), str(other.root)} <= set(walk.app._alerts._seen))
        for place, message in ((sd, "the space is spent"), (other, "the target was reached")):
            with Store.open(place) as store:
                store.insert_trial(trial(9, "failed", "oom"))
                store.set_state(StudyState.DONE, message)
            await walk.until_said(f"{place.name} is done: {message}")
        said = [message.text for message in walk.app.messages.messages]
        assert len([text for text in said if "is done" in text]) == 2
        assert sum("of other failed" in text for text in said) == 1


def test_a_study_at_rest_says_why_unless_all_was_run_or_a_person_asked():
    row = view_of([]).row
    for state in StudyState:
        assert rest_reason(replace(row, state=state, message="")) == ""
        assert rest_reason(replace(row, state=state, message=f"{state} by request")) == ""
        is_at_rest = state not in RUNNING
        assert bool(rest_reason(replace(row, state=state, message="trial 3 failed (oom)"))) == is_at_rest


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "linux"}, BELL),
        ({"TERM": "xterm-256color"}, BELL + "\x1b]9;s is done, best\a"),
        ({"TERM": "foot"}, BELL + "\x1b]777;notify;hptui;s is done, best\a"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, BELL + "\x1b]777;notify;hptui;s is done, best\a"),
        ({"TERM": "tmux-256color", "TMUX": "x"}, BELL + "\x1bPtmux;\x1b\x1b]9;s is done, best\a\x1b\\"),
    ],
)
def test_the_terminal_is_told_in_its_own_way(environ, expected):
    assert alert_sequence("s is done; best", environ) == expected
    evil = alert_sequence("\x1b]52;c;x\x07", environ)
    assert evil.count("\a") <= 2
    assert "]52;" not in evil


async def test_a_theme_is_seen_before_it_is_chosen(home):
    async with walking(home, study=make(home)) as walk:
        await walk.until("★3")
        former = walk.app.theme
        await walk.press("ctrl+t")
        await walk.until("Theme")
        seen = set()
        for _ in THEMES:
            await walk.press("down")
            seen.add(walk.app.theme)
        assert seen == {theme.name for theme in THEMES}
        await walk.press("escape")
        assert walk.app.theme == former
        await walk.press("ctrl+t", *"light", "enter")
        await walk.until("theme light")
        assert walk.app.theme == "light"


async def test_a_held_key_is_carried_out_at_once_for_all_and_what_follows_is_kept(home, monkeypatch):
    many = [*TRIALS[:7], *(trial(n, "complete", "finished", 0.6 + n / 1000) for n in range(7, 260))]
    moves = []
    move = TrialTable.action_move
    monkeypatch.setattr(TrialTable, "action_move", lambda self, by: (moves.append(by), move(self, int(by)))[1])
    async with walking(home, study=make(home, many)) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        for key in ["j"] * 150 + ["k"] * 30 + ["slash"]:
            walk.app.post_message(events.Key(key, key if len(key) == 1 else "/"))
        await walk.until(lambda: walk.app.screen.filter_line.is_open)
        assert table.cursor == 120
        assert sum(moves) == 120
        assert len(moves) < 20, "held keys are carried out together"
