"""The engine protocol, and how a study's engine is chosen (`sampler = "auto"`) and made.

An engine is a function of history: it is rebuilt from the recorded trials before every ask, and draws its random
numbers from the study's seed and the number of the trial. So a study that was killed and resumed proposes what the
uninterrupted one would have, and its space can be edited while it runs. Values that an engine imputes never leave
it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, UserError
from hptui.core.study import Study
from hptui.core.trial import Rejection, Trial, Value
from hptui.search.projection import SpaceProjection


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration to run: feasible, settled (the overrides of a trial), unlike any trial before it.

    `rejections` are proposals of the engine that must not be run. The caller stores them with the trial, because the
    next ask learns from them again. `engine` is the name of the engine, with its version.
    """

    params: dict[str, Value]
    rejections: tuple[Rejection, ...] = ()
    engine: str = ""


class Engine(Protocol):
    """Proposes trials. Equal seed, number and history give equal proposals, whatever was asked before."""

    @property
    def name(self) -> str:
        """The library and sampler that propose, with their version: `optuna 5.0.0 tpe`."""
        ...

    def sync(self, trials: Sequence[Trial]) -> None:
        """Replace the known history by `trials`."""
        ...

    def ask(self, number: int) -> Proposal | None:
        """Return the configuration that trial `number` should run.

        None when no new feasible configuration is left, or none could be found.
        """
        ...


def seed_for(seed: int, number: int, k: int = 0) -> int:
    """Return the seed of the `k`-th draw for trial `number`.

    It is a hash, so that neighbouring numbers have unrelated seeds.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}/{k}".encode()).digest()[:4], "big")


def make_engine(study: Study, base: Mapping[str, Value] | None = None) -> Engine:
    """Return the engine that `[search] sampler` names.

    `base` is `[trainer]` with the trainer's defaults filled in. Raises: StudyError for an unknown sampler.
    """
    settings = study.trainer.settings if base is None else base
    sampler = choose_sampler(study, settings).sampler
    try:
        make = plugins.load("samplers", sampler, "engine", study.directory)
    except UserError as error:
        raise StudyError(error.message, where="search.sampler", value=sampler, hint=error.hint) from None
    engine: Engine = make(study, settings)
    return engine


MAX_GP_TRIALS = 250
"""Trials beyond which a Gaussian process is slow and no better than TPE."""

ASSUMED_TRIALS = 30
"""Number of trials assumed for a study without a limit, to decide whether a grid can be completed."""

MAX_ENUMERATED_POINTS = 50_000
"""Largest product of values that is enumerated to count feasible points: half a second."""


@dataclass(frozen=True, slots=True)
class SamplerChoice:
    """A sampler of `[search]`, never `auto`, and the reason for it."""

    sampler: str
    why: str


def choose_sampler(study: Study, base: Mapping[str, Value]) -> SamplerChoice:
    """Return the sampler that the study names or, with `auto`, the one that fits it best."""
    search, space = study.search, study.space
    if search.sampler != "auto":
        return SamplerChoice(search.sampler, "the study names it")
    projection, several = SpaceProjection(space, base), len(study.objectives) > 1
    points = projection.feasible_configurations(MAX_ENUMERATED_POINTS, search.trials or ASSUMED_TRIALS)
    if points is not None:
        return SamplerChoice("grid", f"there are only {len(points)} configurations, so all of them are tried")
    if projection.conditional:
        return SamplerChoice(
            "tpe", "some parameters are there only beside certain values of others, which TPE handles best"
        )
    if (search.trials or 0) > MAX_GP_TRIALS:
        return SamplerChoice("tpe", f"over {MAX_GP_TRIALS} trials a Gaussian process becomes slow, and TPE is as good")
    if several and search.outcome and find_spec("ax"):
        return SamplerChoice("ax", "several objectives under conditions on the outcome are what Ax models best")
    return SamplerChoice(
        "gp", "a Gaussian process found the best settings in the fewest trials where this was measured"
    )
