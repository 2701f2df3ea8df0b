"""What the runner decided, lines of all logs, stars, and saved filters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hptui.core.trial import Rejection
from hptui.operations.decisions import read_decisions
from hptui.store.command_queue import CommandQueue
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from hptui.tui.screens.log import FoundScreen, LogScreen
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import TRIALS, make, trial
from tests.tui.walk import SIZES, walking


def test_decisions_tell_who_proposed_what_was_left_out_and_why_a_trial_starts_again(home):
    left_out = tuple(Rejection({"width": 64}, "it is trial 2 again") for _ in range(3))
    sd = make(home, [trial(0, "failed", "oom", message="CUDA out of memory"), trial(1, "complete", loss=0.5)])
    with Store.open(sd) as store:
        store.insert_trial(trial(2, "waiting", started=None, ended=None, rejections=left_out))
        first = store.read.attempts(0)[0]
        store.update_attempt(first.token, message="CUDA out of memory")
        store.insert_attempt(_again(first))
    queue = CommandQueue(sd)
    number = queue.post("pause", {})
    queue.close()
    with Store.open(sd) as store:
        store.finish_command(number, True, "paused")
    with StoreReader.open(sd) as reader:
        decisions = read_decisions(reader)
    text = "\n".join(decision.line for decision in decisions)
    assert "trial 1     proposed by random: learning_rate=" in text
    assert "3 proposals left out before it: 3 times it is trial 2 again" in text
    assert "starts again on CPU, attempt 2, from step 7; before: CUDA out of memory" in text
    assert "asked to pause: paused" in text
    assert [decision.at for decision in decisions] == sorted(decision.at for decision in decisions)


def _again(attempt):
    return replace(attempt, token="again", n=2, started=attempt.started + 100, resumed_step=7)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_text_is_found_in_all_logs_and_its_log_is_opened_there(home, size):
    sd = make(home)
    (sd.attempt(3, 1) / "log.txt").write_text("\n".join(["quiet"] * 40 + ["a Needle here"] + ["quiet"] * 40))
    (sd.attempt(1, 1) / "log.txt").write_text("needle at once\n")
    async with walking(home, study=sd, size=size) as walk:
        await walk.until("★3")
        await walk.press("ampersand", *"needle", "enter")
        await walk.until("2 lines of 2 trials")
        assert isinstance(walk.app.screen, FoundScreen)
        await walk.until("a Needle here")
        await walk.press("g", "j", "enter")
        await walk.until("41 a Needle here")
        assert type(walk.app.screen) is LogScreen
        await walk.press("escape")
        assert isinstance(walk.app.screen, FoundScreen)
        await walk.press("escape", "U")
        await walk.until("what it decided")
        await walk.until("proposed by random")
        await walk.press("slash", *"OOM", "enter")
        await walk.press("m")
        await walk.until("printed")


async def test_a_starred_trial_stands_first_wherever_it_was_starred(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        await walk.press("G")
        number = table.number
        await walk.press("B")
        await walk.until(lambda: table.trials.key(0) == number)
        assert f"◆{number}" in walk.text
        with StoreReader.open(sd) as reader:
            assert reader.starred() == {number}
        table.trials.set_filter("starred")
        assert [one.number for one in table.trials.all] == [number]
        table.trials.set_filter("")
        await walk.press("B")
        await walk.until(lambda: table.trials.key(0) == 3)
    with StoreReader.open(sd) as reader:
        assert reader.starred() == frozenset()


async def test_a_filter_is_saved_used_in_another_visit_and_deleted(home):
    sd = make(home, TRIALS)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("F")
        await walk.until("no filter is saved")
        await walk.press("slash", *"status=failed", "enter", "F", "enter", *"bad ones", "enter")
        await walk.until("saved as bad ones")
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("F", "enter")
        await walk.until("trials 2 of 8")
        await walk.press("escape", "F", *"delete", "enter", "enter")
        await walk.until("deleted the filter bad ones")
