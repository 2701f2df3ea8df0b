"""Pairs of whole numbers behind values: counts of a share are kept, counters of anything else are not."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path

import pytest

from hptui.core.format import Proportion, recorded_counts
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import canonical_name
from hptui.trainers.context import TrialContext
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)
NAMES = ("acc", "accuracy", "val_acc", "Test Accuracy", "exact_match", "top1", "pass@1", "error rate")
PAIRS = ("({k}/{n})", "( {k} / {n} )", "({k} of {n})", "({k} out of {n})")
LINES = (
    "{name}: {value}{sign} {pair}",
    "epoch 3 | {name} = {value}{sign} {pair} | lr 0.1",
    "loss: 0.3, {name}: {value}{sign}{pair}",
)


def values(lines: list[str], name: str) -> list[float]:
    reader = LineReader([name])
    readings = [reading for line in lines for reading in reader.read_all(line)]
    return [
        value for reading in readings for key, value in reading.metrics.items() if key in (name, canonical_name(name))
    ]


def counts_of(value: float) -> tuple[int, int] | None:
    return (value.k, value.n) if isinstance(value, Proportion) else None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("digits", [1, 2, 3, 4])
@pytest.mark.parametrize("percent", [False, True])
def test_counts_that_agree_with_a_share_as_it_is_printed_are_kept(name: str, digits: int, percent: bool) -> None:
    die = random.Random(f"{name} {digits} {percent}")
    for _ in range(20):
        n = die.randint(60, 3000)
        k = die.randint(4, n - 2)  # 3 is the epoch
        scale = 100 if percent else 1
        value = f"{scale * k / n:.{digits}f}"
        line = die.choice(LINES).format(
            name=name, value=value, sign="%" if percent else "", pair=die.choice(PAIRS).format(k=k, n=n)
        )
        [found] = values([line], name)
        assert counts_of(found) == (k, n), line
        assert found == pytest.approx(scale * k / n)


@pytest.mark.parametrize("name", [*NAMES, "loss", "val_loss", "lr"])
@pytest.mark.parametrize("seed", range(10))
def test_a_counter_behind_a_value_is_never_counts(name: str, seed: int) -> None:
    """However often the value agrees with it by chance, none is left when the output ends."""
    die = random.Random(f"{name} {seed}")
    n, first = die.choice([2, 3, 5, 10, 20, 50]), die.choice([0, 1])
    digits = die.choice([1, 2])
    numbers = range(first, n + first)
    shown = [die.choice([k / n, die.random()]) for k in numbers]
    lines = [f"{name}: {value:.{digits}f} ({k}/{n})" for k, value in zip(numbers, shown, strict=True)]
    assert counts_of(values(lines, name)[-1]) is None
    with_epochs = [f"Epoch {k}/{n} {line}" for k, line in zip(numbers, lines, strict=True)]
    assert not any(map(counts_of, values(with_epochs, name)))


@pytest.mark.parametrize("seed", range(20))
def test_a_pair_that_does_not_agree_is_no_count_and_the_value_stays(seed: int) -> None:
    die = random.Random(seed)
    n = die.randint(60, 2000)
    k, value = die.randint(0, n), round(die.random(), 3)
    if abs(value - k / n) <= 0.0005 or abs(value - 100 * k / n) <= 0.0005:
        k = (k + n // 2) % n
    assert values([f"acc: {value:.3f} ({k}/{n})"], "acc") == [value]
    assert counts_of(values([f"acc: {value:.3f} ({k}/{n})"], "acc")[0]) is None


def test_a_loss_that_equals_a_pair_has_no_counts() -> None:
    for line in ("loss: 0.50 (1/2)", "val loss 0.5 (50/100)", "loss: 1/2", "loss: 50% (1/2)"):
        assert [counts_of(value) for value in LineReader(["loss"]).read_all(line)[0].metrics.values()] == [None]


@pytest.mark.parametrize("seed", range(12))
def test_counts_are_those_of_the_last_value_or_none(tmp_path: Path, seed: int) -> None:
    """As recorded: a later value without counts has none, and one with counts has its own."""
    die = random.Random(seed)
    with open_store(tmp_path) as store:
        script = Script(tmp_path, store, next(NEXT), "acc")
        last = None
        for _attempt in range(die.choice([1, 2])):
            script.begin()
            for step in range(1, die.randint(2, 5)):
                n = die.choice([200, 300])
                k = 7 * step + die.randint(1, 100)
                last = die.choice([(k, n), None])
                pair = f" ({k}/{n})" if last else ""
                script.say(f"step {step + 10 * script.attempt} acc {k / n:.6f}{pair}\n".encode())
            script.end()
        assert recorded_counts(store.read.trial(script.number).metrics, "acc") == last


def test_counts_go_with_the_values_that_a_better_source_replaces(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        script = Script(tmp_path, store, next(NEXT), "acc")
        script.begin()
        trial: TrialContext = script.trial
        trial.report(1, {"acc": Proportion(3, 200)})
        trial.retract("acc")
        trial.report(1, {"acc": 0.5})
        script.end()
        assert not [name for name in store.read.trial(script.number).metrics if name.startswith("acc:")]
