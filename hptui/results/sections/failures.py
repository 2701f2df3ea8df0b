"""The sections `Failed, pruned and stopped trials` and `Convergence and overfitting`."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import NO_VALUE
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.results import claims
from hptui.results.analysis.cohort import searched_space, varying_settings
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, capitalize_first, line

MAX_FAILED_ROWS = 30
"""Number of trials listed."""
REASON_TEXTS = {
    Reason.USER: "a person stopped it",
    Reason.PRUNER: "it was cut short",
    Reason.THRESHOLD: "it was cut short",
    Reason.TIMEOUT: "it ran longer than it was allowed",
    Reason.CRASH: "it failed, and left no message",
    Reason.UNREADABLE: "what it left could not be read",
}
"""The text for a reason, for a trial that left no message."""


def failures(facts: FactWriter) -> Iterator[Block]:
    """Yield trials without a value, with reasons and settings; then the diagnoses of the others."""
    yield from _without_value(facts)
    yield from _diagnoses(facts)


def _without_value(facts: FactWriter) -> Iterator[Block]:
    ended = (TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED)
    ended_trials = [trial for trial in facts.view.trials if trial.status in ended]
    if not ended_trials:
        return
    yield Heading(2, ("Failed, pruned and stopped trials",))
    reasons = dict.fromkeys((str(trial.status), str(trial.reason or "")) for trial in ended_trials)
    rows = []
    for status, reason in reasons:
        same_reason = [
            trial for trial in ended_trials if (str(trial.status), str(trial.reason or "")) == (status, reason)
        ]
        key = f"failed.{status}.{reason}"
        rows.append(
            ((status,), (reason or NO_VALUE,), (facts.count(key, same_reason),), facts.trials(same_reason, key))
        )
    yield ReportTable((("Status",), ("Reason",), ("Count",), ("Which",)), tuple(rows), frozenset({2}))
    searched_names = [
        name
        for name in searched_space(facts.view).names
        if any(name in facts.view.settings(trial) for trial in ended_trials)
    ]
    names = list(dict.fromkeys([*searched_names, *varying_settings(facts.view, ended_trials)]))[:6]
    table = []
    for trial in ended_trials[:MAX_FAILED_ROWS]:
        cells = [facts.cell(trial, name) for name in names]
        reason = f" ({trial.reason})" if trial.reason else ""  # an imported failure may have no reason
        table.append(
            (
                facts.trial(trial),
                (f"{trial.status}{reason}",),
                *cells,
                (facts.value(trial, "seconds"),),
                _what_happened(facts, trial),
            )
        )
    head: list[Line] = [
        ("Trial",),
        ("Status",),
        *((facts.name(name),) for name in names),
        ("After",),
        ("What happened",),
    ]
    yield ReportTable(tuple(head), tuple(table))
    if len(ended_trials) > MAX_FAILED_ROWS:
        yield Paragraph(line("{n} more are not shown.", n=facts.count("failed.more", ended_trials[MAX_FAILED_ROWS:])))
    trials_by_suggestion: dict[str, list[Trial]] = {}
    for trial in ended_trials:
        diagnosis = facts.data.diagnoses.get(trial.number)
        if trial.status is TrialStatus.FAILED and diagnosis is not None and diagnosis.suggestions:
            trials_by_suggestion.setdefault(diagnosis.suggestions[0].sentence, []).append(trial)
    if trials_by_suggestion:
        yield Paragraph(("What usually helps:",))
        yield Bullets(
            tuple(
                line(
                    "{which}: {cure}", which=capitalize_first(facts.trials(trials, f"cure.{n}")), cure=Name(suggestion)
                )
                for n, (suggestion, trials) in enumerate(list(trials_by_suggestion.items())[:10])
            )
        )


def _what_happened(facts: FactWriter, trial: Trial) -> Line:
    """Return what happened to a trial: its diagnosis, else its message, else the meaning of its reason."""
    diagnosis = facts.data.diagnoses.get(trial.number)
    if diagnosis is not None and diagnosis.kind in ("oom", "nan", "exploding"):
        return diagnosis.line
    if trial.message:
        return (Name(trial.message),)
    if trial.role is Role.IMPORTED and trial.reason is None:
        return ("what it was imported from does not say",)
    return (REASON_TEXTS.get(trial.reason, NO_VALUE),) if trial.reason else (NO_VALUE,)


def _diagnoses(facts: FactWriter) -> Iterator[Block]:
    """Yield complete trials whose curves indicate a problem, and the best if it has none."""
    lines = [claim.line for claim in claims.curve_claims(facts)]
    if lines:
        yield Heading(2, ("Convergence and overfitting",))
        yield Bullets(tuple(lines))
