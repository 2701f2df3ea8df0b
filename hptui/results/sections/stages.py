"""The section `Stages`: one line for each stage of a staged study."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.results import claims
from hptui.results.document import Block, Bullets, Heading
from hptui.results.fact_writer import FactWriter


def stages(facts: FactWriter) -> Iterator[Block]:
    """Yield what each stage asked, tried, found, and handed on."""
    lines = tuple(claim.line for claim in claims.stage_claims(facts))
    if lines:
        yield Heading(2, ("Stages",))
        yield Bullets(lines)
