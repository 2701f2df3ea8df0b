"""E0: why nothing is stated of settings: too few trials, too few that differ, too many settings."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.core.trial import Trial
from hptui.results.analysis.evidence import MIN_DISTINCT, EffectAnalysis
from hptui.results.claims.claim import Claim
from hptui.results.claims.shapes import numbers_of
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, line


def nothing_stated(facts: FactWriter, analysis: EffectAnalysis) -> Claim | None:
    """Return why nothing is stated of settings; None where nothing was varied."""
    trials, key = analysis.trials, f"effects.{analysis.objective.metric}"
    partial = analysis.scores.partial
    stopped = {trial.number for trial in partial}
    whole = [trial for trial in trials if trial.number not in stopped]
    if analysis.reason == "few" and trials:
        text = line(
            "{n} too few to tell what a setting does.",
            n=(
                facts.count(f"{key}.n", trials),
                " comparable trial is" if len(trials) == 1 else " comparable trials are",
            ),
        )
    elif analysis.reason == "equal":
        text = _equal_values(facts, analysis, whole)
    elif analysis.reason == "incomplete":
        text = line(
            "{n} too few to tell what a setting does; {m} not trained to the end.",
            n=(facts.count(f"{key}.n", whole), " complete trial is" if len(whole) == 1 else " complete trials are"),
            m=(facts.count(f"{key}.partial", partial), " was" if len(partial) == 1 else " were"),
        )
    elif analysis.reason == "many":
        text = line(
            "{n} settings varied in {trials}: too many to tell what each does.",
            n=facts.of_value(f"{key}.settings", len(analysis.factors), trials),
            trials=facts.count_with_noun(f"{key}.n", trials, "trial"),
        )
    else:
        return None
    return Claim("E0", text, {"trials": len(trials), "reason": analysis.reason}, "", numbers_of(trials))


def _equal_values(facts: FactWriter, analysis: EffectAnalysis, whole: Sequence[Trial]) -> Line:
    """Return how many trials have the same value, where too few differ."""
    metric = analysis.objective.metric
    by_value: dict[float, list[Trial]] = {}
    for trial in whole:
        by_value.setdefault((trial.values or {})[metric], []).append(trial)
    most = max(by_value.values(), key=len)
    word = "complete trials" if len(whole) < len(analysis.trials) else "trials"
    if len(most) == len(whole):
        text = line("All {n} {word} have the same value", n=facts.count(f"effects.{metric}.n", whole), word=word)
    elif len(by_value) < MIN_DISTINCT:
        text = line(
            "The {n} {word} have {m} different values",
            n=facts.count(f"effects.{metric}.n", whole),
            word=word,
            m=facts.of_value(f"effects.{metric}.distinct", len(by_value), whole),
        )
    else:
        text = line(
            "{m} of {n} {word} have the same value",
            m=facts.count(f"effects.{metric}.equal", most),
            n=facts.count(f"effects.{metric}.n", whole),
            word=word,
        )
    return (*text, ": too few differ to tell what a setting does.")
