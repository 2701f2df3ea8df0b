"""What failed, diverged or was cut short, counted and by name; and what its curves say of the other trials."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.format import NOTHING
from hptui.model.trial import Reason, Role, Trial, TrialStatus
from hptui.results.analysis.cohort import searched, varied
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Line, Name, capital, line
from hptui.results.teller import Teller

MOST = 30
UNTOLD = {
    Reason.USER: "a person stopped it",
    Reason.PRUNER: "it was cut short",
    Reason.THRESHOLD: "it was cut short",
    Reason.TIMEOUT: "it ran longer than it was allowed",
    Reason.CRASH: "it failed, and left no message",
}
"""What a reason means, for the trial that left no words of its own."""


def failures(t: Teller) -> Iterator[Block]:
    """Trials without a value: why, with their settings; then the diagnoses of those with one."""
    yield from _without(t)
    yield from _sick(t)


def _without(t: Teller) -> Iterator[Block]:
    ended = (TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED)
    bad = [trial for trial in t.view.trials if trial.status in ended]
    if not bad:
        return
    yield Heading(2, ("Failed, pruned and stopped trials",))
    reasons = dict.fromkeys((str(trial.status), str(trial.reason or "")) for trial in bad)
    rows = []
    for status, reason in reasons:
        mine = [one for one in bad if (str(one.status), str(one.reason or "")) == (status, reason)]
        key = f"failed.{status}.{reason}"
        rows.append(((status,), (reason or NOTHING,), (t.count(key, mine),), t.trials(mine, key)))
    yield Table((("Status",), ("Reason",), ("Count",), ("Which",)), tuple(rows), frozenset({2}))
    asked = [name for name in searched(t.view).names if any(name in t.view.settings(one) for one in bad)]
    names = list(dict.fromkeys([*asked, *varied(t.view, bad)]))[:6]
    table = []
    for trial in bad[:MOST]:
        cells = [t.cell(trial, name) for name in names]
        reason = f" ({trial.reason})" if trial.reason else ""  # an import need not say why one failed
        table.append(
            (t.trial(trial), (f"{trial.status}{reason}",), *cells, (t.value(trial, "seconds"),), _happened(t, trial))
        )
    head: list[Line] = [("Trial",), ("Status",), *((t.name(name),) for name in names), ("After",), ("What happened",)]
    yield Table(tuple(head), tuple(table))
    if len(bad) > MOST:
        yield Paragraph(line("{n} more are not shown.", n=t.count("failed.more", bad[MOST:])))
    cures: dict[str, list[Trial]] = {}
    for trial in bad:
        found = t.record.diagnoses.get(trial.number)
        if trial.status is TrialStatus.FAILED and found is not None and found.remedies:
            cures.setdefault(found.remedies[0].sentence, []).append(trial)
    if cures:
        yield Paragraph(("What usually helps:",))
        yield Bullets(
            tuple(
                line("{which}: {cure}", which=capital(t.trials(own, f"cure.{n}")), cure=Name(cure))
                for n, (cure, own) in enumerate(list(cures.items())[:10])
            )
        )


def _happened(t: Teller, trial: Trial) -> Line:
    """What its curves tell of a failure, else the last words of the trial, else what its reason means."""
    found = t.record.diagnoses.get(trial.number)
    if found is not None and found.kind in ("oom", "nan", "exploding"):
        return found.line
    if trial.message:
        return (Name(trial.message),)
    if trial.role is Role.IMPORTED and trial.reason is None:
        return ("what it was imported from does not say",)
    return (UNTOLD.get(trial.reason, NOTHING),) if trial.reason else (NOTHING,)


def _sick(t: Teller) -> Iterator[Block]:
    """Complete trials whose curves say more than their value."""
    found = [
        (trial, t.record.diagnoses[trial.number])
        for trial in t.view.trials
        if trial.number in t.record.diagnoses and trial.status is TrialStatus.COMPLETE and trial.role is not Role.BASE
    ]
    sick = [(trial, told) for trial, told in found if not told.healthy]
    best = [
        (trial, told)
        for trial, told in found
        if t.record.best and trial.number == t.record.best.number and told.healthy
    ]
    lines = [_told(t, trial, told.line) for trial, told in (*best, *sick[:10]) if told.kind != "unknown"]
    if not lines:
        return
    yield Heading(2, ("Convergence and overfitting",))
    yield Bullets(tuple(lines))
    if len(sick) > 10:
        yield Paragraph(
            line("{n} more have curves that deserve a look.", n=t.count("sick.more", [trial for trial, _ in sick[10:]]))
        )


def _told(t: Teller, trial: Trial, what: Line) -> Line:
    best = ", the best" if t.record.best and trial.number == t.record.best.number else ""
    return line("{trial}{best}: {what}.", trial=t.trial(trial, capital=True), best=best, what=what)
