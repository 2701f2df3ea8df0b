"""NX: what to do next with a finished study, as one command that acts on it."""

from __future__ import annotations

from collections import Counter
from shlex import quote

from hptui.core.stages import expected_total, stage_named
from hptui.core.trial import Reason, Role, StudyState, Trial, TrialStatus
from hptui.results.analysis.cohort import MAX_FOR_CONFIGURATIONS, distinct_configurations, same_configuration
from hptui.results.analysis.fresh import runs_of
from hptui.results.claims.claim import Claim
from hptui.results.claims.first_lines import sure
from hptui.results.claims.ranges import edge_claims, range_command
from hptui.results.claims.repeats import what_repeats_show
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, line

SEEDS = 3
"""Fresh runs that are asked for."""
MANY_RUNS = 2 * SEEDS
"""Runs behind a mean from which no more are asked for."""
MAX_REPEATED = 3
"""Trials that cannot be distinguished from the best are repeated together, the best ones up to this number."""
MIN_ALIKE = 3
"""Configurations with one value from which the next step is to look at the metric."""
MORE = 10
"""Trials that are asked for where nothing else is to be done."""


def next_step(facts: FactWriter) -> Claim:
    """Return the next step as a phrase without a full stop; the command is a fact of it."""
    name, best, baseline = quote(facts.view.row.name), facts.data.best, facts.view.baseline
    if facts.data.is_runner_gone:
        return Claim("NX", (Fact("next", f"hptui run {name}", f"hptui run {name}"),), {"step": "resume"})
    if facts.view.row.state in (StudyState.RUNNING, StudyState.DRAINING):
        return Claim("NX", ("nothing yet: the study is running",), {"step": "wait"})
    if best is None:
        return _after_failures(facts)
    if _is_cut_short(facts):
        verb = "resume" if facts.view.row.state is StudyState.PAUSED else "run"
        return Claim("NX", (Fact("next", f"hptui {verb} {name}", f"hptui {verb} {name}"),), {"step": "resume"})
    if len(facts.study.objectives) == 1:
        values = {(trial.values or {}).get(facts.data.metric) for trial in facts.data.order}
        if len(values) == 1 and len(distinct_configurations(facts.view, facts.data.order)) >= MIN_ALIKE:
            why = line(
                "see whether {metric} measures what it should: all {n} trials have the same",
                metric=facts.name(facts.data.metric),
                n=facts.count("best.of", facts.data.order),
            )
            return Claim("NX", why, {"step": "constant"}, "", tuple(trial.number for trial in facts.data.order))
        answer = str(sure(facts).premise.get("answer"))
        may_repeat = not facts.data.dead_seeds and best.number in facts.originals and best.role is not Role.IMPORTED
        stage = stage_named(facts.study, best.stage)
        is_mean = stage is not None and stage.seeds > 1  # its repeats join the mean, and are never fresh runs
        if facts.data.fresh(best) is None and may_repeat and not is_mean and not _was_repeated(facts, best):
            targets = ["best"]
            is_other = baseline is not None and baseline.number != best.number and not _was_repeated(facts, baseline)
            if baseline is not None and is_other and answer in ("not yet", "yes for this run"):
                targets.append(str(baseline.number))
            return _repeat(facts, name, targets, "repeat")
        if rivals := _rivals(facts, best):
            return _repeat(facts, name, [str(trial.number) for trial in rivals], "alike")
    if edge_claims(facts) and (command := range_command(facts)) is not None:
        return Claim("NX", (command,), {"step": "space"})
    if facts.data.effect_trials and _may_go_on(facts):
        text = f"hptui run {name} --trials +{MORE}"
        return Claim("NX", (Fact("next", text, text),), {"step": "more"})
    return Claim("NX", ("nothing: done",), {"step": "done"})


def _rivals(facts: FactWriter, best: Trial) -> list[Trial]:
    """Return the trials to repeat where some cannot be distinguished from the best, itself too."""
    test = facts.data.range_test
    if test is None or not test.alike or facts.data.dead_seeds:
        return []
    rank = {trial.number: place for place, trial in enumerate(facts.data.order)}
    alike = sorted(test.alike, key=lambda trial: rank.get(trial.number, len(rank)))
    native = [trial for trial in (best, *alike) if trial.role is not Role.IMPORTED and trial.number in facts.originals]
    enough = MANY_RUNS if test.how == "seeds" else SEEDS  # by questions, repeats do not join the test
    few = [trial for trial in native if _runs(facts, trial) < enough]
    return distinct_configurations(facts.view, few)[:MAX_REPEATED]


def _runs(facts: FactWriter, trial: Trial) -> int:
    """Return how often the settings of a trial have run, in whichever trials."""
    again = [trial, *same_configuration(facts.view, trial, facts.data.peers[:MAX_FOR_CONFIGURATIONS])]
    return len({run.number for t in again for run in runs_of(facts.view, facts.originals.get(t.number, t))})


def _was_repeated(facts: FactWriter, trial: Trial) -> bool:
    """Return whether the settings of a trial have run as often as is asked for."""
    return _runs(facts, trial) >= SEEDS


def _is_cut_short(facts: FactWriter) -> bool:
    """Return whether the study was paused or stopped before it had as many trials as planned."""
    if facts.view.row.state not in (StudyState.PAUSED, StudyState.STOPPED):
        return False
    planned = expected_total(facts.study, facts.view.trials)
    return planned is None or planned > sum(not trial.status.open for trial in facts.view.trials)


def _repeat(facts: FactWriter, name: str, targets: list[str], why: str) -> Claim:
    commands = [f"hptui add {name} --repeat {target} --seeds {SEEDS}" for target in targets]
    text = " && ".join([*commands, f"hptui run {name}"])
    shown: Line = (Fact("next", text, text),)
    if note := what_repeats_show(facts):
        shown += ("; ", *note)
    return Claim("NX", shown, {"step": why, "repeat": list(targets)})


def _may_go_on(facts: FactWriter) -> bool:
    """Return whether more trials can be proposed: a list and a spent space have none."""
    sampler = facts.study.search.sampler
    if sampler == "list" or not facts.study.space.parameters or facts.study.stages:
        return False
    if facts.data.is_spent:
        return False
    size = facts.study.space.size if sampler == "grid" else None
    ended = [trial for trial in facts.view.trials if trial.role is Role.SEARCH and not trial.status.open]
    return size is None or len(ended) < size


def _after_failures(facts: FactWriter) -> Claim:
    """Return the remedy of the commonest failure of a study without any value."""
    if facts.data.order:
        why: Line = ("see the conditions in `[search] outcome`: no trial keeps them",)
        return Claim("NX", why, {"step": "outcome"}, "", tuple(trial.number for trial in facts.data.order))
    failed = [t for t in facts.view.trials if t.status is TrialStatus.FAILED and t.role is not Role.IMPORTED]
    reasons = Counter(trial.reason for trial in failed)
    # The commonest failure's remedy; of failures that are as common, that of the first one.
    for trial in sorted(failed, key=lambda t: (-reasons[t.reason], t.number)):
        diagnosis = facts.data.diagnoses.get(trial.number)
        if diagnosis is not None and diagnosis.suggestions:
            cure = diagnosis.suggestions[0].sentence
            text = line("{cure} (trial {n})", cure=Fact("next", cure, cure), n=facts.number(trial))
            return Claim("NX", text, {"step": "cure", "trials": reasons[trial.reason]}, "", (trial.number,))
        if trial.reason is Reason.TIMEOUT:
            longer = "give trials more time, [resources] timeout, or less to do"
            text = line("{cure} (trial {n})", cure=Fact("next", longer, longer), n=facts.number(trial))
            return Claim("NX", text, {"step": "cure", "trials": reasons[trial.reason]}, "", (trial.number,))
        if reasons[trial.reason] * 2 > len(failed):
            break  # most failed so, and nothing is known to help
    if failed:
        text = line("see why trial {n} failed", n=facts.number(failed[0]))
        return Claim("NX", text, {"step": "failed"}, "", (failed[0].number,))
    if not facts.study.objectives and any(not trial.status.open for trial in facts.view.trials):
        return Claim(
            "NX", ("name what to rank by: [objective] metric in a study file of another name",), {"step": "objective"}
        )
    if facts.view.row.state is StudyState.PAUSED:
        name = quote(facts.view.row.name)
        message = facts.view.row.message
        command = Fact("next", f"hptui resume {name}", f"hptui resume {name}")
        return Claim("NX", (*((Name(message), "; then: ") if message else ()), command), {"step": "resume"})
    return Claim("NX", ("nothing has ended yet",), {"step": "wait"})
