"""What every pruner promises, as a test suite, over curves that never meet at the same step.

class TestMine(PrunerContract):
    pruner = "acme_hptui:PRUNER"
    values = {"quantile": 0.3}
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hptui import plugins
from hptui.core.study import Objective, PrunerSettings
from hptui.search.pruners import ProgressCurve, Pruner, Verdict, pruner_for
from hptui.studyfile import from_json, to_json
from hptui.studyfile.read import study_from_document

__all__ = ["PrunerContract"]

LOSS = Objective("loss")

Curves = Mapping[int, ProgressCurve]


def curve(last: float, count: int, until: float = 1.0) -> ProgressCurve:
    """Return a loss that falls quickly from 4 to `last` in `count` reports, and then stays there."""
    progress = [step / count for step in range(1, count + 1) if step / count <= until]
    return ProgressCurve(tuple(progress), tuple(max(last, 4 - 20 * p * (4 - last) / 4) for p in progress))


def mirrored(original: ProgressCurve) -> ProgressCurve:
    """Return the curve with its values negated."""
    return ProgressCurve(original.progress, tuple(-value for value in original.values))


def cut(original: ProgressCurve, share: float) -> ProgressCurve:
    """Return the curve up to a share of its training."""
    count = sum(progress <= share for progress in original.progress)
    return ProgressCurve(original.progress[:count], original.values[:count])


PEERS = {number: curve(1 + number / 20, (7, 9, 13, 16, 29)[number % 5]) for number in range(20)}
"""Finished trials."""
BAD = curve(3.5, 11, until=0.75)
"""A trial that is worse than all of them."""
GOOD = curve(0.5, 11, until=0.75)
"""A trial that is better than all of them."""


class PrunerContract:
    """The suite. A subclass names the kind of pruner, built in, installed or `"module:Object"`.

    `values` are its own settings, as a study file has them, and `values_for_maximum` those with which it does the same
    where the objective is maximized and all values are negated. `spares_leader`: it never prunes the best trial.
    `skips_missing`: points that are not finite are passed over.
    """

    pruner = ""
    values: Mapping[str, Any] = {}
    values_for_maximum: Mapping[str, Any] | None = None
    spares_leader = True
    skips_missing = True

    def settings(self, values: Mapping[str, Any] | None = None, **common: Any) -> PrunerSettings:
        """Return the pruner's settings as a study file with these values has them."""
        table = {"kind": self.pruner, **(self.values if values is None else values), **common}
        document: dict[str, Any] = {"name": "test", "objective": {"metric": "loss"}, "trainer": {"kind": "toy"}}
        document |= {"space": {"x": "0..1"}, "search": {"pruner": table}}
        study = study_from_document(document, "", "", checked=True)
        assert from_json(to_json(study)) == study, "what is stored is what was written"
        return study.search.pruner

    def make(self, settings: PrunerSettings | None = None, objective: Objective = LOSS) -> Pruner:
        """Return the pruner over an objective."""
        pruner = pruner_for(settings or self.settings(), objective)
        assert pruner is not None
        return pruner

    def judge(self, own: ProgressCurve, peers: Curves = PEERS, pruner: Pruner | None = None) -> Verdict:
        """Return the verdict on trial 99, which has this curve."""
        return (pruner or self.make()).verdict(99, {**peers, 99: own}, peers.keys())

    def test_a_bad_trial_is_pruned_and_the_reason_has_its_numbers(self) -> None:
        """Check that the reason names the metric, the value and the progress."""
        verdict = self.judge(BAD)
        assert verdict.prune
        assert verdict.why.startswith("loss ")
        assert " %" in verdict.why
        assert "3.5" in verdict.why
        assert verdict == self.judge(BAD), "the same question has the same answer"

    def test_a_good_trial_goes_on(self) -> None:
        """Check a trial that is better than all others."""
        assert not self.judge(GOOD).prune

    def test_a_trial_without_a_curve_goes_on(self) -> None:
        """Check a trial that has reported nothing."""
        assert not self.judge(ProgressCurve((), ())).prune
        assert not self.make().verdict(99, PEERS, PEERS.keys()).prune

    def test_nothing_is_pruned_before_the_warm_up(self) -> None:
        """Check that `warmup` is a share of the training."""
        assert not self.judge(BAD, pruner=self.make(self.settings(warmup=0.8))).prune

    def test_the_leader_goes_on_unless_a_bound_is_broken(self) -> None:
        """Check a bad trial that is better than all others."""
        worse = {number: curve(3.8, 11) for number in range(20)}
        assert self.judge(BAD, worse).prune != self.spares_leader

    def test_the_first_trials_go_on_where_others_are_needed(self) -> None:
        """Check that `startup` is the number of trials that are needed for a comparison."""
        few = {number: PEERS[number] for number in range(4)}
        spec = plugins.spec("pruners", self.pruner)
        needs_others = spec.compares or (spec.wraps and self.settings().values["wraps"] != "none")
        assert self.judge(BAD, few).prune != needs_others

    def test_a_goal_to_maximize_is_mirrored(self) -> None:
        """Check negated values with the opposite goal."""
        pruner = self.make(self.settings(self.values_for_maximum), Objective("loss", "maximize"))
        peers = {number: mirrored(peer) for number, peer in PEERS.items()}
        assert self.judge(mirrored(BAD), peers, pruner).prune
        assert not self.judge(mirrored(GOOD), peers, pruner).prune

    def test_points_out_of_order_and_without_a_number_change_nothing(self) -> None:
        """Check a shuffled curve, and one with holes."""
        pairs = list(zip(BAD.progress, BAD.values, strict=True))
        random.Random(0).shuffle(pairs)
        mixed = ProgressCurve(tuple(p for p, _ in pairs), tuple(v for _, v in pairs))
        assert self.judge(mixed) == self.judge(BAD)
        if self.skips_missing:
            holes = ProgressCurve((*mixed.progress, 0.5, 0.74), (*mixed.values, float("nan"), float("-inf")))
            assert self.judge(holes) == self.judge(BAD)

    def test_however_often_it_is_asked_the_reports_decide(self) -> None:
        """Check that a verdict rests on the curve: the runner may read several reports at once."""
        first = next((progress for progress in BAD.progress if self.judge(cut(BAD, progress)).prune), None)
        assert first is not None
        assert all(self.judge(cut(BAD, progress)).prune for progress in BAD.progress if progress >= first)

    def test_curves_are_not_altered(self) -> None:
        """Check that what it is given is only read."""
        before = repr((PEERS, BAD))
        self.judge(replace(BAD))
        assert repr((PEERS, BAD)) == before
