"""Which trials ran other code or data than the best, as the first screen states it."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.core.code_versions import CodeVersion
from hptui.core.trial import Trial
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, join_parts, join_with_and, line
from hptui.results.other_code import OtherCode, other_code, version_compared_with

MAX_VERSIONS = 3
"""Versions that are named one by one; of more their number is stated."""


def code_change(facts: FactWriter) -> Line:
    """Return which trials ran other code or data than the best, or may have done; () where none did."""
    version = version_compared_with(facts.view)
    if version is None:
        return ()
    others, best = other_code(facts.view, version), facts.data.best
    of: Line = ("of the last trial",)
    if best is not None and best.number in version.trials:
        of = line("of {trial}, the best", trial=facts.trial(best))
    parts = [_of_version(facts, f"code.{index}", other, of) for index, other in enumerate(others[:MAX_VERSIONS])]
    if rest := [trial for other in others[MAX_VERSIONS:] for trial in other.trials]:
        parts.append(line("{n} ran still other versions", n=facts.count_with_noun("code.more", rest, "trial")))
    if not parts:
        return _unclear(version, "")
    rule = ". Trials are compared, and means, noise and effects are computed, within one version only"
    return (*join_parts(parts, "; "), rule, *_unclear(version, ". "))


def _of_version(facts: FactWriter, key: str, other: OtherCode, of: Line) -> Line:
    """Return `3 trials (trials 2, 8 and 12) did not run the code and data of trial 17, the best (...)`."""
    changes = [(Name(name, code=True), " ", Name(f"{theirs} → {own}")) for name, theirs, own in other.changes]
    return line(
        "{n} ({which}) did not run the code and data {of}{changes}{mixed}",
        n=facts.count_with_noun(key, other.trials, "trial"),
        which=_which(facts, key, other.trials),
        of=of,
        changes=(" (", *join_parts(changes, ", "), ")") if changes else (),
        mixed=": the code changed between attempts of a trial" if other.is_mixed else "",
    )


def _which(facts: FactWriter, key: str, trials: Sequence[Trial]) -> Line:
    """Return `trials 0 to 16`, of trials with others between them their numbers."""
    first, last = trials[0], trials[-1]
    if len(trials) > 2 and last.number - first.number == len(trials) - 1:
        return ("trials ", facts.number(first), " to ", facts.number(last))
    return facts.trials(trials, f"{key}.which")


def _unclear(version: CodeVersion, before: str) -> Line:
    """Return what changed among trials of one version and need not have an effect; () if nothing did."""
    if not version.unclear:
        return ()
    names = join_with_and([(Name(name, code=True),) for name in version.unclear])
    return line(
        "{before}{names} changed between trials that ran the same script: they are compared, as whether that had an "
        "effect is not known",
        before=before,
        names=names,
    )
