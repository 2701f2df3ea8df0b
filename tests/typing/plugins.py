"""A plug-in as a type checker sees it. `test_api` has mypy check it: each type is the one that authors see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_type

from hptui import plugins
from hptui.plugins import Key, Proposal, SamplerSpec, SpaceProjection, Study, Trial, TrialContext

SPEC = SamplerSpec("mine", "One of mine.", engine="mine:Engine", keys=(Key("scale", plugins.NUMBER, default=1.0),))


class Engine:
    name = "mine 1.0"

    def __init__(self, study: Study, base: Mapping[str, Any]) -> None:
        self.space, self.trials = SpaceProjection(study.space, base), list[Trial]()

    def sync(self, trials: Sequence[Trial]) -> None:
        self.trials = list(trials)

    def ask(self, number: int) -> Proposal | None:
        params = self.space.first_feasible([[0.5] * len(self.space.parameters)], known=self.trials)
        return None if params is None else Proposal(params, engine=self.name)


def make(study: Study) -> plugins.Engine:
    return Engine(study, {})


def train(settings: Mapping[str, Any], trial: TrialContext) -> Mapping[str, float]:
    assert_type(trial.should_stop, bool)
    return {"loss": 1.0}


def read() -> None:
    assert_type(plugins.spec("samplers", "tpe"), SamplerSpec)
    assert_type(plugins.spec("trainers", "toy").evaluates_base, bool)
    assert_type(plugins.names("samplers", installed=True), tuple[str, ...])


def mistakes() -> None:
    plugins.Proposals()  # type: ignore[attr-defined]
    plugins.names("sampler")  # type: ignore[arg-type]
    SamplerSpec("mine")  # type: ignore[call-arg]
