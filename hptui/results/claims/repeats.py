"""How sure the best is: W1–W3 it was chosen, R1 not told apart, R2 told apart, R3 one run's rate, FR fresh runs, FB
another one leads, S1 the seed changes nothing, SU whether it is better than the baseline, AB against the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from hptui.core.stages import stage_named
from hptui.core.trial import Trial
from hptui.results.analysis.cohort import objective_value
from hptui.results.analysis.comparable import comparable
from hptui.results.analysis.fresh import Fresh, expected_best, fresh_difference
from hptui.results.analysis.range_test import RangeTest
from hptui.results.analysis.reference import metric_change
from hptui.results.analysis.significance import Interval, rate_counts, wilson_interval
from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, capitalize_first, join_parts, line

MAX_NAMED = 12
"""A longer list of trials is told by its number."""


def fresh_runs(facts: FactWriter, trial: Trial) -> Fresh | None:
    """Return the runs of a trial that had no part in choosing it: the numbers to show wherever its value stands."""
    return facts.data.fresh(trial)


def fresh_text(facts: FactWriter, fresh: Fresh) -> Line:
    """Return `mean of 3 fresh runs 0.571 (0.560 to 0.582)`; the value alone of a single one."""
    metric, key = facts.data.metric, f"fresh.{fresh.trial.number}"
    if len(fresh.runs) == 1:
        return line("one fresh run {value}", value=(facts.value(fresh.runs[0], metric),))
    text = line(
        "mean of {n} fresh runs {mean}",
        n=facts.count(f"{key}.n", fresh.runs),
        mean=facts.of_metric(f"{key}.mean", metric, fresh.mean, fresh.runs, f"values.{metric}"),
    )
    if fresh.interval is not None:
        text += line(" ({interval})", interval=facts.interval(f"{key}.interval", metric, fresh.interval, fresh.runs))
    return text


def best_claims(facts: FactWriter) -> list[Claim]:
    """Return how sure the value and the place of the best trial are."""
    best = facts.data.best
    if best is None:
        return []
    return [
        *_own_value(facts, best),
        *_fresh(facts, best),
        *_leader(facts, best),
        *_range(facts),
        *seed_claims(facts),
    ]


def _own_value(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    """Yield that the best was chosen for its value, or the interval of a single trial that was not."""
    metric, order = facts.data.metric, facts.data.order
    counted = rate_counts(facts.view, best, metric)
    if len(order) == 1:
        if counted is not None:
            yield _one_rate(facts, best, counted)
        elif facts.data.fresh(best) is None and best.number not in facts.data.dead:
            yield Claim("R3", ("It ran once, so its value has no interval.",), {"runs": 1}, "", (best.number,))
        return
    if facts.data.fresh(best) is not None:
        return
    stage = stage_named(facts.study, best.stage)
    text: Line = line(
        "It is the mean of {runs} runs and the best of {n}"
        if stage is not None and stage.seeds > 1
        else "It ran once and is the best of {n}",
        runs=facts.of_value("best.seeds", 0 if stage is None else stage.seeds, [best]),
        n=facts.count("best.of", order),
    )
    text += (": its value is likely to look better than it is.",)
    yield Claim("W1", text, {"trials": len(order)}, metric, tuple(trial.number for trial in order))
    yield from _by_how_much(facts, order)


def _one_rate(facts: FactWriter, trial: Trial, counted: tuple[int, int]) -> Claim:
    interval = wilson_interval(*counted)
    text = line(
        "{metric} counts {k} of {n}: the {confidence} interval of this run, over questions, is {interval}.",
        metric=(facts.name(facts.data.metric),),
        k=facts.of_value("best.k", counted[0], [trial]),
        n=facts.of_value("best.n", counted[1], [trial]),
        confidence=facts.confidence(),
        interval=facts.interval("best.interval", facts.data.metric, interval, [trial]),
    )
    return Claim("R3", text, {"k": counted[0], "n": counted[1]}, facts.data.metric, (trial.number,))


def _by_how_much(facts: FactWriter, order: Sequence[Trial]) -> Iterator[Claim]:
    """Yield how far above its own mean the best of as many equal ones would be."""
    metric, count = facts.data.metric, len(order)
    numbers = tuple(trial.number for trial in order)
    side = "below" if facts.study.objective.goal == "minimize" else "above"
    counts = [pair for trial in order if (pair := rate_counts(facts.view, trial, metric)) is not None]
    if len(counts) == count and len({n for _, n in counts}) == 1:
        n = counts[0][1]
        rate = median(k / total for k, total in counts)
        points = 100 * expected_best(count) * math.sqrt(rate * (1 - rate) / n)
        text = line(
            "The best of {n} equal ones would be about {points} points {side} their common rate.",
            n=facts.count("best.of", order),
            points=facts.of_value("best.luck", float(f"{points:.1g}" if points < 1 else f"{points:.0f}"), order),
            side=side,
        )
        yield Claim("W2", text, {"points": points, "rate": rate, "questions": n}, metric, numbers)
        return
    noise = facts.data.noise
    if noise is not None:
        luck = float(f"{expected_best(count) * noise.deviation:.2g}")
        size = facts.difference("best.luck", metric, luck, order)
        text = line(
            "Runs with other seeds differ by a standard deviation of {s}: the best of {n} equal ones would be about "
            "{luck} {side} their mean.",
            s=facts.difference("noise.deviation", metric, float(f"{noise.deviation:.2g}"), noise.trials),
            n=facts.count("best.of", order),
            luck=size,
            side=side,
        )
        yield Claim("W3", _unsigned(text), {"deviation": noise.deviation, "df": noise.df}, metric, numbers)


def _unsigned(parts: Line) -> Line:
    return tuple(
        Fact(p.key, p.value, p.text.lstrip("+"), p.trials, p.field) if isinstance(p, Fact) else p for p in parts
    )


def _fresh(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    fresh, metric = facts.data.fresh(best), facts.data.metric
    if fresh is None:
        return
    text = line(
        "{fresh}, which had no part in choosing it; the run that was ranked has {value}.",
        fresh=capitalize_first(fresh_text(facts, fresh)),
        value=(facts.value(facts.originals[best.number], metric),),
    )
    if len(fresh.runs) < 3:
        text += (" Three are needed for an interval that says something.",)
    premise = {"runs": len(fresh.runs), "mean": fresh.mean}
    yield Claim("FR", text, premise, metric, tuple(run.number for run in (best, *fresh.runs)))


def _leader(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    """Yield that another trial's fresh runs are better on average than those of the best."""
    own = facts.data.fresh(best)
    leader = facts.data.fresh_leader
    if own is None or leader is None or leader.trial.number == best.number:
        return
    text = line(
        "By fresh runs {other} leads: {value}.",
        other=facts.trial(leader.trial),
        value=fresh_text(facts, leader),
    )
    yield Claim("FB", text, {"mean": leader.mean, "best": own.mean}, facts.data.metric, (leader.trial.number,))


HOW_TEXTS = {
    "counts": "Tukey's range of rates",
    "seeds": "Tukey's range, noise between seeds",
    "questions": "bootstrap over the same questions",
}
"""What told trials apart."""


def _range(facts: FactWriter) -> Iterator[Claim]:
    """Yield which trials are told apart from the best, and which are not."""
    test = facts.data.range_test
    if test is None:
        if len(facts.data.order) > 1 and len(facts.study.objectives) == 1:
            yield Claim("R1", ("How large a difference is noise is not known: nothing was repeated.",), {})
        return
    how, others = HOW_TEXTS[test.how], test.others
    premise = {"how": test.how, "worse": [t.number for t in test.worse], "compared": len(others) + 1}
    numbers = tuple(trial.number for trial in (test.best, *others))
    if not test.worse:
        text = line(
            "It cannot be told apart from {others} ({how}).",
            others=facts.trial(others[0])
            if len(others) == 1
            else line("any of the {n} others", n=facts.count("alike.others", others)),
            how=how,
        )
        yield Claim("R1", text, premise, facts.data.metric, numbers)
    elif test.alike:
        text = line(
            "It cannot be told apart from {same}; {worse} (of {n} compared with it; {how}).",
            same=facts.trials(_by_number(test.alike), "alike.same"),
            worse=_worse(facts, test),
            n=facts.count("alike.others", others),
            how=how,
        )
        yield Claim("R1", text, premise, facts.data.metric, numbers)
    else:
        text = line("{worse} ({how}).", worse=capitalize_first(_worse(facts, test)), how=how)
        yield Claim("R2", text, premise, facts.data.metric, numbers)


def _worse(facts: FactWriter, test: RangeTest) -> Line:
    verb = "is" if len(test.worse) == 1 else "are"
    return (*facts.trials(_by_number(test.worse), "alike.worse"), f" {verb} worse")


def _by_number(trials: Sequence[Trial]) -> list[Trial]:
    return sorted(trials, key=lambda trial: trial.number)


def seed_claims(facts: FactWriter) -> list[Claim]:
    """Return that other seeds gave the very same run: repeats say nothing then."""
    pairs = facts.data.dead_seeds
    if not pairs:
        return []
    first, second = pairs[0]
    text = line(
        "The seed changes nothing: {trials} are equal to the last digit. Repeats say nothing about noise.",
        trials=facts.trials([first, second], "seed.dead"),
    )
    numbers = tuple(sorted({trial.number for pair in pairs for trial in pair}))
    return [Claim("S1", text, {"pairs": len(pairs)}, "", numbers)]


# the first lines of a report -----------------------------------------------------------------------------------------


def alike(facts: FactWriter) -> Claim:
    """Return which trials are nearly as good as the best, as a phrase without a full stop."""
    test = facts.data.range_test
    if facts.data.best is None:
        return Claim("R1", ("no trial has a value",), {})
    if len(facts.data.order) < 2:
        return Claim("R1", ("no other trial was ranked",), {})
    if test is None:
        why = "the seed changes nothing" if facts.data.dead_seeds else "nothing was repeated"
        return Claim("R1", (f"not known: {why}",), {})
    premise = {"how": test.how, "alike": [trial.number for trial in test.alike], "compared": len(test.others) + 1}
    numbers = tuple(trial.number for trial in (test.best, *test.others))
    if not test.alike:
        text = line("none of the {n} others", n=facts.count("alike.others", test.others))
    elif len(test.alike) > MAX_NAMED:
        text = line(
            "{n} of the {others} others cannot be told apart from it",
            n=facts.count("alike.same", test.alike),
            others=facts.count("alike.others", test.others),
        )
    else:
        text = (*facts.trials(_by_number(test.alike), "alike.same"), " cannot be told apart from it")
    return Claim("R1", text, premise, facts.data.metric, numbers)


def against_baseline(facts: FactWriter) -> Claim | None:
    """Return the values of baseline and best and the change, without a full stop; None without a baseline."""
    best, baseline, metric = facts.data.best, facts.view.baseline, facts.data.metric
    if best is None or baseline is None or facts.data.metric not in (baseline.values or {}):
        return None
    if baseline.number == best.number:
        return Claim("AB", ("no trial was better than the baseline",), {}, metric, (best.number,))
    numbers = (baseline.number, best.number)
    old, new = objective_value(facts.view, baseline), objective_value(facts.view, best)
    text: Line = (facts.value(baseline, metric), " → ", facts.value(best, metric))
    if differences := comparable(facts.view, baseline, best):
        text += (f", not comparable: {_difference_text(differences[0].kind)}",)
        return Claim("AB", text, {"differs": [d.kind for d in differences]}, metric, numbers)
    change = metric_change(facts.view, metric, old, new)
    if change.old != change.new:
        key = "best.change"
        size = (
            facts.difference(key, metric, new - old, [baseline, best])
            if change.share is None
            else facts.percentage(key, change.share, [baseline, best], signed=True)
        )
        text += (" (", size, ")")
    fresh = facts.data.fresh(best)
    if fresh is not None:
        text += (" | ", *fresh_text(facts, fresh))
    return Claim("AB", text, {"old": old, "new": new}, metric, numbers)


def _difference_text(kind: str) -> str:
    return {
        "length": "they trained for different lengths",
        "unknown length": "it is not known whether they trained equally long",
        "stage": "they ran in different stages",
        "base model": "one is the untrained model",
        "continued": "one began from a checkpoint",
        "imported": "one was imported",
    }[kind]


def sure(facts: FactWriter) -> Claim:
    """Return whether it is sure that the best is better than the baseline, as a phrase without a full stop."""
    best, baseline, metric = facts.data.best, facts.view.baseline, facts.data.metric
    if best is None:
        return Claim("SU", ("no trial has a value",), {"answer": "none"})
    if baseline is None or metric not in (baseline.values or {}):
        return Claim("SU", ("not comparable: there is no baseline with a value",), {"answer": "not comparable"})
    if baseline.number == best.number:
        return Claim("SU", ("no trial was better than the baseline",), {"answer": "baseline"}, "", (best.number,))
    differences = comparable(facts.view, baseline, best)
    if differences:
        phrase = f"not comparable: {_difference_text(differences[0].kind)}"
        return Claim("SU", (phrase,), {"answer": "not comparable"}, "", (baseline.number, best.number))
    if facts.data.dead_seeds:
        phrase = ("not known: the seed changes nothing, so repeats say nothing about noise",)
        return Claim("SU", phrase, {"answer": "not known"}, "", (baseline.number, best.number))
    fresh = facts.data.fresh(best)
    if fresh is not None:
        return _sure_by_fresh(facts, fresh, baseline)
    test = facts.data.range_test
    if test is not None and any(trial.number == baseline.number for trial in test.worse):
        counts = test.how != "seeds"
        text = line(
            "yes for this run: told apart from the baseline ({how}); the configuration was not repeated"
            if counts
            else "yes: told apart from the baseline ({how})",
            how=HOW_TEXTS[test.how],
        )
        answer = "yes for this run" if counts else "yes"
        return Claim("SU", text, {"answer": answer, "how": test.how}, "", (baseline.number, best.number))
    text = line("not yet: it ran once and is the best of {n}", n=facts.count("best.of", facts.data.order))
    return Claim("SU", text, {"answer": "not yet"}, "", (baseline.number, best.number))


def _sure_by_fresh(facts: FactWriter, fresh: Fresh, baseline: Trial) -> Claim:
    metric = facts.data.metric
    difference = fresh_difference(facts.view, fresh, baseline, facts.data.dead)
    numbers = tuple(trial.number for trial in (baseline, *fresh.runs))
    if difference is None:
        text = line("not yet: {fresh}, and nothing is known of the noise", fresh=fresh_text(facts, fresh))
        return Claim("SU", text, {"answer": "not yet"}, "", numbers)
    sign = 1.0 if facts.study.objective.goal == "minimize" else -1.0
    low, high = sorted((sign * difference.low, sign * difference.high))
    answer = "yes" if high < 0 else "worse" if low > 0 else "no"
    bounds = Interval(difference.low, difference.high, "Student", difference.df + 1)
    text = line(
        "{answer}: {n} fresh {runs} of it minus the baseline {mean} ({interval}{paired})",
        answer=answer,
        n=facts.count("fresh.sure.n", fresh.runs),
        runs="run" if len(fresh.runs) == 1 else "runs",
        mean=facts.difference("fresh.difference", metric, difference.mean, difference.trials),
        interval=join_parts(
            (
                facts.difference("fresh.difference.low", metric, bounds.low, difference.trials),
                facts.difference("fresh.difference.high", metric, bounds.high, difference.trials),
            ),
            " to ",
        ),
        paired=", paired by seed" if difference.paired else "",
    )
    premise = {"answer": answer, "low": difference.low, "high": difference.high, "df": difference.df}
    return Claim("SU", text, premise, metric, numbers)
