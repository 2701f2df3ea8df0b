"""I1: settings that the trainer seems to ignore."""

from __future__ import annotations

from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import line

MAX_IGNORED = 12
"""Ignored settings that are named one by one; of more only the number is stated."""


def ignored_claims(facts: FactWriter) -> list[Claim]:
    """Return the settings that the trainer seems to ignore: equal curves for other values."""
    claims = []
    ignored_settings = facts.data.ignored_settings
    for ignored in ignored_settings[:MAX_IGNORED]:
        first, second = ignored.pairs[0]
        more = len(ignored.pairs) - 1
        text = line(
            "{name} seems to be ignored: {first} and {second} have {a} and {b}, and the very same curves{more}.",
            name=facts.name(ignored.setting),
            first=facts.trial(first),
            second=facts.trial(second),
            a=facts.setting(first, ignored.setting),
            b=facts.setting(second, ignored.setting),
            more=line(
                " (and {n} {pairs} more)",
                n=facts.of_value(f"inert.{ignored.setting}.more", more),
                pairs="pair" if more == 1 else "pairs",
            )
            if more
            else (),
        )
        numbers = tuple(sorted({trial.number for pair in ignored.pairs for trial in pair}))
        claims.append(Claim("I1", text, {"pairs": len(ignored.pairs)}, ignored.setting, numbers))
    if others := ignored_settings[MAX_IGNORED:]:
        text = line(
            "{n} more settings seem to be ignored: the curves are the very same whatever they are.",
            n=facts.of_value("inert.more", len(others)),
        )
        premise = {"pairs": sum(len(ignored.pairs) for ignored in others)}
        claims.append(Claim("I1", text, premise, "+".join(ignored.setting for ignored in others)))
    return claims
