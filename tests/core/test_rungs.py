"""Who is promoted from a rung: on generated rungs, held against the rule in words."""

from __future__ import annotations

import random
from collections.abc import Iterator

from scipy.stats import spearmanr  # type: ignore[import-untyped]

from hptui.core.rungs import RungResult, latest, place_text, promotable, rank_correlation, ranked, summaries
from hptui.core.study import Objective

GOALS = (Objective("loss"), Objective("acc", "maximize"))


def generated() -> Iterator[tuple[list[RungResult], set[int], Objective, int, int]]:
    """Rungs of a search under way: (results, trials that are paused, objective, eta, startup)."""
    for seed in range(300):
        draw = random.Random(seed)
        objective, eta, startup = GOALS[seed % 2], draw.randint(2, 4), draw.randint(0, 6)
        results, paused = [], set()
        for trial in range(draw.randint(0, 30)):
            height = draw.choice((1, 1, 1, 2, 3))
            for rung in range(1, height + 1):
                value = None if draw.random() < 0.1 else round(draw.random(), 1)
                gone = rung < height or draw.random() < 0.2
                by = draw.choice(("rule", "person")) if gone else ""
                results.append(
                    RungResult(trial, rung, 3, trial % 2, 3.0**rung / 27, value, rung, 0.0, 1.0 if gone else None, by)
                )
            if results[-1].promoted is None and draw.random() < 0.8:
                paused.add(trial)
        yield results, paused, objective, eta, startup


def test_one_in_eta_of_a_rung_goes_on_and_the_best_at_the_end() -> None:
    some = 0
    for results, paused, objective, eta, startup in generated():
        for last in (False, True):
            chosen = promotable(results, paused, objective, eta, startup, last=last)
            some += len(chosen)
            assert len(chosen) == len(set(chosen))
            assert set(chosen) <= paused
            highest = latest(results)
            assert [highest[n].rung for n in chosen] == sorted((highest[n].rung for n in chosen), reverse=True)
            for number in paused:
                own = highest[number]
                here = [r for r in results if (r.rung, r.bracket) == (own.rung, own.bracket)]
                sign = 1 if objective.goal == "minimize" else -1
                own_key = (sign * (own.value or 0.0), own.trial)
                keys = [(sign * other.value, other.trial) for other in here if other.value is not None]
                better = sum(key < own_key for key in keys)
                goes_on = better < max(len(here) // eta, int(last)) and (last or len(here) > startup)
                assert (number in chosen) == (goes_on and own.value is not None), (number, last, own)
    assert some > 300


def test_a_place_counts_from_one_and_ties_are_told_apart() -> None:
    for results, _, objective, _, _ in generated():
        for own in results:
            here = [r for r in results if (r.rung, r.bracket) == (own.rung, own.bracket)]
            place = ranked(here, objective).index(own) + 1
            assert place_text(own, results, objective) == f"place {place} of {len(here)}"


def test_rank_correlation_is_spearmans() -> None:
    for seed in range(50):
        draw = random.Random(seed)
        first = [round(draw.random(), 1) for _ in range(draw.randint(3, 20))]
        second = [round(draw.random(), 1) for _ in first]
        if len(set(first)) > 1 and len(set(second)) > 1:
            found = rank_correlation(first, second)
            assert found is not None
            assert abs(found - spearmanr(first, second).statistic) < 1e-12
    assert rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
    assert rank_correlation([1.0, 2.0], [1.0, 2.0]) is None


def test_a_summary_doubts_rungs_that_mislead() -> None:
    results = [RungResult(n, 1, 2, 0, 0.1, float(n), 3, 0.0, 1.0, "rule") for n in range(9)]
    [sound] = summaries(results, GOALS[0], {n: float(n) for n in range(9)})
    [false] = summaries(results, GOALS[0], {n: float(-n) for n in range(9)})
    [few] = summaries(results, GOALS[0], {n: float(-n) for n in range(7)})
    assert (sound.correlation, sound.misleads, false.misleads, few.misleads) == (1.0, False, True, False)
    assert (sound.best, sound.median, sound.promoted, sound.completed) == (0.0, 4.0, 9, 9)
