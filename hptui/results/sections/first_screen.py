"""The first screen of a report: its question and the answer in twelve lines, each of which is there or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from hptui.core.ranking import meets_outcome
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.core.values import values_equal
from hptui.results import claims
from hptui.results.analysis.cohort import (
    is_as_written,
    knee_of_front,
    objective_value,
    pareto_front,
    searched_space,
)
from hptui.results.analysis.comparable import comparable
from hptui.results.analysis.cost import busy_intervals, gpu_names, gpu_seconds, seconds_from_start_to_end, union_seconds
from hptui.results.analysis.fresh import CHOSEN_TEMPLATE, LEADER_TEMPLATE
from hptui.results.claims.claim import Claim
from hptui.results.claims.code_change import code_change
from hptui.results.claims.knee import nearest_text
from hptui.results.claims.mattered import without_value
from hptui.results.claims.repeats import fresh_text
from hptui.results.document import Block, Bullets, Heading
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, UserText, join_parts, line
from hptui.results.sections.best import compared_with_front, stage_of_front
from hptui.results.sections.caveats import of_evaluations
from hptui.results.sections.failures import went_wrong
from hptui.results.view import PSEUDO_LOSS_NOTE

MAX_CHANGES = 6
"""Number of changed settings that are named."""


def first_screen(facts: FactWriter) -> Iterator[Block]:
    """Yield the title and the list below it."""
    yield Heading(1, (Name(facts.study.report.title or facts.study.name),))
    yield Bullets(tuple(first_screen_lines(facts)))


def first_screen_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield the eleven lines below the title, and one more where code or data changed between trials."""
    yield _about(facts)
    yield (Bold(("Study",)), ": ", *_study(facts))
    if changed := code_change(facts):
        yield (Bold(("Code and data",)), ": ", *changed)
    yield (Bold(("Best",)), ": ", *_best(facts))
    yield (Bold(("Changed",)), ": ", *_changed(facts))
    yield (Bold(("Against the baseline",)), ": ", *_against_baseline(facts))
    yield (Bold(("Sure that it is better?",)), " ", *_claim(claims.sure(facts), "not known"))
    yield (Bold(("Nearly as good",)), ": ", *_claim(claims.alike(facts), "not known"))
    yield (Bold(("Mattered",)), ": ", *_claim(claims.mattered(facts), "not known"))
    yield (Bold(("Went wrong",)), ": ", *went_wrong(facts))
    yield (Bold(("Cost",)), ": ", *_cost(facts))
    yield (Bold(("Next",)), ": ", *_next(facts))


def _claim(claim: Claim | None, otherwise: str) -> Line:
    return claim.line if claim is not None else (otherwise,)


COMMANDS = frozenset({"repeat", "alike", "space", "more", "resume"})
"""Next steps that are a command."""
COMMAND_FACTS = frozenset({"next", "recommend.space"})
"""Their facts."""


def _next(facts: FactWriter) -> Line:
    claim = claims.next_step(facts)
    if claim.premise.get("step") not in COMMANDS:
        return claim.line
    return tuple(
        replace(part, code=True) if isinstance(part, Fact) and part.key in COMMAND_FACTS else part
        for part in claim.line
    )


def _about(facts: FactWriter) -> Line:
    if not facts.study.about:
        return ("The study file has no `about`, so its question is not known.",)
    answer = claims.question_answer(facts)
    text: Line = (UserText(" ".join(facts.study.about.split())), " (the author)")
    if answer is None:
        return text
    has_subject = str(answer.line[0]).startswith(("These trials", "Of stage"))
    says = ". " if has_subject else ". These trials say: "
    return (*text, says, *answer.line)


def _study(facts: FactWriter) -> Line:
    row = facts.view.row
    gone = ", runner gone" if facts.data.is_runner_gone else ""
    text: Line = (Name(row.name, code=True), ", ", f"{row.state}{gone}", ", ", *trials_by_status(facts))
    if facts.study.trainer.kind == "toy":
        return (*text, ". The numbers are ", Bold((f"{PSEUDO_LOSS_NOTE}",)))
    return (*text, ". The runner: ", Name(row.message)) if row.message else text


def trials_by_status(facts: FactWriter) -> Line:
    """Return the number of trials by status: `15 trials: 12 complete, 2 failed, 1 pruned`."""
    trials = facts.view.trials
    if not trials:
        return ("no trial has started",)
    by_status = {status: [trial for trial in trials if trial.status is status] for status in TrialStatus}
    order = [TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED, TrialStatus.STOPPED]
    order += [TrialStatus.RUNNING, TrialStatus.PAUSED, TrialStatus.WAITING]
    parts = [
        line("{n} {status}", n=facts.count(f"study.{item}", by_status[item]), status=str(item))
        for item in order
        if by_status[item]
    ]
    return line("{n}: {parts}", n=facts.count_with_noun("study.trials", trials, "trial"), parts=join_parts(parts))


def _best(facts: FactWriter) -> Line:
    best, metric = facts.data.best, facts.data.metric
    if len(facts.study.objectives) > 1:
        front = pareto_front(facts.view)
        if not front and facts.data.order:
            return (f"{without_value(facts)}, so none is the best",)
        if not front:
            return ("no trial is complete with a value for every objective",)
        knee = knee_of_front(facts.view, front)
        text = line(
            "{n} trials form the Pareto front{stage}", n=facts.count("front.n", front), stage=stage_of_front(front)
        )
        if len(front) == 1:
            compared = compared_with_front(facts)
            imported = " (imported)" if front[0].role is Role.IMPORTED else ""
            text = line(
                "{trial}{imported}{stage} is as good as any other{which} in every objective",
                which="" if compared == "trial" else f" {compared}",
                stage=stage_of_front(front),
                trial=facts.trial(front[0]),
                imported=imported,
            )
        return text if knee is None else (*text, *nearest_text(facts, front, knee))
    if best is None and not facts.study.objectives:
        return ("the study has no objective, so no trial is the best",)
    if best is None:
        return (f"{without_value(facts)}, so none is the best",)
    value: Line = (facts.name(metric), " ", *facts.marked_value(best, metric), *of_evaluations(facts, best))
    value += (", of an incomplete curve",) if best.incomplete_curve else ()
    fresh = claims.fresh_runs(facts, best)
    if fresh is not None:
        value = line(CHOSEN_TEMPLATE, value=value)
        against = claims.against_baseline(facts)
        if against is None or best.number == getattr(facts.view.baseline, "number", None):  # else that line has it
            value += ("; ", *fresh_text(facts, fresh))
        value += _leader(facts, best)
    stage: Line = (" of stage ", Name(best.stage)) if best.stage else ()
    imported = " (imported)" if best.role is Role.IMPORTED else ""
    return (*facts.trial(best), imported, *stage, ", ", *value, *_best_here(facts, best), *_better_ones(facts, best))


def _better_ones(facts: FactWriter, best: Trial) -> Line:
    """Return how many trials have a better value and break a condition of the study; () if none has."""
    goal, value = facts.study.objective, objective_value(facts.view, best)
    kept = {trial.number for trial in facts.data.candidates}
    better = [
        trial
        for trial in facts.data.order
        if trial.number not in kept and goal.better(objective_value(facts.view, trial), value)
    ]
    unknown: Line = ()
    if meets_outcome(facts.study, best) is None:
        unknown = ("; whether it keeps the study's conditions is not known",)
    if not better:
        return unknown
    text = "; {n} with a better value {verb} a condition of the study"
    verb = "breaks" if len(better) == 1 else "break"
    return (*line(text, n=facts.count("best.broken", better), verb=verb), *unknown)


def _leader(facts: FactWriter, best: Trial) -> Line:
    """Return that another trial's fresh runs are better on average; () if none are."""
    leader = facts.data.fresh_leader
    if leader is None or leader.trial.number == best.number:
        return ()
    text = line(LEADER_TEMPLATE, other=facts.trial(leader.trial), value=fresh_text(facts, leader))
    return ("; ", *text)


def _best_here(facts: FactWriter, best: Trial) -> Line:
    """Return the best that ran here, and why an imported best may not be compared with it."""
    own = next((trial for trial in facts.data.candidates if trial.role is not Role.IMPORTED), None)
    if best.role is not Role.IMPORTED or own is None:
        return ()
    reasons = [item.text for item in comparable(facts.view, own, best) if item.kind != "imported"]
    return line(
        "; the best that ran here is {own}, {value}{why}",
        own=facts.trial(own),
        value=facts.marked_value(own, facts.data.metric),
        why=f" ({reasons[0]})" if reasons else "",
    )


def _changed(facts: FactWriter) -> Line:
    best = facts.data.best
    if best is None:
        return ("nothing to compare",)
    if len(facts.study.objectives) > 1:
        return ("see The best trials below: each of the front has its own settings",)
    configured = replace(best, effective={})  # what was asked for; the table of trials has what became of it
    # The file may have been edited since, and a stage may set something for its baseline, too.
    base, baseline, new = facts.view.base, facts.view.baseline, facts.view.settings(best)
    old = facts.view.compared_base if baseline is None else facts.view.settings(baseline)
    changes = [
        (facts.name(name), " ", _old_setting(facts, baseline, name), " → ", *facts.setting(configured, name))
        for name, value in new.items()
        if name in old and not values_equal(value, old[name])
    ]
    if best.role is not Role.IMPORTED:  # what it ran with besides is not known
        changes += [
            (facts.name(name), " ", _old_setting(facts, baseline, name), " → not set")
            for name in old
            if name not in new
        ]
    # What the study file does not set is a change, too: the baseline ran without it.
    changes += [
        (facts.name(name), " not set → ", *facts.setting(configured, name))
        for name in searched_space(facts.view).names
        if name not in old and name in best.params
    ]
    if best.role is Role.IMPORTED:
        return ("not known: it was imported",) if not changes else join_parts(changes[:MAX_CHANGES], " · ")
    if not changes and any(not values_equal(value, base.get(name)) for name, value in old.items()):
        return ("nothing: it has the settings of the baseline",)
    if not changes:
        return ("nothing: it has the settings of the study file",)
    more: Line = ()
    if len(changes) > MAX_CHANGES:
        more = (" · and ", facts.of_value("best.changes.more", len(changes) - MAX_CHANGES, [best]), " more")
    return (*join_parts(changes[:MAX_CHANGES], " · "), *more)


def _old_setting(facts: FactWriter, baseline: Trial | None, name: str) -> Fact:
    """Return a setting of the baseline; of the study file where none ran."""
    if baseline is None or name not in baseline.params:
        return facts.base_setting(name)
    (fact,) = facts.setting(replace(baseline, effective={}), name)
    assert isinstance(fact, Fact)
    return fact


def _against_baseline(facts: FactWriter) -> Line:
    claim = claims.against_baseline(facts)
    if claim is not None:
        return claim.line
    best, baseline = facts.data.best, facts.view.baseline
    if best is None:
        return (without_value(facts),)
    if baseline is None and any(trial.role is Role.BASELINE for trial in facts.view.trials):
        return ("the baseline ran in another stage: see Stages below",)
    if baseline is None:
        same = [t for t in facts.data.order if is_as_written(facts.view, t)]
        if not same:
            return ("no trial ran the settings of the study file",)
        text = "no baseline ran; {trial} has the settings of the study file: {value}"
        return line(text, trial=facts.trial(same[0]), value=facts.marked_value(same[0], facts.data.metric))
    if len(facts.study.objectives) > 1:
        return ("the baseline has no value for every objective",)
    return ("the baseline has no value",)


def _cost(facts: FactWriter) -> Line:
    attempts = list(chain.from_iterable(facts.data.attempts.values()))
    own = [trial for trial in facts.view.trials if facts.data.attempts.get(trial.number)]
    spans = busy_intervals(attempts)
    if not spans:
        return ("not known: no trial ran here",)
    parts: list[Line] = []
    seconds = gpu_seconds(attempts)
    names = gpu_names(attempts)
    if seconds:
        hours = facts.gpu_hours("cost.gpu_hours", seconds, own)
        on = join_parts(
            (facts.of_value(f"cost.gpus.{name}", count, own), " x ", Name(name)) for name, count in names.items()
        )
        parts.append((hours, " GPU hours on ", *on))
    around = () if seconds_from_start_to_end(attempts) is None else (" from start to end",)
    busy: Line = ("trials ran for ", facts.duration("cost.wall", union_seconds(spans), own), *around)
    is_known = any(attempt.environment for attempt in attempts)
    parts.append(busy if seconds or not is_known else (*busy, " without a GPU"))
    best = facts.data.best
    single = len(facts.study.objectives) == 1  # of several the trial that stands for the front is not the best
    if single and best is not None and best.ended is not None and best.role is not Role.IMPORTED:
        # Its repeats tell how good it is, not when it was found.
        until = facts.originals.get(best.number, best).ended or best.ended
        until_best = union_seconds([(start, min(end, until)) for start, end in spans if start < until])
        parts.append(("the best ended after ", facts.duration("cost.until_best", until_best, own), " of that"))
    return join_parts(parts)
