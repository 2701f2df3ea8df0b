"""Title, status line, and what the study is about in its author's words."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.trial import TrialStatus
from hptui.results.document import Block, Heading, Paragraph, Quote
from hptui.results.facts import Line, Name, Strong, Words, joined, line
from hptui.results.teller import Teller
from hptui.results.view import PSEUDO


def head(t: Teller) -> Iterator[Block]:
    """The top of every report."""
    yield Heading(1, (Name(t.study.report.title or t.study.name),))
    row = t.view.row
    parts: list[Line] = [line("Study {name}: {state}", name=Name(row.name, code=True), state=str(row.state)), status(t)]
    if row.seconds > 0:
        parts.append((t.duration("study.seconds", row.seconds, field="study.seconds"), " in all"))
    yield Paragraph((Strong(("Status",)), ": ", *joined(parts, " · ")))
    if row.message:
        yield Paragraph(line("The runner said: {message}", message=Name(row.message)))
    if t.study.trainer.kind == "toy":
        yield Paragraph((Strong((f"These numbers are {PSEUDO}.",)),))
    if t.study.about:
        yield Quote(Words(t.study.about), "the author, in the study file")


def status(t: Teller) -> Line:
    """`15 trials: 12 complete, 2 failed, 1 pruned`."""
    trials = t.view.trials
    if not trials:
        return ("no trial has started",)
    by = {status: [one for one in trials if one.status is status] for status in TrialStatus}
    order = [TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED, TrialStatus.STOPPED]
    order += [TrialStatus.RUNNING, TrialStatus.PAUSED, TrialStatus.WAITING]
    parts = [line("{n} {status}", n=t.count(f"study.{one}", by[one]), status=str(one)) for one in order if by[one]]
    word = "trial" if len(trials) == 1 else "trials"
    return line("{n} {word}: {parts}", n=t.count("study.trials", trials), word=word, parts=joined(parts))
