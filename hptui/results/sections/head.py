"""The head of a report: title, state of the study, and its description by the author."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.trial import TrialStatus
from hptui.results.document import Block, Heading, Paragraph, Quote
from hptui.results.facts import Bold, Line, Name, UserText, join_parts, line
from hptui.results.teller import FactWriter
from hptui.results.view import PSEUDO_LOSS_NOTE


def report_head(facts: FactWriter) -> Iterator[Block]:
    """Yield the head of a report."""
    yield Heading(1, (Name(facts.study.report.title or facts.study.name),))
    row = facts.view.row
    parts: list[Line] = [
        line("Study {name}: {state}", name=Name(row.name, code=True), state=str(row.state)),
        trials_by_status(facts),
    ]
    if row.seconds > 0:
        parts.append((facts.duration("study.seconds", row.seconds, field="study.seconds"), " in all"))
    yield Paragraph((Bold(("Status",)), ": ", *join_parts(parts, " · ")))
    if row.message:
        yield Paragraph(line("The runner said: {message}", message=Name(row.message)))
    if facts.study.trainer.kind == "toy":
        yield Paragraph((Bold((f"These numbers are {PSEUDO_LOSS_NOTE}.",)),))
    if facts.study.about:
        yield Quote(UserText(facts.study.about), "the author, in the study file")


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
    word = "trial" if len(trials) == 1 else "trials"
    return line("{n} {word}: {parts}", n=facts.count("study.trials", trials), word=word, parts=join_parts(parts))
