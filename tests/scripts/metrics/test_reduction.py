"""Several processes, one value: which value counts under each rule, whatever order their lines come in."""

from __future__ import annotations

import itertools
import math
import random
from statistics import fmean

import pytest

from hptui.scripts.metrics import reduction as module
from hptui.scripts.metrics.collector import OUTPUT, MetricsSource
from hptui.scripts.metrics.pairs import MetricsReading
from hptui.scripts.metrics.reduction import RankReduction

STEPS = range(1, 5)


def interleaved(world: int, seed: int, metric: str = "loss") -> list[tuple[MetricsSource, MetricsReading]]:
    """What each process prints, in its own order, woven into one output."""
    draw = random.Random(seed)
    queues = [
        [(MetricsSource(OUTPUT, "output", rank), MetricsReading({metric: 10 * rank + step}, step)) for step in STEPS]
        for rank in range(world)
    ]
    woven = []
    while any(queues):
        woven.append(draw.choice([queue for queue in queues if queue]).pop(0))
    return woven


def recorded(reduction: RankReduction, found: list[tuple[MetricsSource, MetricsReading]]) -> dict[str, dict[int, list]]:
    values: dict[str, dict[int, list]] = {}
    taken = [*itertools.chain.from_iterable(reduction.take(*one) for one in found), *reduction.finish()]
    for _, reading in taken:
        for name, value in reading.metrics.items():
            values.setdefault(name, {}).setdefault(reading.step or 0, []).append(value)
    return values


@pytest.mark.parametrize(("world", "seed"), list(itertools.product((2, 3, 5), range(4))))
def test_each_step_has_one_value_of_all_processes(world: int, seed: int) -> None:
    for rule, expected in (("mean", fmean), ("max", max)):
        values = recorded(RankReduction(rule, world), interleaved(world, seed))
        assert values == {"loss": {step: [expected([10.0 * r + step for r in range(world)])] for step in STEPS}}
    values = recorded(RankReduction("all", world), interleaved(world, seed))
    names = ["loss", *(f"loss/rank{rank}" for rank in range(1, world))]
    assert values == {name: {step: [10 * r + step] for step in STEPS} for r, name in enumerate(names)}


@pytest.mark.parametrize("seed", range(4))
def test_values_that_repeat_at_a_step_are_paired_in_their_order(seed: int) -> None:
    found = [(source, MetricsReading(reading.metrics, 7)) for source, reading in interleaved(2, seed)]
    assert recorded(RankReduction("mean", 2), found) == {"loss": {7: [5.0 + step for step in STEPS]}}


def test_a_part_has_no_mean_and_that_is_said() -> None:
    found = [one for one in interleaved(2, 1) if one[0].rank == 0 or one[1].step == 1]
    reduction = RankReduction("mean", 2)
    assert recorded(reduction, found) == {"loss": {1: [6.0]}}
    assert reduction.warning() == 'ranks = "mean": values that not all 2 ranks report: 3 of loss'


def test_what_one_process_alone_reports_is_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [one for one in interleaved(2, 0, "val_loss") if one[0].rank == 0]
    reduction = RankReduction("max", 2)
    assert recorded(reduction, alone) == {"val_loss": {step: [step] for step in STEPS}}
    assert not reduction.warning()
    monkeypatch.setattr(module, "LATE_S", -1.0)
    reduction = RankReduction("max", 2)
    live = list(itertools.chain.from_iterable(reduction.take(*one) for one in alone))
    assert [reading.step for _, reading in live] == list(STEPS), "it does not wait for the end of a long training"


def test_a_diverged_process_is_not_hidden_by_the_others() -> None:
    for order in itertools.permutations([math.nan, 1.0, 2.0]):
        found = [
            (MetricsSource(OUTPUT, "output", rank), MetricsReading({"loss": value}, 1))
            for rank, value in enumerate(order)
        ]
        for rule in ("mean", "max"):
            [value] = recorded(RankReduction(rule, 3), found)["loss"][1]
            assert math.isnan(value)


def test_untagged_output_and_the_usual_rule_pass_as_they_are() -> None:
    untagged = MetricsSource(OUTPUT, "output"), MetricsReading({"loss": 1.0}, 1)
    assert list(RankReduction("mean", 2).take(*untagged)) == [untagged]
    assert [source.rank for source, _ in interleaved(2, 3)] == [
        source.rank for one in interleaved(2, 3) for source, _ in RankReduction("first", 2).take(*one)
    ]
