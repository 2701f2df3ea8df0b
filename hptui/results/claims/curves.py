"""What curves say of single trials: C1 turned, C2 overfitting, C4 still improving, C5 level, C6 not learning, C7
unstable. The diagnosis itself is made once, in `results.diagnosis`, for reports and screens alike."""

from __future__ import annotations

from hptui.core.trial import Role, TrialStatus
from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import line

MAX_NAMED = 10
"""Trials with a problem that are stated one by one."""


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
            what=diagnosis.line,
        )
        premise = dict(diagnosis.evidence)
        claims.append(Claim(diagnosis.claim, text, premise, facts.data.metric, (trial.number,)))
    if len(others) > MAX_NAMED:
        rest = [trial for trial, _ in others[MAX_NAMED:]]
        text = line("{n} more have curves that deserve a look.", n=facts.count("sick.more", rest))
        claims.append(Claim("C0", text, {"trials": len(rest)}, "", tuple(trial.number for trial in rest)))
    return claims
