"""The CSV file of a figure has the trials that the figure shows and its caption counts, with the values it draws."""

import random
import re

import pytest

from hptui.core.trial import Role
from hptui.results.facts import plain_text
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import history
from hptui.results.plots.pairs import contour
from hptui.results.plots.plot import PlotOptions
from tests.results.examples import SEEDED
from tests.results.kit import view_of
from tests.results.seeds import one

STATUSES = ("complete", "complete", "failed", "pruned", "stopped", "running")


def trials_of(seed):
    die, trials = random.Random(seed), []
    for n in range(30):
        status = die.choice(STATUSES)
        params = {"a": round(die.random(), 3), "b": die.randint(1, 16)}
        value = {"val_loss": round(die.random(), 4)} if status == "complete" else None
        stage = die.choice(["coarse", "final"])
        more = {"role": Role.REPLICATE, "replicate_of": 0, "seed": n} if n > 3 and die.random() < 0.2 else {}
        trials.append(one(n, params, value, status=status, stage=stage, **more))
    return trials


@pytest.mark.parametrize("seed", range(20))
def test_the_rows_of_a_figure_are_what_its_caption_counts(seed):
    context = PlotContext(view_of(trials_of(seed), SEEDED))
    pairs, by_trial = contour(context, PlotOptions()), history(context, PlotOptions())
    if pairs is None:
        assert len(context.names) < 2
        return
    for plot in (pairs, by_trial):
        assert {row["trial"] for row in plot.rows} == {point.trial for point in plot.points}
        assert [row["val_loss"] for row in plot.rows] == [context.values.get(row["trial"]) for row in plot.rows]
    told = plain_text(pairs.caption)
    with_value = [row for row in pairs.rows if row["val_loss"] is not None]
    assert int(re.search(r"in (\d+) ranked trials?", told)[1]) == len(with_value)
    for status in ("failed", "pruned"):
        count = sum(row["status"] == status for row in pairs.rows)
        said = re.search(rf"(\d+) {status}", told)
        assert (int(said[1]) if said else 0) == count
