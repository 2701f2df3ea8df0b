"""What may be compared: L1 trials of another length, L2 the best of another length, G1 a stage in one line, E8 the
search chose its trials, and the tail that names what else a batch size changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from hptui.core import laws
from hptui.core.ranking import ranked_in_stage
from hptui.core.study import Objective
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import (
    TrainingLength,
    has_finite_values,
    objective_value,
    same_configuration,
    training_length,
)
from hptui.results.analysis.comparable import barriers, counts_batches, ended_alike, unequal_coordinate
from hptui.results.analysis.fresh import mean_of_runs, runs_of_mean
from hptui.results.analysis.samplers import SAMPLERS_WITHOUT_MEMORY, chosen_by_values, own_sampler
from hptui.results.claims.claim import Claim
from hptui.results.claims.shipped import COUNTED_SAMPLERS, SELDOM_COUNTED_SAMPLERS
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, join_parts, join_with_and, line

LATE_SHARE = 0.75
"""A last value of an objective before this share of where the median trial has its own is one of unequal training."""


def unit_word(length: TrainingLength) -> str:
    """Return the unit of a length in the number that belongs to it: `1 epoch`, `3 epochs`."""
    return length.unit.removesuffix("s") if length.amount == 1 else length.unit


def length_fact(facts: FactWriter, trial: Trial, length: TrainingLength) -> Fact:
    """Return the length of a trial as a fact."""
    return facts.of_value(f"trial.{trial.number}.length", length.amount, [trial], field=length.field)


def length_tail(facts: FactWriter, setting: str) -> Line:
    """Return, behind a batch size that varies, how much more some trials saw; () for other settings."""
    trials = facts.data.effect_trials
    matches = unequal_coordinate(facts.view, trials, setting, facts.data.facts)
    if matches is None or not counts_batches(facts.view, trials):
        return ()
    length, other, ratio = matches
    word = "larger" if other == "examples" else "smaller"
    verb = "saw" if other == "examples" else "took"
    return line(
        "; at {n} {unit} each, {word} values {verb} up to {ratio} times the {other}",
        n=facts.of_value(f"length.{setting}.fixed", length.amount, trials, field=length.field),
        unit=unit_word(length),
        word=word,
        verb=verb,
        ratio=facts.of_value(f"length.{setting}.ratio", float(f"{ratio:.3g}"), trials),
        other=other,
    )


def length_claims(facts: FactWriter) -> list[Claim]:
    """Return which ranked trials trained for another length than most, or have early values alone."""
    return [*_lengths(facts), *(claim for goal in facts.study.objectives for claim in _unfinished_metric(facts, goal))]


def _unfinished_metric(facts: FactWriter, goal: Objective) -> Iterator[Claim]:
    """Yield which ranked trials have no late value of an objective, unlike most."""
    summaries, shares = facts.data.summaries.get(goal.metric, {}), dict[int, float]()
    for trial in facts.data.order:
        if trial.number in summaries and trial.last_step:
            shares[trial.number] = summaries[trial.number].step / trial.last_step
    if not shares:
        return
    limit = LATE_SHARE * median(shares.values())
    ended_early = sorted((t for t in facts.data.order if shares.get(t.number, 1.0) < limit), key=lambda t: t.number)
    if not ended_early:
        return
    first, key = ended_early[0], f"{goal.metric}.ended_early"
    text = line(
        "{which} last reported {metric} long before the end ({first}at step {step} of {steps}), most others nearer to "
        "it: these are values of unequal training.",
        which=facts.trials(ended_early, key, capital=True),
        metric=facts.name(goal.metric),
        first="" if len(ended_early) == 1 else "the first of them ",
        step=facts.of_value(f"{key}.step", summaries[first.number].step, [first]),
        steps=facts.of_value(f"{key}.steps", first.last_step or 0, [first], field="last_step"),
    )
    yield Claim("L1", text, {"ended_early": len(ended_early)}, goal.metric, tuple(t.number for t in ended_early))


def _lengths(facts: FactWriter) -> list[Claim]:
    """Return which ranked trials trained for another length than most, and of which it is not known."""
    order = facts.data.order
    groups: dict[TrainingLength, list[Trial]] = {}
    lengths = {trial.number: training_length(facts.view, trial) for trial in order}
    units = Counter(length.unit for length in lengths.values() if length is not None)
    if not units:
        return []
    unit = max(units, key=lambda name: (units[name], name))
    for trial in order:
        length = lengths[trial.number]
        if length is not None and length.unit == unit:
            groups.setdefault(length, []).append(trial)
    known = {trial.number for trials in groups.values() for trial in trials}
    unknown = [trial for trial in order if trial.number not in known]
    return [*_of_unknown_length(facts, unknown), *_of_other_length(facts, groups)]


def _of_unknown_length(facts: FactWriter, unknown: list[Trial]) -> list[Claim]:
    """Return which ranked trials have no length in the unit of the others."""
    if not unknown:
        return []
    text = line(
        "It is not known whether {which} trained as long as the others.",
        which=facts.trials(sorted(unknown, key=lambda trial: trial.number), "length.unknown"),
    )
    return [Claim("L1", text, {"unknown": len(unknown)}, "", tuple(trial.number for trial in unknown))]


def _of_other_length(facts: FactWriter, groups: Mapping[TrainingLength, list[Trial]]) -> list[Claim]:
    """Return which ranked trials trained for another length than more than half of them did."""
    order = facts.data.order
    if len(groups) < 2:
        return []
    places = {trial.number: place for place, trial in enumerate(order)}
    common = max(groups, key=lambda length: (len(groups[length]), -places[groups[length][0].number]))
    counts = {f"{length.amount:g} {length.unit}": len(trials) for length, trials in groups.items()}
    if len(groups[common]) * 2 <= len(order):
        text = line(
            "These trials trained for {n} different lengths: differences between them may be the length of training.",
            n=facts.of_value("length.n", len(groups), order),
        )
        return [Claim("L1", text, {"lengths": dict(counts)}, "", tuple(trial.number for trial in order))]
    others = [trial for length, trials in groups.items() if length != common for trial in trials]
    ended = all(ended_alike(trial, groups[common][0], common) for trial in others)
    planned = "{which} {be} not to train for {n} {unit} as most were, and ended at the same step as they did."
    trained = "{which} did not train for {n} {unit} as most did: "
    text = line(
        planned if ended else f"{trained}differences to the others may be the length of training.",
        be="was" if len(others) == 1 else "were",
        which=facts.trials(sorted(others, key=lambda trial: trial.number), "length.others", capital=True),
        n=facts.of_value("length.usual", common.amount, groups[common], field=common.field),
        unit=unit_word(common),
    )
    return [Claim("L1", text, {"lengths": dict(counts)}, "", tuple(trial.number for trial in others))]


def stage_claims(facts: FactWriter) -> list[Claim]:
    """Return one line per stage: its trials, its best, and the change against the study's first baseline.

    The change is stated only if both trained equally long.
    """
    study, claims, metric = facts.study, [], facts.data.metric
    first_baseline = next((t for t in facts.view.trials if t.role == "baseline"), None)
    for stage in study.stages:
        trials = [trial for trial in facts.view.trials if trial.stage == stage.name]
        key = f"stage_line.{stage.name}"
        if not trials:
            claims.append(
                Claim("G1", line("Stage {name}: not begun.", name=Name(stage.name)), {"trials": 0}, stage.name)
            )
            continue
        complete = [trial for trial in trials if trial.status is TrialStatus.COMPLETE]
        ranked = ranked_in_stage(study, facts.view.averaged, stage)
        text: Line = line(
            "Stage {name}: {n}, {complete} complete",
            name=Name(stage.name),
            n=facts.count_with_noun(f"{key}.trials", trials, "trial"),
            complete=facts.count(f"{key}.complete", complete),
        )
        premise: dict[str, int] = {"trials": len(trials), "complete": len(complete)}
        if ranked:
            best = ranked[0]
            premise["best"] = best.number
            text += line(
                "; best {trial}, {metric} {value}{equal}",
                trial=facts.trial(best),
                equal=_equal_to(facts, best, ranked, key),
                metric=facts.name(metric),
                value=(facts.value(best, metric),),
            )
            text += _runs_behind(facts, best, ranked, key)
            text += _against_first(facts, first_baseline, best, key)
        claims.append(Claim("G1", (*text, "."), premise, stage.name, tuple(trial.number for trial in trials)))
    return claims


def _runs_behind(facts: FactWriter, best: Trial, ranked: Sequence[Trial], key: str) -> Line:
    """Return whether the value of a stage's best is a mean; () where no stage has means.

    A single run that was chosen for its value looks better than a mean of the same configuration.
    """
    if runs := runs_of_mean(facts.view, best):
        return line(" (mean of its {n} runs)", n=facts.count(f"{key}.runs", runs))
    if all(stage.seeds == 1 for stage in facts.study.stages):
        return ()
    if len(ranked) == 1:
        return (" (one run)",)
    of, equal = facts.count(f"{key}.ranked", ranked), _equal_ones(facts, best, ranked)
    if equal:
        return line(" (one run, among the {k} best of {n})", k=facts.count(f"{key}.equal", [best, *equal]), n=of)
    return line(" (one run, the best of {n})", n=of)


def _equal_ones(facts: FactWriter, best: Trial, ranked: Sequence[Trial]) -> list[Trial]:
    """Return the other trials of a stage with the very value of its best."""
    value = objective_value(facts.view, best)
    return [trial for trial in ranked if trial.number != best.number and objective_value(facts.view, trial) == value]


def _equal_to(facts: FactWriter, best: Trial, ranked: Sequence[Trial], key: str) -> Line:
    """Return `, as trials 5 and 9`, which have the value of a stage's best; () without any."""
    equal = sorted(_equal_ones(facts, best, ranked), key=lambda trial: trial.number)
    return (", as ", *facts.trials(equal, f"{key}.as")) if equal else ()


def _against_first(facts: FactWriter, baseline: Trial | None, best: Trial, key: str) -> Line:
    """Return how a stage's best compares with the study's first baseline, or why it is not compared."""
    metric = facts.data.metric
    if baseline is None or baseline.number == best.number or not has_finite_values(facts.view, baseline):
        return ()
    differences = [d for d in barriers(facts.view, baseline, best) if d.kind in ("code", "length", "unknown length")]
    if differences:
        verb = "was to train" if differences[0].is_planned else "trained"
        if differences[0].kind == "code":
            return line("; {baseline} ran other code or data: not compared", baseline=facts.trial(baseline))
        return line("; {baseline} {verb} for another length: not compared", baseline=facts.trial(baseline), verb=verb)
    if same_configuration(facts.view, baseline, [best]):
        return line("; it has the settings of {baseline}, the first baseline", baseline=facts.trial(baseline))
    # Nobody chose the baseline for its value: all its runs count.
    (old, runs), new = mean_of_runs(facts.view, baseline, facts.data.dead, best), objective_value(facts.view, best)
    change = facts.change(f"{key}.change", metric, old, new, [baseline, best])
    word = "equal to"
    size: Line = ()
    if isinstance(change, Fact):
        word = "lower than" if new < old else "higher than"
        size = (Fact(change.key, change.value, change.text.lstrip("+−"), change.trials), " ")
    return line(
        "; {size}{word} {baseline}, the first baseline{mean}{lengths}",
        size=size,
        word=word,
        baseline=facts.trial(baseline),
        mean=line(", mean of its {n} runs", n=facts.count(f"{key}.baseline_runs", runs)) if len(runs) > 1 else (),
        lengths=_both_lengths(facts, baseline, best),
    )


def _both_lengths(facts: FactWriter, baseline: Trial, best: Trial) -> Line:
    """Return `, which trained for 5 epochs, not 20`; () where the lengths are the same."""
    first, second = training_length(facts.view, baseline), training_length(facts.view, best)
    if first is None or second is None or first.amount == second.amount:
        return ()
    return line(
        ", which {verb} for {first} {unit}, not {second}",
        verb="was to train" if ended_alike(baseline, best, first) else "trained",
        first=length_fact(facts, baseline, first),
        unit=unit_word(first),
        second=length_fact(facts, best, second),
    )


def search_caveat(facts: FactWriter) -> Claim | None:
    """Return how many trials the search chose by values; None where it chose none.

    It stands above tables and below statements. Of all that ended: a table below has those, too, that were imported
    or trained for another length.
    """
    trials = [*facts.data.cohort.everything_here, *facts.data.cohort.imported]
    selected = chosen_by_values(facts.view, trials, facts.data.knowledge)
    if not selected:
        return None
    searched = [own_sampler(facts.study, trial) for trial in trials if trial.role is Role.SEARCH]
    chosen = sorted({sampler for sampler in searched if sampler not in SAMPLERS_WITHOUT_MEMORY})
    which: Line = ("these trials",)
    if len(selected) < len(trials):
        which = line(
            "{n} of these {all} trials", n=facts.count("search.chosen", selected), all=facts.count("search.of", trials)
        )
    has_rows = len(facts.study.objectives) == 1 and not (facts.data.is_stepwise and facts.data.steps)
    text = line(
        "The search chose {which}: the rows compare where it looked, not what a setting does."
        if has_rows
        else "The search chose {which}.",
        which=which,
    )
    uncounted = [Name(e) for e in chosen if e not in (*COUNTED_SAMPLERS, *SELDOM_COUNTED_SAMPLERS, laws.ENGINE)]
    seldom = [Name(engine) for engine in chosen if engine in SELDOM_COUNTED_SAMPLERS]
    missing = [line("too seldom by {others}", others=join_parts(seldom, ", ", " or "))] if seldom else []
    missing += [line("not by {others}", others=join_parts(uncounted, ", ", " or "))] if uncounted else []
    missing += [line("not where a law places the first trial")] if laws.ENGINE in chosen else []
    if missing:
        text += line(
            " How often statements on settings are wrong was counted for searches by {counted}, {missing}.",
            counted=join_with_and(Name(engine) for engine in COUNTED_SAMPLERS),
            missing=join_parts(missing, ", ", " and "),
        )
    return Claim("E8", text, {"samplers": list(chosen)})
