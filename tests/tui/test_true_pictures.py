"""Pictures on the screens: reasons for none are true, none has another's name, no trial is left out."""

from __future__ import annotations

import random

import pytest

from hptui.core.trial import Role, TrialStatus
from hptui.results.analysis.cohort import searched_space
from hptui.results.claims.mattered import mattered
from hptui.results.fact_writer import FactWriter
from hptui.results.importance import what_mattered
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import PlotOptions
from hptui.results.report_data import read_effects_record, read_report_data
from hptui.results.view import read_view
from hptui.tui.screens.plots import TABS, PlotsScreen
from hptui.tui.sources.plots import PlotRequest, PlotSource, draw_request
from tests.operations.made import FILE, STAGED, make, trial
from tests.tui.walk import walking

OBJECTIVE = '[objective]\n    metric = "loss"'
TWO = FILE.replace(
    OBJECTIVE,
    '[[objective]]\n    metric = "loss"\n    goal = "minimize"\n'
    '    [[objective]]\n    metric = "cost"\n    goal = "minimize"',
)
NO_OBJECTIVE = FILE.replace('[objective]\n    metric = "loss"\n', "").replace(
    'name = "made"', 'name = "made"\n    objective = []'
)
STATUSES = ["complete", "complete", "complete", "failed", "pruned", "stopped", "running"]


def _study(home, seed):
    rng = random.Random(seed)
    kind = ("plain", "staged", "two", "none")[seed % 4]
    text = {"plain": FILE, "staged": STAGED, "two": TWO, "none": NO_OBJECTIVE}[kind]
    trials = []
    for number in range(rng.randint(1, 16)):
        status = rng.choice(STATUSES)
        loss, width = round(rng.uniform(0.4, 0.9), 3), rng.choice([16, 32, 64])
        params = {"width": width, "learning_rate": 10 ** rng.uniform(-5, -1)}
        more = {"params": params, "metrics": {"loss": loss, "cost": loss}}
        if kind == "staged":
            more |= {"stage": "short" if number < 2 else "long", "params": {"width": width}}
        if status == "complete":
            more["values"] = (
                {} if kind == "none" else {"loss": loss, "cost": 1 - loss} if kind == "two" else {"loss": loss}
            )
        reason = {"complete": "finished", "failed": "crash", "pruned": "pruner", "stopped": "user"}.get(status)
        trials.append(trial(number, status, reason, role=Role.SEARCH, **more))
    return make(home, trials, text)


@pytest.mark.parametrize("seed", range(32))
def test_reasons_and_marks_hold(home, seed):
    view = read_view(_study(home, seed))
    context = PlotContext(view)
    complete = [one for one in view.trials if one.status is TrialStatus.COMPLETE]
    names = [parameter.name for parameter in searched_space(view).parameters]
    assert names
    settings = {"slice": names[:1], "contour": names[:2], "parallel": names}
    for name in TABS.values():
        options = PlotOptions(settings=tuple(settings.get(name, ())), whole_range=True, intervals=False)
        found = draw_request(context, PlotRequest(name, options, 80, 30))
        text = "\n".join("".join(cell.text for cell in line) for line in found.drawing)
        assert "nothing is searched" not in text
        assert not (complete and "no trial is complete" in text)
        assert ("the study has no objective" in text) <= (not view.study.objectives)
        assert ("two parameters are needed" in text) <= (len(names) < 2)
        if name == "slice" and context.ranked:
            _nothing_left_out(context, found.table, names[0])


def _nothing_left_out(context, table, name):
    """Every trial of the stage that has ended is counted: with its value, or without one."""
    stage = context.order[0].stage
    failed = [
        one for one in context.trials if str(one.status) in ("failed", "pruned", "stopped") and one.stage == stage
    ]
    with_setting = [one for one in failed if context.settings(one).get(name) is not None]
    assert sum(int(row[1]) for row in table.rows) == len(context.ranked)
    if failed:
        assert table.headings[-1] == "no value"
        assert sum(int(row[-1]) for row in table.rows) == len(with_setting)
    else:
        assert "no value" not in table.headings


@pytest.mark.parametrize("seed", range(8))
def test_importance_says_what_the_report_says(home, seed):
    sd = _study(home, seed)
    words = what_mattered(read_effects_record(read_view(sd)))
    assert words == mattered(FactWriter(read_report_data(sd))).sentence.replace("`", "")
    assert words


async def test_no_picture_stands_under_the_name_of_another(home, monkeypatch):
    """On a slow machine the next picture takes seconds."""
    drawn = PlotSource.poll
    monkeypatch.setattr(PlotsScreen, "_importance", lambda self, estimate: None)
    async with walking(home, study=_study(home, 4)) as walk:
        await walk.until("trials")
        await walk.press("H")
        await walk.until("with the best so far")
        monkeypatch.setattr(PlotSource, "poll", lambda self, pool: None)
        for tab in list(TABS)[1:]:
            await walk.press("right_square_bracket")
            assert walk.app.screen.tab == tab
            assert "with the best so far" not in walk.text
            assert "drawing…" in walk.text or "working it out" in walk.text
        monkeypatch.setattr(PlotSource, "poll", drawn)
        await walk.press("left_square_bracket")
        await walk.until("Pareto front")
