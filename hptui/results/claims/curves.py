"""What curves say of single trials: C1 turned, C2 overfitting, C4 still improving, C5 level, C6 not learning, C7
unstable. The diagnosis itself is made once, in `results.diagnosis`, for reports and screens alike."""

from __future__ import annotations

from dataclasses import replace

from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.claims.claim import Claim
from hptui.results.claims.shapes import in_rate_points
from hptui.results.diagnosis import Diagnosis
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, Part, line

MAX_NAMED = 10
"""Trials with a problem that are stated one by one."""
VALUES = ("first", "last", "best", "train_first", "train_last")
"""Numbers of a diagnosis that are values of a metric."""


def curve_claims(facts: FactWriter) -> list[Claim]:
    """Return the diagnoses of complete trials: of the best, then of those whose curves indicate a problem."""
    best = facts.data.best
    diagnosed = [
        (trial, facts.data.diagnoses[trial.number])
        for trial in facts.view.trials
        if trial.number in facts.data.diagnoses and trial.status is TrialStatus.COMPLETE and trial.role is not Role.BASE
    ]
    own = [pair for pair in diagnosed if best is not None and pair[0].number == best.number]
    others = [pair for pair in diagnosed if pair not in own and not pair[1].healthy]
    claims = []
    for trial, diagnosis in (*own, *others[:MAX_NAMED]):
        if diagnosis.kind == "unknown":
            continue
        is_best = best is not None and trial.number == best.number
        text = line(
            "{trial}{best}: {what}.",
            trial=facts.trial(trial, capital=True),
            best=", the best" if is_best else "",
            what=as_in_report(facts, trial, diagnosis),
        )
        premise = dict(diagnosis.evidence)
        claims.append(Claim(diagnosis.claim, text, premise, facts.data.metric, (trial.number,)))
    if len(others) > MAX_NAMED:
        rest = [trial for trial, _ in others[MAX_NAMED:]]
        text = line("{n} more have curves that deserve a look.", n=facts.count("sick.more", rest))
        claims.append(Claim("C0", text, {"trials": len(rest)}, "", tuple(trial.number for trial in rest)))
    return claims


def as_in_report(facts: FactWriter, trial: Trial, diagnosis: Diagnosis) -> Line:
    """Return a diagnosis with names and values as the rest of a report has them.

    Where two values that differ would print the same, they keep their own digits.
    """
    curves = facts.data.curves.get(trial.number, {})
    texts: dict[str, str] = {}
    for part in diagnosis.line:
        if isinstance(part, Fact) and (metric := _metric_of(part)) is not None and isinstance(part.value, float | int):
            texts[part.key] = facts.format_value(metric, part.value).partition(" (")[0]
    of_metric: dict[str, list[Fact]] = {}
    for part in diagnosis.line:
        if isinstance(part, Fact) and part.key in texts:
            of_metric.setdefault(_metric_of(part) or "", []).append(part)
    for values in of_metric.values():
        if len({texts[part.key] for part in values}) < len({part.value for part in values}):
            texts.update({part.key: part.text for part in values})
    shown: list[Part] = []
    known = {*curves, *facts.data.summaries, *trial.metrics, facts.data.metric}
    for part in diagnosis.line:
        if isinstance(part, Name) and part.text in known:
            shown.append(facts.name(part.text))
        elif isinstance(part, Fact) and part.key in texts:
            shown.append(replace(part, text=texts[part.key]))
        elif isinstance(part, Fact) and ".diagnosis.late." in part.key:
            shown.append(in_rate_points(facts, part.key.partition(".diagnosis.late.")[2], part))
        else:
            shown.append(part)
    return tuple(shown)


def _metric_of(fact: Fact) -> str | None:
    """Return the metric that a number of a diagnosis is a value of; None for a step or a count."""
    kind, _, metric = fact.key.partition(".diagnosis.")[2].partition(".")
    return metric if kind in VALUES and metric else None
