"""MC: pairs of trials that were fixed before the data, question by question: the base model or the baseline."""

from __future__ import annotations

from hptui.core.trial import Role, Trial
from hptui.results.analysis.cohort import of_same_code, ranked_trials
from hptui.results.analysis.paired import PairTest, holm, pair_test
from hptui.results.analysis.reference import base_model_trial
from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, line

MAX_PAIRS = 12
"""Pairs that are named one by one; of more listed trials nothing is stated."""


def fixed_pairs(facts: FactWriter) -> list[tuple[Trial, Trial]]:
    """Return the pairs (old, new) that nobody chose by their values.

    They are the base model and the only trial of a study, or the baseline and the trials of a list.
    """
    if len(facts.study.objectives) != 1:
        return []
    trials = [trial for trial in ranked_trials(facts.view) if trial.replicate_of is None]
    base, baseline = base_model_trial(facts.view), facts.view.baseline
    if len(trials) == 1:
        return [] if base is None or facts.view.ran_other_code(base.number, trials[0].number) else [(base, trials[0])]
    known = {Role.BASELINE, Role.LISTED}
    if baseline is None or any(trial.role not in known for trial in trials) or facts.study.stages:
        return []
    trials = of_same_code(facts.view, trials, baseline)
    return [(baseline, trial) for trial in sorted(trials, key=lambda t: t.number) if trial.number != baseline.number]


def pair_claims(facts: FactWriter) -> list[Claim]:
    """Return what the same questions say of each of these pairs."""
    pairs = fixed_pairs(facts)
    tests = [test for old, new in pairs if (test := pair_test(facts.view, old, new)) is not None]
    if not tests or len(tests) > MAX_PAIRS:
        return []
    apart = holm([test.p for test in tests])
    return [
        Claim(
            "MC",
            _text(facts, test, is_apart=is_apart, several=len(tests) > 1),
            {"only_old": test.only_first, "only_new": test.only_second, "p": test.p, "pairs": len(tests)},
            facts.data.metric,
            (test.first.number, test.second.number),
        )
        for test, is_apart in zip(tests, apart, strict=True)
    ]


def _text(facts: FactWriter, test: PairTest, *, is_apart: bool, several: bool) -> Line:
    key, both = f"pair.{test.first.number}.{test.second.number}", [test.first, test.second]
    more, fewer = test.only_second, test.only_first
    higher = facts.study.objective.goal == "maximize"
    if not is_apart:
        verdict: Line = ("they cannot be told apart",)
    else:
        better = test.second if (more > fewer) == higher else test.first
        verdict = line("{trial} is better", trial=_labelled(facts, better))
    return line(
        "Of the same {n} questions, {new} alone has {b} right, {old} alone {c}: {verdict} ({how}).",
        n=facts.of_value(f"{key}.questions", test.questions, both),
        b=facts.of_value(f"{key}.new", more, both),
        c=facts.of_value(f"{key}.old", fewer, both),
        new=_labelled(facts, test.second),
        old=_labelled(facts, test.first),
        verdict=verdict,
        how="exact McNemar test, Holm's correction" if several else "exact McNemar test",
    )


def _labelled(facts: FactWriter, trial: Trial) -> Line:
    return ("the base model",) if trial.role is Role.BASE else facts.trial(trial)
