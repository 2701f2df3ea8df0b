"""The built-in samplers that learn, as they are tried in `test_learning`."""

from dataclasses import dataclass, replace

import pytest

from hptui.core.space import Space
from hptui.core.study import Objective
from hptui.testing.engine_stage import BASE, FULL, NUMBERS, measure
from hptui.testing.searches import LOSS, LOSS_AND_SPEED, drive, make_study


@dataclass(frozen=True)
class Kind:
    """A sampler under test. `slow`: it takes a good part of a second for an ask."""

    sampler: str
    objectives: tuple[Objective, ...] = LOSS
    space: Space = FULL
    slow: bool = False

    def study(self, searched=None, **more):
        searched = self.space if searched is None else searched
        return make_study(searched, self.sampler, **{"objectives": self.objectives, "base": BASE, **more})

    def history(self, count):
        """Trials of the sampler itself, or of random search where that would take long."""
        return drive(with_sampler(self.study(), "random" if self.slow else self.sampler), count, measure)

    def some(self, many, few):
        """How often something is done."""
        return few if self.slow else many


KINDS = {
    "grid": Kind("grid"),
    "random": Kind("random"),
    "qmc": Kind("qmc"),
    "tpe": Kind("tpe"),
    "tpe-multi": Kind("tpe", LOSS_AND_SPEED),
    "cmaes": Kind("cmaes", space=NUMBERS),
    "nsga2": Kind("nsga2"),
    "nsga2-multi": Kind("nsga2", LOSS_AND_SPEED),
    "gp": Kind("gp", slow=True),
    "gp-multi": Kind("gp", LOSS_AND_SPEED, slow=True),
    "ax": Kind("ax", slow=True),
    "ax-multi": Kind("ax", LOSS_AND_SPEED, slow=True),
}
SLOW = [name for name, kind in KINDS.items() if kind.slow]
MULTI = [name for name, kind in KINDS.items() if len(kind.objectives) > 1]
SLOW_MULTI = [name for name in MULTI if name in SLOW]


def kinds(*names, slow=()):
    """These kinds; those in `slow` have their turn with `-m slow`."""
    return [
        pytest.param(KINDS[name], marks=[*_torch(name), *([pytest.mark.slow] if name in slow else [])], id=name)
        for name in names or KINDS
    ]


def _torch(name):
    return [pytest.mark.torch] if KINDS[name].slow else []


def with_sampler(study, sampler):
    return replace(study, search=replace(study.search, sampler=sampler))
