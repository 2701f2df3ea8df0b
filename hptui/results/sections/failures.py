"""The section `What went wrong`: where trials failed, those without a value, and diagnoses of curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten

from hptui.core.format import NO_VALUE
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.results import claims
from hptui.results.analysis.cohort import searched_space, varying_settings
from hptui.results.analysis.cost import busy_intervals, union_seconds
from hptui.results.analysis.failure_regions import was_nonfinite
from hptui.results.claims.curves import as_in_report
from hptui.results.claims.failures import region_text
from hptui.results.document import Block, Bullets, EndFold, Fold, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, join_parts, line

MAX_LISTED = 6
"""Trials without a value that are listed; more are folded away."""
MAX_FAILED_ROWS = 30
"""Number of trials in the folded table."""
MAX_DIAGNOSES = 5
"""Diagnoses of curves that are listed; more are folded away."""
MAX_WORDS = 240
"""Characters of a message that stand behind a diagnosis."""
AFTER_NAN = "after NaN or infinity"
"""What stands behind the end of a trial whose objective was no finite number by then."""
REASON_WORDS = {
    Reason.OOM: "ran out of memory",
    Reason.HOST_OOM: "ran out of the machine's memory",
    Reason.NAN: "became NaN or infinite",
    Reason.CRASH: "crashed",
    Reason.HUNG: "hung",
    Reason.TIMEOUT: "took too long",
    Reason.USAGE: "had unusable settings",
    Reason.LOST: "vanished",
    Reason.NO_METRIC: "never reported the objective",
    Reason.SETUP: "could not begin",
    Reason.DISK_FULL: "found the disk full",
    Reason.GPU_FAULT: "met a fault of the GPU",
    Reason.UNREADABLE: "left something that cannot be read",
}
"""What became of failed trials, by reason."""
NON_FINITE_ENDS = tuple(f"ended as {value}" for value in ("nan", "inf", "-inf", "infinity", "minus infinity"))
"""Ends of messages by which hptui itself says that a value is no number."""
REASON_TEXTS = {
    Reason.USER: "a person stopped it",
    Reason.PRUNER: "it was cut short",
    Reason.THRESHOLD: "it was cut short",
    Reason.TIMEOUT: "it ran longer than it was allowed",
    Reason.CRASH: "it failed, and left no message",
    Reason.UNREADABLE: "what it left could not be read",
}
"""The text for a reason, for a trial that left no message."""


def went_wrong(facts: FactWriter) -> Line:
    """Return how many trials did not complete, and why, as the first screen has it."""
    trials = facts.view.trials
    failed = [trial for trial in trials if trial.status is TrialStatus.FAILED]
    parts: list[Line] = []
    for reason in dict.fromkeys(trial.reason for trial in failed):
        same = [trial for trial in failed if trial.reason is reason]
        words = REASON_WORDS.get(reason, f"failed ({reason})") if reason is not None else "failed"
        after = _after_nan(facts, f"wrong.{reason}", same)
        parts.append((facts.count(f"wrong.{reason}", same), f" {words}", *after, *_where_failed(facts, same)))
    for status in (TrialStatus.PRUNED, TrialStatus.STOPPED):
        if same := [trial for trial in trials if trial.status is status]:
            word = "pruned" if status is TrialStatus.PRUNED else "stopped"
            key = f"study.{status}"
            parts.append((facts.count(key, same), f" {word}", *_after_nan(facts, key, same)))
    if not trials:
        return ("nothing has run",)
    if not parts:
        return ("nothing: no trial failed or was pruned",)
    start = ("no trial failed: ",) if not failed else ()
    return (*start, *join_parts(parts), ", of ", *facts.count_with_noun("study.trials", trials, "trial"))


def _after_nan(facts: FactWriter, key: str, ended: Sequence[Trial]) -> Line:
    """Return ` (1 of them after NaN or infinity)` behind trials that something else ended; else ()."""
    nonfinite = [trial for trial in ended if was_nonfinite(trial, facts.data.metric)]
    if not nonfinite:
        return ()
    if len(nonfinite) == len(ended):
        return (f" {AFTER_NAN}",)
    return line(" ({n} of them {after})", n=facts.count(f"{key}.nan", nonfinite), after=AFTER_NAN)


def _where_failed(facts: FactWriter, failed: Sequence[Trial]) -> Line:
    """Return ` (batch_size >= 64)` behind failures that are all in one region; () for others."""
    numbers = {trial.number for trial in failed}
    region = next((r for r in facts.data.regions if {trial.number for trial in r.bad} == numbers), None)
    return () if region is None else (" (", *region_text(facts, region), ")")


def failures(facts: FactWriter) -> Iterator[Block]:
    """Yield where trials failed, the trials without a value, and what their curves show of the others."""
    regions = [claim.line for claim in claims.region_claims(facts)]
    blocks = list(_without_value(facts))
    diagnoses = [claim.line for claim in claims.curve_claims(facts)]
    if not (regions or blocks or diagnoses):
        return
    yield Heading(2, ("What went wrong" if regions or blocks else "What curves show",))
    if regions:
        yield Bullets(tuple(regions))
    yield from blocks
    if diagnoses:
        yield from [Paragraph(("What curves show:",))] if regions or blocks else []
        yield Bullets(tuple(diagnoses[:MAX_DIAGNOSES]))
    if diagnoses[MAX_DIAGNOSES:]:
        yield Fold(("What the other curves show",))
        yield Bullets(tuple(diagnoses[MAX_DIAGNOSES:]))
        yield EndFold()


def _without_value(facts: FactWriter) -> Iterator[Block]:
    ended = (TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED)
    ended_trials = [trial for trial in facts.view.trials if trial.status in ended]
    if not ended_trials:
        return
    if len(ended_trials) > MAX_LISTED:
        yield _table_of_reasons(facts, ended_trials)
        yield Fold(("Failed, pruned and stopped trials",))
    yield _table_of_trials(facts, ended_trials[:MAX_FAILED_ROWS])
    if len(ended_trials) > MAX_FAILED_ROWS:
        yield Paragraph(line("{n} more are not shown.", n=facts.count("failed.more", ended_trials[MAX_FAILED_ROWS:])))
    if len(ended_trials) > MAX_LISTED:
        yield EndFold()
    yield from _remedies(facts, ended_trials)


def _table_of_reasons(facts: FactWriter, ended_trials: Sequence[Trial]) -> Block:
    """Return the ended trials by reason; those that had become NaN before have a row of their own."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in ended_trials:
        before = f", {AFTER_NAN}" if was_nonfinite(trial, facts.data.metric) else ""
        groups.setdefault((str(trial.status), f"{trial.reason or NO_VALUE}{before}"), []).append(trial)
    rows = []
    for (status, reason), same in groups.items():
        key = f"failed.{status}.{reason}"
        rows.append(((status,), (reason,), (facts.count(key, same),), facts.trials(same, key)))
    return ReportTable((("Status",), ("Reason",), ("Count",), ("Which",)), tuple(rows), frozenset({2}))


def _table_of_trials(facts: FactWriter, trials: Sequence[Trial]) -> Block:
    searched = [
        name for name in searched_space(facts.view).names if any(name in facts.view.settings(trial) for trial in trials)
    ]
    names = list(dict.fromkeys([*searched, *varying_settings(facts.view, trials)]))[:6]
    rows = []
    for trial in trials:
        cells = [facts.setting(trial, name) for name in names]
        reason = f" ({trial.reason})" if trial.reason else ""  # an imported failure may have no reason
        status: Line = (f"{trial.status}{reason}",)
        after = _after(facts, trial)
        rows.append((facts.trial(trial), status, *cells, after, _what_happened(facts, trial)))
    head: list[Line] = [("Trial",), ("Status",), *((facts.name(name),) for name in names)]
    return ReportTable((*head, ("After",), ("What happened",)), tuple(rows))


def _after(facts: FactWriter, trial: Trial) -> Line:
    """Return how long a trial ran; a limit counts from the start of its process."""
    spans = busy_intervals(facts.data.attempts.get(trial.number, ()))
    if trial.reason is not Reason.TIMEOUT or union_seconds(spans) <= trial.seconds:
        return (facts.value(trial, "seconds"),)
    return (facts.duration(f"trial.{trial.number}.at_work", union_seconds(spans), [trial]), " from its start")


def _remedies(facts: FactWriter, ended_trials: Sequence[Trial]) -> Iterator[Block]:
    trials_by_suggestion: dict[str, list[Trial]] = {}
    for trial in ended_trials:
        diagnosis = facts.data.diagnoses.get(trial.number)
        if trial.status is TrialStatus.FAILED and diagnosis is not None and diagnosis.suggestions:
            trials_by_suggestion.setdefault(diagnosis.suggestions[0].sentence, []).append(trial)
    if trials_by_suggestion:
        yield Paragraph(("What usually helps:",))
        yield Bullets(
            tuple(
                line("{which}: {cure}", which=facts.trials(trials, f"cure.{n}", capital=True), cure=Name(suggestion))
                for n, (suggestion, trials) in enumerate(list(trials_by_suggestion.items())[:MAX_LISTED])
            )
        )


def _what_happened(facts: FactWriter, trial: Trial) -> Line:
    """Return what happened to a trial: its diagnosis, else its message, else the meaning of its reason.

    Of one that was cut short it is the message: what its curve did until its process had ended is not why.
    """
    diagnosis = facts.data.diagnoses.get(trial.number)
    is_cut = trial.status is not TrialStatus.FAILED and bool(trial.message)
    if diagnosis is not None and diagnosis.kind in ("oom", "nan", "exploding") and not is_cut:
        return (*as_in_report(facts, trial, diagnosis), *_message_behind(trial))
    if trial.message:
        return (Name(trial.message),)
    if trial.role is Role.IMPORTED and trial.reason is None:
        return ("what it was imported from does not say",)
    return (REASON_TEXTS.get(trial.reason, NO_VALUE),) if trial.reason else (NO_VALUE,)


def _message_behind(trial: Trial) -> Line:
    """Return the message of a failed trial, behind a diagnosis: how much memory, only it knows."""
    words = " ".join(trial.message.split())
    if not words or words.lower().endswith(NON_FINITE_ENDS):  # the diagnosis has the metric and its step
        return ()
    return ("; message: ", Name(shorten(words, MAX_WORDS, placeholder=" …")))
