"""Where trials fail: F1 a region of one kind of failure, F2 what to avoid."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.core.parameters import Choice
from hptui.core.trial import Trial, TrialStatus
from hptui.core.values import is_number, number_text
from hptui.results.analysis.cohort import searched_space
from hptui.results.analysis.failure_regions import Condition, FailureRegion, failure_kind
from hptui.results.analysis.outward import to_digits
from hptui.results.analysis.significance import wilson_interval
from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, join_parts, join_with_and, line

OUTCOME_TEXTS = {
    "zero": "had nothing right",
    "oom": "ran out of memory",
    "nan": "became NaN or infinite",
    "timeout": "were ended at the timeout",
    "pruned": "were pruned",
}
"""What happened to the trials of a region."""
UNCOUNTED_TEXTS = {kind: text for kind, text in OUTCOME_TEXTS.items() if kind != "zero"}
"""What happened to trials that could not fail as those of a region did."""
ALTERNATIVE = " or, which these trials cannot tell apart, "
"""What stands between conditions that the same trials meet: either may be the cause."""
MAX_EXCEPTIONS = 3
"""Trials of a region that did not fail are named up to this number."""


def region_claims(facts: FactWriter) -> list[Claim]:
    """Return the regions in which failures are concentrated more than by chance."""
    claims = []
    for region in facts.data.regions:
        key = _key(region)
        text = line(
            "{bad} of {inside} trials with {where} {what}, {others_bad} of {outside} others{exceptions}{apart}.",
            bad=facts.count(f"{key}.bad", region.bad),
            inside=facts.count(f"{key}.inside", region.inside),
            where=region_text(facts, region),
            what=_outcome_text(region),
            others_bad=facts.count(f"{key}.bad_outside", region.bad_outside),
            outside=facts.count(f"{key}.outside", region.outside),
            exceptions=_exceptions(facts, region),
            apart=_not_counted(facts, f"{key}.unexposed", region, region.unexposed),
        )
        premise = {
            "p": region.p,
            "bad": len(region.bad),
            "inside": len(region.inside),
            "bad_outside": len(region.bad_outside),
            "outside": len(region.outside),
        }
        numbers = tuple(trial.number for trial in (*region.inside, *region.outside))
        claims.append(Claim("F1", text, premise, "+".join(c.setting for c in region.conditions), numbers))
    return claims


def avoid_claims(facts: FactWriter) -> list[Claim]:
    """Return the regions to avoid: more than half of the trials there fail, with 95 % confidence."""
    claims = []
    for region in facts.data.regions:
        lower = wilson_interval(len(region.bad), len(region.inside)).low
        if region.kind in ("pruned", "timeout") or lower <= 0.5:  # nothing is wrong there, or a longer timeout helps
            continue
        if not all(_is_searched(facts, condition) for condition in region.conditions):
            continue  # nothing is proposed there any more
        key = _key(region)
        text = line(
            "Avoid {where}: {bad} of {inside} trials there {what}{exceptions}{apart}.",
            where=region_text(facts, region),
            bad=facts.count(f"{key}.bad", region.bad),
            inside=facts.count(f"{key}.inside", region.inside),
            what=OUTCOME_TEXTS[region.kind],
            exceptions=_exceptions(facts, region),
            apart=_not_counted(facts, f"{key}.unexposed_inside", region, region.unexposed_inside),
        )
        subject = "+".join(condition.setting for condition in region.conditions)
        claims.append(Claim("F2", text, {"lower": lower}, subject, tuple(trial.number for trial in region.inside)))
    return claims


def _is_searched(facts: FactWriter, condition: Condition) -> bool:
    """Return whether the present space has values that meet a condition, as far as it has the setting."""
    parameter = searched_space(facts.view).get(condition.setting)
    if parameter is None:
        return True
    if condition.relation == "=" or not is_number(condition.bound):
        return parameter.contains(condition.bound)
    values = (
        [value for value in parameter.choices if is_number(value)]
        if isinstance(parameter, Choice)
        else [parameter.low, parameter.high]
    )
    return max(values) >= condition.bound if condition.relation == ">=" else min(values) <= condition.bound


def _outcome_text(region: FailureRegion) -> str:
    """Return what happened to the trials of a region: what was done to them is no measure of the others."""
    text = OUTCOME_TEXTS[region.kind]
    return _of_one(text) if len(region.bad) == 1 else text


def _of_one(text: str) -> str:
    """Return an outcome of several trials as that of one: `was pruned`."""
    return f"was{text.removeprefix('were')}" if text.startswith("were ") else text


def _not_counted(facts: FactWriter, key: str, region: FailureRegion, trials: tuple[Trial, ...]) -> Line:
    """Return that trials which ended otherwise before they could fail so are not counted.

    Not the baseline: that no rule prunes it is no other end.
    """
    trials = tuple(trial for trial in trials if trial.status is not TrialStatus.COMPLETE)
    if not trials:
        return ()
    kinds = {failure_kind(trial) for trial in trials}
    how = UNCOUNTED_TEXTS.get(kinds.pop(), "failed otherwise") if len(kinds) == 1 else "ended otherwise"
    how = "were not run to the end" if region.kind == "timeout" else how
    how = _of_one(how) if len(trials) == 1 else how
    do = "does" if len(trials) == 1 else "do"
    return line("; {n} that {how} {do} not count", n=facts.count(key, trials), how=how, do=do)


def _key(region: FailureRegion) -> str:
    return f"region.{region.kind}.{'+'.join(condition.setting for condition in region.conditions)}"


def region_text(facts: FactWriter, region: FailureRegion) -> Line:
    """Return the conditions of a region; several with the same trials are alternatives, and no union."""
    return join_parts((_condition(facts, region, single) for single in region.conditions), ", ", ALTERNATIVE)


def _condition(facts: FactWriter, region: FailureRegion, condition: Condition) -> Line:
    at = _trial_at(facts, region, condition)
    bound = facts.setting(at, condition.setting)
    if isinstance(condition.bound, float) and condition.relation != "=" and len(bound) == 1:
        beyond = [facts.view.settings(trial).get(condition.setting) for trial in (*region.outside, *region.unexposed)]
        value = _rounded(condition.bound, [v for v in beyond if is_number(v)], down=condition.relation == ">=")
        bound = (facts.of_value(f"{_key(region)}.{condition.setting}.bound", value, [at], text=number_text(value)),)
    return line(
        "{name} {relation} {bound}", name=facts.name(condition.setting), relation=condition.relation, bound=bound
    )


def _rounded(bound: float, others: Sequence[float], *, down: bool) -> float:
    """Return a bound rounded outwards, to four digits or as many as keep the `others` outside."""
    sign = 1 if down else -1
    clear = [other for other in others if sign * other < sign * bound]
    for digits in range(4, 17):
        rounded = to_digits(bound, digits, down=down)
        if all(sign * other < sign * rounded for other in clear):
            return rounded
    return bound


def _trial_at(facts: FactWriter, region: FailureRegion, condition: Condition) -> Trial:
    """Return a trial of the region at its bound."""
    return next(t for t in region.inside if facts.view.settings(t).get(condition.setting) == condition.bound)


def _other_end(trial: Trial) -> str:
    """Return what else ended an exception early; '' for a complete one, which did well."""
    if trial.status is TrialStatus.COMPLETE:
        return ""
    return _of_one(OUTCOME_TEXTS.get(failure_kind(trial), "failed otherwise"))


def _exceptions(facts: FactWriter, region: FailureRegion) -> Line:
    if not region.exceptions:
        return ()
    name = region.conditions[0].setting
    shown, hidden = region.exceptions[:MAX_EXCEPTIONS], region.exceptions[MAX_EXCEPTIONS:]
    parts = [
        line(
            "{trial} ({name} {value}{end})",
            end=f", {end}" if (end := _other_end(trial)) else "",
            trial=facts.trial(trial),
            name=facts.name(name),
            value=facts.setting(trial, name),
        )
        for trial in shown
    ]
    more: Line = (" and ", facts.count(f"{_key(region)}.exceptions", hidden), " more") if hidden else ()
    otherwise = [trial for trial in hidden if _other_end(trial)]
    if otherwise:
        more += (", of which ", facts.count(f"{_key(region)}.otherwise", otherwise), " ended early, too")
    word = "an exception is" if len(region.exceptions) == 1 else "exceptions are"
    return line(
        "; {word} {parts}{more}", word=word, parts=join_parts(parts) if hidden else join_with_and(parts), more=more
    )
