"""How sure the best is: W1–W3 it was chosen, R1 and R2 distinguished or not, R3 one run's rate, FR fresh runs, FB
another one leads by them, S1 the seed changes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from hptui.core.trial import Trial
from hptui.results.analysis.cohort import (
    distinct_configurations,
    objective_value,
    same_configuration,
    sort_by_rank,
)
from hptui.results.analysis.comparable import barriers
from hptui.results.analysis.evaluation import has_unequal_evaluations
from hptui.results.analysis.fresh import (
    LEADER_TEMPLATE,
    MEAN_TEMPLATE,
    SINGLE_TEMPLATE,
    Fresh,
    independent_runs,
    leads,
    runs_of,
)
from hptui.results.analysis.luck import expected_best, expected_best_rate
from hptui.results.analysis.range_test import MAX_TRIALS, RangeTest
from hptui.results.analysis.seeding import seeding_of
from hptui.results.analysis.significance import rate_counts, wilson_interval
from hptui.results.claims.added import added_claims
from hptui.results.claims.chosen import best_of, by_number, how_often, left_out
from hptui.results.claims.claim import Claim
from hptui.results.claims.seeds import seed_claims
from hptui.results.claims.shapes import in_rate_points
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, capitalize_first, line


def fresh_runs(facts: FactWriter, trial: Trial) -> Fresh | None:
    """Return the runs of a trial that had no part in choosing it."""
    return facts.data.fresh(trial)


def fresh_text(facts: FactWriter, fresh: Fresh) -> Line:
    """Return `mean of 3 fresh runs 0.571 (0.560 to 0.582)`; the value alone of a single one."""
    metric, key = facts.data.metric, f"fresh.{fresh.trial.number}"
    if len(fresh.runs) == 1:
        return line(SINGLE_TEMPLATE, value=(facts.value(fresh.runs[0], metric),))
    text = line(
        MEAN_TEMPLATE,
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
        *_leader_by_means(facts, best),
        *_range(facts),
        *seed_claims(facts),
    ]


def _own_value(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    """Yield that the best was chosen for its value, or the interval of a single trial that was not."""
    metric, order = facts.data.metric, facts.data.peers
    counted = rate_counts(facts.view, best, metric)
    if len(order) == 1:
        if counted is not None:
            yield _one_rate(facts, best, counted)
        elif facts.data.fresh(best) is None and best.number not in facts.data.dead:
            yield Claim("R3", ("It ran once, so its value has no interval.",), {"runs": 1}, "", (best.number,))
        return
    if facts.data.fresh(best) is not None or len({(trial.values or {}).get(metric) for trial in order}) == 1:
        return  # of equal values none was chosen for being good
    if facts.data.dead_seeds:
        return  # it would have this value again
    if 2 * len(facts.data.best_trials) >= max(len(order), 3):
        return  # a value that most have is nobody's luck
    text: Line = line(
        "{ran} {the_best}",
        ran=capitalize_first(how_often(facts, best)),
        the_best=best_of(facts),
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
        points = 100 * expected_best_rate(count, n, rate, side == "above")
        if not float(f"{points:.2g}"):
            return  # nothing is beyond a rate of 0 or 1
        text = line(
            "Of {n} equally good trials the best would be about {points} {unit} {side} their common rate, by luck "
            "alone.",
            unit="point" if float(f"{points:.2g}") == 1 else "points",
            n=facts.count("best.of", order),
            points=facts.of_value("best.luck", float(f"{points:.2g}"), order),
            side=side,
        )
        yield Claim("W2", text, {"points": points, "rate": rate, "questions": n}, metric, numbers)
        return
    noise = facts.data.noise
    if noise is not None:
        # A mean of several runs is closer to the true one.
        order = distinct_configurations(facts.view, order)
        count = len(order)
        runs = [len(independent_runs(facts.view, trial)) if _is_mean(facts, trial) else 1 for trial in order]
        error = noise.deviation * math.sqrt(math.fsum(1 / n for n in runs) / count)
        luck = float(f"{expected_best(count) * error:.2g}")
        size = in_rate_points(facts, metric, facts.difference("best.luck", metric, luck, order))
        spread = facts.difference("noise.deviation", metric, float(f"{noise.deviation:.2g}"), noise.trials)
        text = line(
            "Runs of one configuration{seeds} differ by a standard deviation of {s} (from {runs} runs): of "
            "{n} equally good {trials} the best would be about {luck} {side} their mean, by luck alone.",
            seeds=" with other seeds" if seeding_of(facts.study).is_given else "",
            trials="trials"
            if max(runs) == 1
            else f"configurations, {'each' if min(runs) > 1 else 'some'} ranked by the mean of its runs,",
            runs=facts.count("noise.runs", noise.trials),
            s=in_rate_points(facts, metric, spread),
            n=facts.count("best.configurations", order),
            luck=size,
            side=side,
        )
        yield Claim("W3", _unsigned(text), {"deviation": noise.deviation, "df": noise.df}, metric, numbers)


def _is_mean(facts: FactWriter, trial: Trial) -> bool:
    """Return whether a trial is ranked by the mean of its runs."""
    return trial.values != facts.originals.get(trial.number, trial).values


def _unsigned(parts: Line) -> Line:
    return tuple(
        Fact(p.key, p.value, p.text.lstrip("+"), p.trials, p.field) if isinstance(p, Fact) else p for p in parts
    )


def _fresh(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    fresh, metric = facts.data.fresh(best), facts.data.metric
    if fresh is None:
        yield from added_claims(facts, best)
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
    """Yield that another trial's fresh runs are better than those of the best, or than its only run."""
    own = facts.data.fresh(best)
    leader = facts.data.fresh_leader
    if leader is None or not leads(facts.view, leader, best, own):
        return
    text = line(LEADER_TEMPLATE, other=facts.trial(leader.trial), value=fresh_text(facts, leader))
    text = (*capitalize_first(text), "." if own is not None else "; the best has none.")
    known = objective_value(facts.view, best) if own is None else own.mean
    yield Claim("FB", text, {"mean": leader.mean, "best": known}, facts.data.metric, (leader.trial.number,))


def _leader_by_means(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    """Yield that by means of several runs another trial leads than the settings of a best single run.

    A stage that runs the best of an earlier one again ranks configurations by their means, and the run that won alone.
    """
    means = [trial for trial in facts.data.peers if _is_mean(facts, trial)]
    own = [trial for trial in means if same_configuration(facts.view, best, [trial])]
    if not own or _is_mean(facts, best):
        return
    metric, goal = facts.data.metric, facts.study.objective
    leader = sort_by_rank(facts.view, means)[0]
    if not goal.better(objective_value(facts.view, leader), objective_value(facts.view, own[0])):
        return
    text = line(
        "By means of several runs {leader} leads: {value}; the settings of the best have {own} (as {again}).",
        leader=facts.trial(leader),
        value=(facts.value(leader, metric),),
        own=(facts.value(own[0], metric),),
        again=facts.trial(own[0]),
    )
    premise = {"mean": objective_value(facts.view, leader), "best": objective_value(facts.view, own[0])}
    yield Claim("FB", text, premise, metric, (leader.number, own[0].number))


MAX_NAMED = 3
"""Of more trials that do not differ from the best, their number is stated."""
HOW_TEXTS = {
    "answers": "same questions, bootstrap of all pairs",
    "counts": "Tukey's range of rates",
    "seeds": "Tukey's range, noise between seeds",
    "runs": "Tukey's range, noise between runs",
}
"""How trials were distinguished."""


def how_text(facts: FactWriter, test: RangeTest) -> Line:
    """Return how trials were distinguished, and by which configuration's noise if one alone was repeated."""
    text = HOW_TEXTS["runs" if test.how == "seeds" and not seeding_of(facts.study).is_given else test.how]
    runs = () if test.noise is None else test.noise.trials
    repeated = {run.number if run.replicate_of is None else run.replicate_of for run in runs}
    return (text,) if len(repeated) != 1 else (text, " of ", *facts.trial(facts.originals[repeated.pop()]), " alone")


def what_repeats_show(facts: FactWriter) -> Line:
    """Return what a repeat shows where the script is not given its seed; () where it is."""
    seeding = seeding_of(facts.study)
    if seeding.is_given:
        return ()
    if not seeding.name:
        return ("the script is given no seed: a repeat shows randomness of its own, or nothing if it fixes its seed",)
    value = facts.of_value("seed.fixed", seeding.value) if seeding.value is not None else "of the configuration"
    return line(
        "the script is given {name} {value} each time: a repeat shows what else is random, or nothing",
        name=Name(seeding.name, code=True),
        value=value,
    )


def _range(facts: FactWriter) -> Iterator[Claim]:
    """Yield which trials are distinguished from the best, and which are not."""
    test = facts.data.range_test
    if test is None:
        if len(facts.data.candidates) > 1 and len(facts.study.objectives) == 1:
            yield Claim("R1", (f"How large a difference is noise is not known: {why_not_tested(facts)}.",), {})
        return
    how, others = how_text(facts, test), test.others
    premise = {"how": test.how, "worse": [t.number for t in test.worse], "compared": len(others) + 1}
    numbers = tuple(trial.number for trial in (test.best, *others))
    tail = (*better_and_baseline(facts, test), ".")
    if not others:
        yield Claim("R2", ("The baseline is worse by fresh runs.",), premise, facts.data.metric, numbers)
    elif not test.worse and not test.better:
        text = line(
            "It cannot be told apart from {others} ({how}){tail}",
            tail=tail if len(others) <= MAX_NAMED else (*left_out(facts, test), *tail),
            others=facts.trials(by_number(others), "alike.same")
            if len(others) <= MAX_NAMED
            else line("any of the {n} others", n=facts.count("alike.others", others)),
            how=how,
        )
        yield Claim("R1", text, premise, facts.data.metric, numbers)
    elif test.alike:
        text = line(
            "It cannot be told apart from {same}{worse} (of {n} compared with it; {how}){tail}",
            tail=tail,
            same=facts.trials(by_number(test.alike), "alike.same"),
            worse=("; ", *_worse(facts, test)) if test.worse else "",
            n=facts.count("alike.others", others),
            how=how,
        )
        yield Claim("R1", text, premise, facts.data.metric, numbers)
    else:
        worse = _worse(facts, test, capital=True) if test.worse else ("No other trial is worse",)
        text = line("{worse} ({how}){tail}", worse=worse, how=how, tail=tail)
        yield Claim("R2", text, premise, facts.data.metric, numbers)


def why_not_tested(facts: FactWriter) -> str:
    """Return why no trial can be distinguished from the best."""
    best, others = facts.data.best, facts.data.candidates
    if facts.data.dead_seeds:
        return "the seed changes nothing" if seeding_of(facts.study).is_given else "repeats are equal"
    if len(others) > MAX_TRIALS:
        return "too many trials to compare all of them"
    if best is not None and all(barriers(facts.view, best, t) for t in others if t.number != best.number):
        return "no other trial is comparable with it"
    if has_unequal_evaluations(facts.view):
        return "trials were measured by evaluations of different sizes"
    if any(len(runs_of(facts.view, facts.originals[trial.number])) > 1 for trial in others):
        return "the repeats are all equal"
    return "nothing was repeated"


def better_and_baseline(facts: FactWriter, test: RangeTest) -> Line:
    """Return which trials have better repeats than the best, and the baseline if fresh runs settle it."""
    text: Line = ()
    if test.better:
        which = facts.trials(by_number(test.better), "alike.better")
        text += line("; {which} {be} better by repeats", which=which, be="is" if len(test.better) == 1 else "are")
    if test.by_fresh is not None:
        text += ("; the baseline is worse by fresh runs",)
    return text


def _worse(facts: FactWriter, test: RangeTest, *, capital: bool = False) -> Line:
    verb = "is" if len(test.worse) == 1 else "are"
    return (*facts.trials(by_number(test.worse), "alike.worse", capital=capital), f" {verb} worse")
