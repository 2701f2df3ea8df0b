"""The spaces and histories on which samplers are tested, and what a tested sampler says about itself."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hptui.core.expressions import parse
from hptui.core.parameters import Choice, Float, Int
from hptui.core.space import Space
from hptui.core.study import Objective, Study
from hptui.core.trial import Reason, Rejection, Trial, TrialStatus, Value
from hptui.search.engine import Proposal
from hptui.search.projection import DUPLICATE_REASON
from hptui.testing.searches import LOSS, drive, make_space, make_study, make_trial

LR = Choice("lr", (1e-5, 1e-4, 1e-3, 1e-2))
RANK = Choice("rank", (8, 16, 32, 64))
BATCH = Int("batch", 1, 4)
OPTIMIZER = Choice("optimizer", ("adam", "sgd"))
MOMENTUM = Float("momentum", 0.0, 0.9, step=0.3, when=parse("optimizer == 'sgd'"))

FULL = make_space([LR, RANK, BATCH, OPTIMIZER, MOMENTUM], "rank * batch <= 64", derived={"alpha": "2 * rank"})
"""A space with choices, a condition, a constraint and a derived value."""
NUMBERS = make_space(
    [LR, RANK, BATCH, replace(MOMENTUM, when=None)], "rank * batch <= 64", derived={"alpha": "2 * rank"}
)
"""The same without unordered choices and conditions."""
BASE: Mapping[str, Value] = {
    "lr": 1e-3,
    "rank": 16,
    "batch": 1,
    "optimizer": "adam",
    "momentum": 0.0,
    "alpha": 16,
    "epochs": 3,
}

CHANGES = {
    "narrowed": make_space([Choice("lr", (1e-3, 1e-2)), RANK, BATCH], "rank * batch <= 64"),
    "widened": make_space([Choice("lr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)), RANK, Int("batch", 1, 16)]),
    "other steps": make_space([Choice("lr", (3e-4, 1e-3)), Int("rank", 8, 64, step=8), BATCH]),
    "another kind": make_space([LR, Choice("rank", (8, 16, 32, 64), ordered=False), Choice("batch", (1, 2, 4, 8))]),
    "added": make_space([LR, RANK, BATCH, Choice("epochs", (1, 3, 10))]),
    "added, its baseline outside": make_space([LR, RANK, BATCH, Choice("epochs", (10, 30))]),
    "removed": make_space([LR, BATCH]),
    "conditional now": make_space([LR, BATCH, Choice("rank", (8, 16, 32), when=parse("batch >= 2"))]),
    "a tighter constraint": make_space([LR, RANK, BATCH], "rank * batch <= 16", "lr * rank < 0.1"),
    "another formula": make_space([LR, RANK, BATCH], derived={"alpha": "4 * rank"}),
    "nothing in common": make_space([Choice("dropout", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5))]),
}
"""What a space may have become while a study ran."""
NARROW = {
    "one in 3600": make_space([Int("a", 1, 60), Int("b", 1, 60)], "a * b == 3481"),
    "one in 1800, with others": make_space([Int("a", 1, 60), Int("b", 1, 60), Int("c", 1, 10)], "a * b == 3540"),
    "none in 3600": make_space([Int("a", 1, 60), Int("b", 1, 60)], "a * b == 3541"),
}
"""Spaces of which next to nothing is feasible."""
SCARCE = make_space(
    [Int("width", 16, 1024), Int("batch", 1, 64), Float("lr", 1e-5, 1e-1, log=True)], "width * batch <= 640"
)
"""About 3 in 100 are feasible."""
ODD_VALUES = [math.nan, math.inf, -math.inf, 0.0, 1e308]


def measure(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the values of a trial with these settings."""
    loss = (math.log10(settings["lr"]) + 3) ** 2 + abs(settings["rank"] - 32) / 20 + settings.get("momentum", 0.0)
    return {"loss": loss, "speed": settings["batch"] / settings["rank"]}


def measure_scarce(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the values of a trial of the space `SCARCE`."""
    return {"loss": abs(math.log2(settings["width"]) - 7) + (math.log10(settings["lr"]) + 3) ** 2, "speed": 1.0}


def measure_over_base(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the values of a trial that changes these settings of the baseline."""
    return measure({**BASE, **settings})


def check_fits(space: Space, proposal: Proposal | None) -> None:
    """Check that a proposal is feasible, settled, and holds nothing but values of the space."""
    assert proposal is not None
    params = proposal.params
    assert space.settle(BASE, params) == params
    assert space.contains(params)
    assert space.margin(BASE, params) <= 0
    assert all(math.isfinite(value) for value in params.values() if isinstance(value, float))


def odd_history(space: Space) -> Iterator[Trial]:
    """Yield a trial of every status and reason, with values of every kind."""
    rng = random.Random(3)
    rejections = (
        Rejection({"rank": 64, "batch": 4, "lr": 1e-4, "optimizer": "adam"}, "rank * batch <= 64", 0.7),
        Rejection({"rank": 16, "batch": 1, "lr": 1e-4, "optimizer": "adam"}, DUPLICATE_REASON),
        Rejection({"unknown": 1}, "of a space long ago", 1.0),
    )
    for number, (status, reason) in enumerate((status, reason) for status in TrialStatus for reason in (None, *Reason)):
        values = {"loss": rng.choice(ODD_VALUES), "speed": 1.0} if status is TrialStatus.COMPLETE and reason else {}
        trial = make_trial(
            number,
            space.sample(BASE, rng),
            values,
            status=status,
            reason=reason,
            metrics={"loss": rng.choice([*ODD_VALUES, None])},
            rejections=rejections,
            progress=rng.choice([None, 0.0, 0.4, 0.8]),
            engine="optuna 5.0.0 cmaes",
        )
        yield replace(trial, last_step=rng.choice([None, 0, 17]), ended=rng.choice([None, 5.0, 7.0]))


class EngineStage:
    """A sampler that is tested: built in, installed or `"module:Object"`.

    `settings` are its `[search.sampler_settings]`. `space` is what it can search, and `refused_changes` are the names
    in `CHANGES` of spaces that its check refuses. `continuous`: it can search ranges. An engine that is `slow`, with a
    good part of a second for an ask, has shorter histories.
    """

    sampler = ""
    settings: Mapping[str, Value] = {}
    objectives: tuple[Objective, ...] = LOSS
    space: Space = FULL
    refused_changes: frozenset[str] = frozenset()
    continuous = True
    slow = False

    def study(self, space: Space | None = None, **more: Any) -> Study:
        """Return a study with this sampler."""
        defaults = {"objectives": self.objectives, "base": BASE, "settings": self.settings}
        return make_study(self.space if space is None else space, self.sampler, **{**defaults, **more})

    def history(self, count: int) -> list[Trial]:
        """Return trials of the sampler itself, or of random search where that would take long."""
        study = self.study()
        if self.slow:
            study = replace(study, search=replace(study.search, sampler="random", sampler_settings={}))
        return drive(study, count, measure)

    def some(self, many: int, few: int) -> int:
        """Return how often something is done."""
        return few if self.slow else many
