"""The first lines on how good the best is: R1 nearly as good, AB against the baseline, SU whether it is sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hptui.core.trial import Role, Trial, Value
from hptui.results.analysis.cohort import (
    objective_value,
    pareto_front,
    same_configuration,
    training_length,
)
from hptui.results.analysis.comparable import barriers, counts_batches, ended_alike, unequal_coordinate
from hptui.results.analysis.fresh import Fresh, mean_of_runs
from hptui.results.analysis.fresh_difference import FreshDifference, counted_difference, fresh_difference
from hptui.results.analysis.reference import metric_change
from hptui.results.analysis.seeding import seeding_of
from hptui.results.claims.chosen import best_of, by_number, how_often, left_out, of_its_length
from hptui.results.claims.claim import Claim
from hptui.results.claims.comparability import unit_word
from hptui.results.claims.mattered import without_value
from hptui.results.claims.repeats import (
    better_and_baseline,
    fresh_text,
    how_text,
    why_not_tested,
)
from hptui.results.claims.shapes import in_rate_points
from hptui.results.claims.unbeaten import none_better, unbeaten
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, join_parts, line
from hptui.results.roles import number_with_role, setting_with_role

MAX_NAMED = 12
"""A longer list of trials is stated by its number."""


def alike(facts: FactWriter) -> Claim:
    """Return which trials are nearly as good as the best, as a phrase without a full stop."""
    test = facts.data.range_test
    if facts.data.best is None:
        return Claim("R1", (without_value(facts),), {})
    if len(facts.study.objectives) > 1 and len(pareto_front(facts.view)) == 1:
        return Claim("R1", ("no other trial is on the Pareto front",), {})
    if len(facts.study.objectives) > 1:
        return Claim("R1", ("the trials of the Pareto front: none of them is better in every objective",), {})
    if len(facts.data.candidates) < 2:
        kept = len(facts.data.order) < 2
        return Claim(
            "R1", ("no other trial was ranked" if kept else "no other trial keeps the study's conditions",), {}
        )
    if test is None:
        return _equal_ones(facts) or Claim("R1", (f"not known, as {why_not_tested(facts)}",), {})
    premise = {"how": test.how, "alike": [trial.number for trial in test.alike], "compared": len(test.others) + 1}
    numbers, length = tuple(trial.number for trial in (test.best, *test.others)), of_its_length(facts)
    if not test.others:
        text: Line = ("none: the baseline, the only other one, is worse by fresh runs",)
        return Claim("R1", text, premise, facts.data.metric, numbers)
    if not test.alike and test.better:
        text = line("none of the {n} others{length}", length=length, n=facts.count("alike.others", test.others))
    elif not test.alike and len(test.others) == 1:
        text = line(
            "none: {other}, the only other one{length}, is worse", length=length, other=facts.trial(test.others[0])
        )
    elif not test.alike:
        text = line(
            "none: {all} others{length} are worse", length=length, all=all_of(facts, "alike.others", test.others)
        )
    elif len(test.alike) > MAX_NAMED and not test.worse and not test.better:
        text = line(
            "possibly all {n} others{length}: none can be told apart from it",
            length=length,
            n=facts.count("alike.others", test.others),
        )
    elif len(test.alike) > MAX_NAMED:
        text = line(
            "{n} of the {others} others{length} cannot be told apart from it",
            length=length,
            n=facts.count("alike.same", test.alike),
            others=facts.count("alike.others", test.others),
        )
    else:
        text = (*facts.trials(by_number(test.alike), "alike.same"), " cannot be told apart from it")
        return Claim("R1", (*text, *better_and_baseline(facts, test)), premise, facts.data.metric, numbers)
    text = (*text, *better_and_baseline(facts, test), *left_out(facts, test))
    return Claim("R1", text, premise, facts.data.metric, numbers)


def all_of(facts: FactWriter, key: str, trials: Sequence[Trial]) -> Line:
    """Return `all 5`, of two trials `both`."""
    return ("both",) if len(trials) == 2 else line("all {n}", n=facts.count(key, trials))


def _equal_ones(facts: FactWriter) -> Claim | None:
    """Return the trials with exactly the value of the best, where the noise is unknown; or None."""
    best = facts.data.best
    same = [trial for trial in facts.data.best_trials if best is not None and trial.number != best.number]
    if not same:
        return None
    numbers = tuple(trial.number for trial in same)
    if len(same) == len(facts.data.candidates) - 1:
        text = line("{all} others, which have the same value", all=all_of(facts, "best.ties", same))
    else:
        text = line(
            "{which} {have} the same value; of the others it is not known, as {why}",
            which=facts.trials(by_number(same), "best.ties"),
            have="has" if len(same) == 1 else "have",
            why=why_not_tested(facts),
        )
    return Claim("R1", text, {"equal": list(numbers)}, facts.data.metric, numbers)


def against_baseline(facts: FactWriter) -> Claim | None:
    """Return the values of baseline and best and the change, without a full stop; None without a baseline."""
    best, baseline, metric = facts.data.best, facts.view.baseline, facts.data.metric
    if best is None or baseline is None or facts.data.metric not in (baseline.values or {}):
        return None
    if len(facts.study.objectives) > 1:
        return _front_against(facts, baseline)
    if baseline.number == best.number:
        return Claim("AB", unbeaten(facts, baseline), {}, metric, (best.number,))
    fresh = facts.data.fresh(best)
    numbers = (baseline.number, best.number, *(run.number for run in (fresh.runs if fresh is not None else ())))
    # Nobody chose the baseline for its value: all its runs count.
    old, runs = mean_of_runs(facts.view, baseline, facts.data.dead, best)
    new = objective_value(facts.view, best) if fresh is None else fresh.mean
    text: Line = (*_old_value(facts, baseline, runs, old), " → ", _new_value(facts, best, fresh))
    if differences := barriers(facts.view, baseline, best):
        text += (f", not comparable: {differences[0].text}",)
        return Claim("AB", text, {"differs": [d.kind for d in differences]}, metric, numbers)
    if same_configuration(facts.view, baseline, [best]):
        text += (", of the same settings: runs of them differ, not what was changed",)
        return Claim("AB", text, {"same": True}, metric, numbers)
    key = "best.change" if fresh is None else "fresh.best.change"
    share = facts.share(key, metric, old, new, [baseline, best])
    text += (" (", share or facts.change(key, metric, old, new, [baseline, best]), ")")
    if fresh is not None:
        text += _fresh_source(facts, fresh)
    text += _saw_more(facts, baseline, best)
    return Claim("AB", text, {"old": old, "new": new}, metric, numbers)


def _front_against(facts: FactWriter, baseline: Trial) -> Claim:
    """Return how many trials are better than the baseline in every objective."""
    front = pareto_front(facts.view)
    alike = [trial for trial in front if not barriers(facts.view, baseline, trial)]
    if not alike:
        reason = barriers(facts.view, baseline, front[0])[0].text if front else "the front has no trial"
        return Claim("AB", (f"not comparable: {reason}",), {"better": []}, "", (baseline.number,))
    better = [
        trial
        for trial in alike
        if all(
            metric_change(facts.view, goal.metric, baseline.values[goal.metric], trial.values[goal.metric]).better
            for goal in facts.study.objectives
            if baseline.values and trial.values
        )
        and trial.number != baseline.number
    ]
    if any(trial.number == baseline.number for trial in front):
        text: Line = (f"{none_better(facts, baseline)} is better in every objective: the baseline is on the front",)
    else:
        text = line(
            "{n} of the {front} of the front {be} better in every objective{others}",
            n=facts.count("front.better", better),
            front=facts.count_with_noun("front.compared", alike, "trial"),
            be="is" if len(better) == 1 else "are",
            others="" if len(alike) == len(front) else "; the others are not comparable with the baseline",
        )
    return Claim("AB", text, {"better": [trial.number for trial in better]}, "", (baseline.number,))


def _saw_more(facts: FactWriter, baseline: Trial, best: Trial) -> Line:
    """Return that one of the two trained longer, saw more examples, or took more steps; () if neither did."""
    first, second = training_length(facts.view, baseline), training_length(facts.view, best)
    if first is not None and second is not None and first.amount != second.amount:
        return line(
            "; the baseline was to train for {first}, the best for {second} {unit}"
            if ended_alike(baseline, best, first)
            else "; the baseline trained for {first}, the best for {second} {unit}",
            first=facts.of_value(f"trial.{baseline.number}.length", first.amount, [baseline], field=first.field),
            second=facts.of_value(f"trial.{best.number}.length", second.amount, [best], field=second.field),
            unit=unit_word(second),
        )
    batch = setting_with_role(facts.view.settings(best), "batch")
    unequal = batch and unequal_coordinate(facts.view, [baseline, best], batch, facts.data.facts)
    if not batch or not unequal or not counts_batches(facts.view, [baseline, best]):
        return ()
    length, other, ratio = unequal
    sizes = [number_with_role(facts.view.settings(trial), "batch") or 0.0 for trial in (baseline, best)]
    more = best if (sizes[1] > sizes[0]) == (other == "examples") else baseline
    return line(
        "; at {n} {unit} each, {trial} {verb} {ratio} times the {other}",
        n=facts.of_value("best.length", length.amount, [baseline, best], field=length.field),
        unit=unit_word(length),
        trial=facts.trial(more),
        verb="saw" if other == "examples" else "took",
        ratio=facts.of_value("best.length.ratio", float(f"{ratio:.3g}"), [baseline, best]),
        other=other,
    )


def _old_value(facts: FactWriter, baseline: Trial, runs: Sequence[Trial], mean: float) -> Line:
    """Return the value of the baseline: the mean of all its runs, since nobody chose it."""
    metric = facts.data.metric
    if len(runs) == 1:
        return (facts.value(baseline, metric),)
    key = f"baseline.{baseline.number}.mean"
    return line(
        "{mean} (mean of {n} runs)",
        mean=facts.of_metric(key, metric, mean, runs, f"values.{metric}"),
        n=facts.count(f"{key}.n", runs),
    )


def _new_value(facts: FactWriter, best: Trial, fresh: Fresh | None) -> Fact | str:
    """Return the value of the best: the mean of its fresh runs, if it has any."""
    metric = facts.data.metric
    if fresh is None:
        return facts.value(best, metric)
    return facts.of_metric(f"fresh.{best.number}.mean", metric, fresh.mean, fresh.runs, f"values.{metric}")


def _fresh_source(facts: FactWriter, fresh: Fresh) -> Line:
    """Return `, mean of 3 fresh runs (0.560 to 0.582)`."""
    key = f"fresh.{fresh.trial.number}"
    if len(fresh.runs) == 1:
        return (", one fresh run",)
    text: Line = (", mean of ", facts.count(f"{key}.n", fresh.runs), " fresh runs")
    if fresh.interval is None:
        return text
    return (*text, " (", *facts.interval(f"{key}.interval", facts.data.metric, fresh.interval, fresh.runs), ")")


def sure(facts: FactWriter) -> Claim:
    """Return whether the best is surely better than the baseline, without a full stop."""
    best, baseline, metric = facts.data.best, facts.view.baseline, facts.data.metric
    if best is None:
        return Claim("SU", (without_value(facts),), {"answer": "none"})
    if len(facts.study.objectives) > 1:
        return Claim("SU", ("not stated: there are several objectives",), {"answer": "several objectives"})
    if baseline is None and any(trial.role is Role.BASELINE and trial.values for trial in facts.view.trials):
        return Claim("SU", ("not comparable: the baseline ran in another stage",), {"answer": "not comparable"})
    if baseline is None or metric not in (baseline.values or {}):
        return Claim("SU", ("not comparable: there is no baseline with a value",), {"answer": "not comparable"})
    if baseline.number == best.number:
        return Claim("SU", unbeaten(facts, baseline), {"answer": "baseline"}, "", (best.number,))
    differences = barriers(facts.view, baseline, best)
    if differences:
        phrase = f"not comparable: {differences[0].text}"
        return Claim("SU", (phrase,), {"answer": "not comparable"}, "", (baseline.number, best.number))
    if same_configuration(facts.view, baseline, [best]):
        phrase = "no: it has the settings of the baseline"
        return Claim("SU", (phrase,), {"answer": "baseline"}, "", (baseline.number, best.number))
    if facts.data.dead_seeds:
        phrase = f"not known: {why_not_tested(facts)}, so they say nothing about noise"
        if seeding_of(facts.study).is_given:
            phrase = "not known: the seed changes nothing, so repeats say nothing about noise"
        return Claim("SU", (phrase,), {"answer": "not known"}, "", (baseline.number, best.number))
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
            how=how_text(facts, test),
        )
        answer = "yes for this run" if counts else "yes"
        return Claim("SU", text, {"answer": answer, "how": test.how}, "", (baseline.number, best.number))
    ran = how_often(facts, best)
    if test is not None and any(trial.number == baseline.number for trial in test.alike):
        text = line("not yet: {ran} not told apart from the baseline ({how})", ran=ran, how=how_text(facts, test))
    else:
        text = line("not yet: {ran} {the_best}", ran=ran, the_best=best_of(facts))
    return Claim("SU", text, {"answer": "not yet"}, "", (baseline.number, best.number))


def _sure_by_fresh(facts: FactWriter, fresh: Fresh, baseline: Trial) -> Claim:
    metric = facts.data.metric
    difference = fresh_difference(facts.view, fresh, baseline, facts.data.dead)
    numbers = tuple(trial.number for trial in (baseline, *fresh.runs))
    if difference is None:
        text = line("not yet: {fresh}{why}", fresh=fresh_text(facts, fresh), why=_no_interval(facts, fresh, baseline))
        return Claim("SU", text, {"answer": "not yet"}, "", numbers)
    answer = difference.answer(facts.view)
    mean, interval = _difference_text(facts, "fresh.difference", difference)
    text = line(
        "{answer}: {n} fresh {runs} of it minus the baseline {mean} ({interval}{how})",
        answer=answer,
        n=facts.count("fresh.sure.n", fresh.runs),
        runs="run" if len(fresh.runs) == 1 else "runs",
        mean=mean,
        interval=interval,
        how=", by counts" if difference.by_counts else ", paired by seed" if difference.paired else "",
    )
    premise = {"answer": answer, "low": difference.low, "high": difference.high, "df": difference.df}
    return Claim("SU", text, premise, metric, numbers)


def _no_interval(facts: FactWriter, fresh: Fresh, baseline: Trial) -> Line:
    """Return why fresh runs have no interval to the baseline, and what their counts alone say of it."""
    between = "seeds" if seeding_of(facts.study).is_given else "runs"
    counted = counted_difference(facts.view, fresh, baseline, facts.data.dead)
    if len(set(fresh.values)) == 1 and len(fresh.runs) > 1:
        why = f", all of them equal, which says nothing of the noise{f' between {between}' if counted else ''}"
    elif counted is not None:
        why = f", and nothing is known of the noise between {between}"
    else:
        why = ", which has no interval" if len(fresh.runs) == 1 else ", and nothing is known of the noise"
    if counted is None:
        return (why,)
    mean, interval = _difference_text(facts, "fresh.counted", counted)
    text = "{why}; by counts alone the difference to the baseline is {mean} ({interval})"
    return line(text, why=why, mean=mean, interval=interval)


def _difference_text(facts: FactWriter, key: str, difference: FreshDifference) -> tuple[Fact, Line]:
    """Return a difference to the baseline, and the ends of its interval."""
    metric = facts.data.metric
    low, mean, high = (
        facts.difference(f"{key}{end}", metric, value, difference.trials)
        for end, value in ((".low", difference.low), ("", difference.mean), (".high", difference.high))
    )
    if low.text == high.text:  # as many digits as tell the ends apart
        width = difference.high - difference.low
        low, mean, high = (replace(fact, text=_in_digits(fact.value, width)) for fact in (low, mean, high))
    low, mean, high = (in_rate_points(facts, metric, fact) for fact in (low, mean, high))  # as the line before has them
    unit = high.text.partition(" ")[2]
    if unit:  # named once: `−4.0 to +18.0 points`
        low = replace(low, text=low.text.removesuffix(f" {unit}"))
    return mean, join_parts((low, high), " to ")


def _in_digits(value: Value, width: float) -> str:
    """Return a signed number with the digits in which one `width` away reads otherwise."""
    decimals = max(0, 1 - math.floor(math.log10(abs(width)))) if width else 6
    number = float(value)  # type: ignore[arg-type]
    return f"{'−' if number < 0 else '+'}{abs(number):.{decimals}f}"
