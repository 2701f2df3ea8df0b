"""What an engine is, and how one is made for a study.

An engine is a function of history: it is rebuilt from the recorded trials before every ask, and draws its random
numbers from the study's seed and the number of the trial. So a study that was killed and resumed proposes what the
uninterrupted one would have, and its space can be edited while it runs. Nothing that an engine imputes ever leaves it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Rejection, Trial, Value
from hptui.storage.studyfile.samplers import SAMPLERS


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration to run: feasible, settled (the overrides of a trial), unlike any trial before it.

    `rejections` are what the engine proposed on the way and was told not to run; the caller stores them with the trial,
    because the next ask hears of them again. `engine` names who proposed, with its version.
    """

    params: dict[str, Value]
    rejections: tuple[Rejection, ...] = ()
    engine: str = ""


class Engine(Protocol):
    """Proposes trials. The same seed, number and history give the same proposal, whatever was asked before."""

    @property
    def name(self) -> str:
        """Who proposes, with its version: `optuna 5.0.0 tpe`."""
        ...

    def sync(self, trials: Sequence[Trial]) -> None:
        """Take `trials` as the whole history, in place of what was known before."""
        ...

    def ask(self, number: int) -> Proposal | None:
        """What trial `number` should run; None when no new feasible configuration is left (or could be found)."""
        ...


def seed_for(seed: int, number: int, k: int = 0) -> int:
    """The seed of the `k`-th draw for trial `number`: a hash, so that neighbouring numbers share nothing."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}/{k}".encode()).digest()[:4], "big")


HOMES = {
    "tpe": "hptui.search.optuna.tpe:TpeEngine",
    "gp": "hptui.search.optuna.gp:GpEngine",
    "cmaes": "hptui.search.optuna.cmaes:CmaesEngine",
    "qmc": "hptui.search.optuna.qmc:QmcEngine",
    "nsga2": "hptui.search.optuna.nsga2:Nsga2Engine",
    "ax": "hptui.search.ax:AxEngine",
    "random": "hptui.search.plain:RandomEngine",
    "grid": "hptui.search.plain:GridEngine",
    "list": "hptui.search.plain:ListEngine",
}
"""Where each sampler's engine is; it is imported when it is asked for, so only those of Optuna load optuna."""


AHEAD = frozenset({"list", "grid", "random", "qmc"})
"""Samplers whose next proposal rests on which trials there are, and not on what becomes of them: it can be had while
they train. What the others proposed then would know less.
"""


def make_engine(study: Study, base: Mapping[str, Value] | None = None) -> Engine:
    """The engine that `[search] sampler` names. `base` is `[trainer]` with the trainer's defaults filled in."""
    from hptui.search.auto import resolve

    settings = study.trainer.settings if base is None else base
    named = study.search.sampler
    home = HOMES.get(resolve(study, settings).sampler)
    if home is None:
        raise StudyError(
            "there is no such sampler", where="search.sampler", value=named, hint=did_you_mean(named, SAMPLERS)
        )
    module, _, name = home.partition(":")
    engine: Engine = getattr(import_module(module), name)(study, settings)
    return engine
