"""What annoyed in a day at the screens: dialogs in small terminals, keys offered in vain, sections that led nowhere."""

from __future__ import annotations

import pytest

from hptui.core.errors import UserError
from hptui.core.trial import StudyState
from hptui.results.view import read_view
from hptui.tui.cells import Cell, one_line
from hptui.tui.labels import head_cells
from hptui.tui.screens import health
from hptui.tui.screens.compare_rows import ComparedTrial, why_not_comparable
from hptui.tui.screens.plots import IDLE_KEYS, TAB_NAMES, PlotsScreen
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource
from hptui.tui.themes import UNICODE_GLYPHS
from hptui.tui.widgets.bars import KeyLine
from hptui.tui.widgets.facts import fold_line
from tests.operations.made import FILE, TRIALS, make, trial
from tests.tui.terminal import HPTUI, Terminal, surroundings
from tests.tui.walk import walking

MANY = [*TRIALS, *(trial(n, "complete", "finished", 0.5 + n / 100) for n in range(9, 16))]


@pytest.mark.terminal
@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("n", ("A new study from", "type to narrow down", "a training script")),
        ("r", ("trials", "parallel")),
        ("X", ("Stop the study", "No")),
        ("t", ("1 of 5",)),
        ("!", ("Messages",)),
        ("?", ("type to search", "Look")),
    ],
)
def test_in_five_lines_a_dialog_shows_what_it_asks(tmp_path, key, seen):
    sd = make(tmp_path / "home", state=StudyState.PAUSED)
    seat = Terminal([*HPTUI, "--home", str(sd.root.parent)], surroundings(), (20, 5))
    try:
        seat.until("▌ made")
        seat.press(key)
        for text in seen:
            seat.until(text)
        assert "╭" not in seat.text, "a frame would take the lines"
        seat.press("escape")
        seat.until("▌ made")
    finally:
        seat.close()


def named(name, text=FILE):
    return text.replace('name = "made"', f'name = "{name}"', 1)


def keys_of(walk):
    return [label for _, label in walk.app.screen.query_one(KeyLine)._keys]


@pytest.mark.parametrize("state", [StudyState.DONE, StudyState.PAUSED], ids=str)
async def test_the_line_of_keys_offers_none_that_does_nothing(home, state):
    ended = [one for one in TRIALS if not one.status.open]
    sd = make(home, state=state, trials=ended)
    async with walking(home, size=(200, 50)) as walk:
        await walk.until("made")
        await walk.settled()
        assert ("Stop…" in keys_of(walk)) == (state is StudyState.PAUSED)
        await walk.press("enter")
        await walk.until("★3")
        await walk.settled()
        assert "Stop trial…" not in keys_of(walk)
        await walk.press("asterisk", "enter")
        await walk.until("attempt 1")
        await walk.settled()
        labels = keys_of(walk)
        assert "Stop…" not in labels
        assert "Cure" not in labels, "a fine trial"
        await walk.press("escape", "H")
        await walk.until(lambda: isinstance(walk.app.screen, PlotsScreen))
        for tab in TAB_NAMES:
            await walk.until(lambda tab=tab: walk.app.screen.tab == tab)
            await walk.settled()
            labels = keys_of(walk)
            for label, name in (("Log y", "log"), ("Range", "range"), ("Estimate", "estimate")):
                assert (label in labels) == (tab in IDLE_KEYS[f"insights.{name}"]), (tab, label)
            assert tab in IDLE_KEYS["points.open"] or "Open" not in labels
            await walk.press("tab")
    assert sd.exists()


async def test_a_section_is_gone_to_in_the_rendered_report_too(home):
    make(home, trials=MANY)
    async with walking(home, size=(80, 24), study=None) as walk:
        await walk.until("made")
        await walk.press("enter")
        await walk.until("★")
        await walk.press("R")
        await walk.until("w writes it", 120)
        await walk.press("m")
        await walk.until("as it reads")
        await walk.press("o")
        await walk.until("type to narrow down")
        await walk.press(*"Trials", "enter")
        near_top = lambda: [line.strip(" │▁▂▃▄▅▆▇█") for line in walk.text.split("\n")[:7]]
        await walk.until(lambda: "Trials" in near_top())


async def test_health_says_of_which_trials_it_speaks(home, monkeypatch):
    monkeypatch.setattr(health, "MAX_DIAGNOSED", 5)
    sd = make(home, trials=MANY)
    count = sum(one.last_step is not None or not one.status.open for one in MANY)
    async with walking(home, study=sd) as walk:
        await walk.until("★")
        await walk.press("d")
        await walk.until(f"of the newest 5 trials (of {count}) need something")


def test_a_queued_trial_of_a_study_that_is_done_is_told_beside_that(home):
    for waiting in (0, 1):
        more = [trial(20 + n, "waiting", ended=None) for n in range(waiting)]
        sd = make(home, trials=[*TRIALS[:4], *more], text=named(f"with{waiting}"))
        source, pool = StudySource(sd), ReaderPool()
        try:
            source.poll(pool)
            assert source.latest is not None
            left, right = head_cells(source.latest, UNICODE_GLYPHS)
        finally:
            pool.close()
        assert ("1 queued since: r" in [cell.text for cell in left]) == bool(waiting)
        assert not any(cell.text.endswith("left") for cell in right)


def test_trials_of_two_studies_are_compared_as_they_ran(home):
    stage = '    [[stage]]\n    name = "long"\n    set = { steps = 9 }\n'
    staged = FILE.replace("    [metrics.loss]", f"{stage}    [metrics.loss]", 1)
    first = make(home, trials=TRIALS[:4], text=named("plain"))
    ran = trial(0, "complete", "finished", 0.5, stage="long", params={"learning_rate": 2e-3, "steps": 9})
    second = make(home, trials=[ran], text=named("staged", staged))
    views = [read_view(first), read_view(second)]
    reason = why_not_comparable(*(ComparedTrial(view, view.trials[0], None) for view in views))
    assert "steps 9, not 10" in reason
    assert "learning_rate" not in reason


@pytest.mark.parametrize("hint", ["", "for instance 3", "a\nb"])
def test_a_problem_and_its_hint_are_two_parts_of_a_line(hint):
    line = one_line(UserError("it is wrong", hint=hint))
    assert "\n" not in line
    assert line == "; ".join(["it is wrong", *(hint.split("\n") if hint else [])])


@pytest.mark.parametrize("width", range(30, 90, 7))
def test_a_list_is_folded_between_its_items(width):
    items = [f"name{n} {{8, 16, {n}}}" for n in range(9)]
    lines = fold_line([Cell("space  "), Cell("   ".join(items))], width)
    texts = [line[-1].text.strip() for line in lines]
    assert "   ".join(texts) == "   ".join(items)
    assert all(part in items for text in texts for part in text.split("   "))
