"""What was changed in a study after it had begun: the changes, and why, in the words of the person who made them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hptui import studyfile
from hptui.core.errors import UserError
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, UserText, join_parts, line
from hptui.store.records import Revision


def revision_text(facts: FactWriter) -> Line:
    """Return which revision of the study this is, and what each one changed; () for the first."""
    revisions = facts.data.revisions
    if len(revisions) < 2:
        return ()
    reasons = join_parts(_reasons(revisions), "; ")
    return line(
        "The study was changed after it had begun; this is revision {n}{why}.",
        n=facts.of_value("study.revisions", len(revisions), field="study.revision"),
        why=(" (", *reasons, ")") if reasons else (),
    )


def _reasons(revisions: tuple[Revision, ...]) -> Iterator[Line]:
    """Yield what each revision changed; a reason that a person gave stands behind it in quotation marks."""
    for before, after in pairwise(revisions):
        changes = _changes(before, after)
        if changes:
            yield (Name(changes),)
        if after.why and after.why != changes:
            yield (UserText(after.why),)


def _changes(before: Revision, after: Revision) -> str:
    """Return the differences of two revisions in one line; '' if one of them cannot be read any more."""
    try:
        return "; ".join(studyfile.describe_changes(studyfile.from_json(before.spec), studyfile.from_json(after.spec)))
    except (UserError, LookupError, TypeError, ValueError):
        return ""
