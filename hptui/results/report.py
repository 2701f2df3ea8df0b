"""A report: its sections in order, in one of two styles, as Markdown and `facts.json`.

Sections of installed packages stand behind the one that they name. One that fails is left out, and the report says so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from hptui import plugins
from hptui.core.errors import HptuiError
from hptui.plugins import ReportSectionSpec
from hptui.results import claims
from hptui.results.document import Block, CodeBlock, Image, Paragraph, ReportDocument, folded, lines_of
from hptui.results.fact_index import render_with_index, same_value
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, facts_of
from hptui.results.fence import fenced
from hptui.results.own_digits import in_own_digits
from hptui.results.report_data import ReportData
from hptui.results.sections.curves import curves

STYLES = ("results", "hyperparameters")
"""Styles of a report: all results, or the configuration of the best trial."""

log = logging.getLogger(__name__)
SECTIONS_BY_STYLE: Mapping[str, tuple[str, ...]] = {
    "results": (
        "head",
        "best",
        "comparison",
        "trials",
        "stages",
        "rungs",
        "effects",
        "failures",
        "recommendations",
        "curves",
        "setup",
        "space",
        "fixed",
        "search",
        "cost",
        "config",
        "conclusion",
        "checkpoints",
        "rationale",
        "future",
        "presets",
        "reproduce",
        "provenance",
    ),
    "hyperparameters": (
        "head",
        "summary",
        "breakdown",
        "derived",
        "best",
        "checkpoints",
        "curves",
        "rationale",
        "alternatives",
        "config",
        "setup",
        "reproduce",
        "future",
        "provenance",
    ),
}
"""Names of the built-in sections of each style, in order."""
FOLDED_BY_STYLE: Mapping[str, frozenset[str]] = {
    "results": frozenset(
        [
            "setup",
            "space",
            "fixed",
            "search",
            "cost",
            "config",
            "conclusion",
            "checkpoints",
            "rationale",
            "future",
            "presets",
            "reproduce",
            "provenance",
        ]
    ),
    "hyperparameters": frozenset({"setup", "reproduce", "provenance"}),
}
"""Sections of each style that are folded away under their headings."""


def compose_report(record: ReportData, style: str | None = None, images: Sequence[Block] = ()) -> ReportDocument:
    """Return the report of a study as a document; `images` are the plots written next to it."""
    facts = FactWriter(record)
    images = [
        replace(block, caption=in_own_digits(facts, block.caption)) if isinstance(block, Image) else block
        for block in images
    ]
    chosen_style = style or record.view.study.report.style
    blocks_by_section: dict[str, list[Block]] = {}
    for name in SECTIONS_BY_STYLE[chosen_style]:
        section_blocks = fenced("section", name, partial(_section, name, record, facts, images))
        is_folded = name in FOLDED_BY_STYLE[chosen_style]
        blocks_by_section[name] = list(folded(section_blocks) if is_folded else section_blocks)
    for name, spec in _installed_sections().items():
        known_facts = {fact.key: fact for blocks in blocks_by_section.values() for fact in _facts(blocks)}
        plugin_blocks = list(_plugin_blocks(name, spec, facts, known_facts))
        blocks_by_section = _inserted(blocks_by_section, name, plugin_blocks, spec.after)
    row = record.view.row
    about = {"study": row.name, "uuid": row.uuid, "style": chosen_style, "asof": f"{record.asof:.3f}"}
    blocks = [block for blocks in blocks_by_section.values() for block in blocks]
    return ReportDocument(tuple(blocks), about, tuple(_claims_or_none(facts)))


def _claims_or_none(facts: FactWriter) -> list[claims.Claim]:
    try:
        return all_claims(facts)
    except Exception as error:  # the section that shows it says so
        log.info("the claims of a report failed", exc_info=error)
        return []


def all_claims(facts: FactWriter) -> list[claims.Claim]:
    """Return all claims that the sections of a report place."""
    of_one = (claims.question_answer, claims.against_baseline, claims.search_caveat)
    return [
        *(claims.sure(facts), claims.alike(facts), claims.mattered(facts), claims.next_step(facts)),
        *(claim for claim in (make(facts) for make in of_one) if claim is not None),
        *claims.best_claims(facts),
        *claims.pair_claims(facts),
        *(claim for goal in facts.study.objectives for claim in claims.effect_claims(facts, goal.metric)),
        *claims.ignored_claims(facts),
        *claims.region_claims(facts),
        *claims.range_claims(facts),
        *claims.edge_claims(facts),
        *claims.avoid_claims(facts),
        *claims.outlook(facts),
        *claims.curve_claims(facts),
        *claims.length_claims(facts),
        *claims.stage_claims(facts),
    ]


def _section(name: str, record: ReportData, facts: FactWriter, images: Sequence[Block]) -> Iterable[Block]:
    if name == "curves":
        return curves(facts, images)
    blocks: Iterable[Block] = plugins.load("report_sections", name, "write")(record, facts)
    return blocks


def _installed_sections() -> dict[str, ReportSectionSpec]:
    """Return the sections of installed packages.

    Nobody has named one, so one that cannot be loaded is left out.
    """
    specs = {}
    for name in plugins.names("report_sections", installed=True)[len(plugins.names("report_sections")) :]:
        try:
            specs[name] = plugins.spec("report_sections", name)
        except HptuiError:  # `hptui plugins` shows it
            continue
    return specs


def _inserted(sections: dict[str, list[Block]], name: str, blocks: list[Block], after: str) -> dict[str, list[Block]]:
    """Return the sections with another one behind the section `after`, or at the end."""
    names = list(sections)
    names.insert(names.index(after) + 1 if after in names else len(names), name)
    return {section: blocks if section == name else sections[section] for section in names}


def _plugin_blocks(
    name: str, spec: ReportSectionSpec, facts: FactWriter, known_facts: dict[str, Fact]
) -> Iterable[Block]:
    """Return the blocks of a package's section.

    A section that fails, or has a number that is no fact, is a sentence that says so.
    """
    try:
        write = plugins.load("report_sections", name, "write")
        blocks = tuple(write(facts.data, facts))
        problem = _problem(blocks, known_facts)
    except Exception as error:  # noqa: BLE001  somebody else's code may raise anything; the report must be written
        blocks, problem = (), f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if not problem:
        return blocks
    package = " ".join(plugins.origin("report_sections", name) or ())
    return [Paragraph(("The section ", Name(name), " of ", Name(package), " is left out: ", Name(problem)))]


def _problem(blocks: Sequence[Block], known_facts: dict[str, Fact]) -> str:
    """Return why a package's section is refused; '' if it is not."""
    for block in blocks:
        if isinstance(block, CodeBlock) and block.language != "text":
            continue
        for text in (text for line in lines_of(block) for text in _fixed_texts(line)):
            if re.search(r"\d", text):
                return f"it has a number that is no fact: {text.strip()!r}"
    for fact in _facts(blocks):
        if fact.key in known_facts and not same_value(known_facts[fact.key], fact):
            return f"its fact {fact.key} has another value in the rest of the report"
    return ""


def _fixed_texts(line: Line) -> Iterator[str]:
    for part in line:
        if isinstance(part, Bold):
            yield from _fixed_texts(part.parts)
        elif isinstance(part, str):
            yield part


def _facts(blocks: Iterable[Block]) -> Iterator[Fact]:
    return (fact for block in blocks for line in lines_of(block) for fact in facts_of(line))


def write_report(
    record: ReportData, name: str, style: str | None = None, images: Sequence[Block] = ()
) -> tuple[str, str]:
    """Return the report with the file name `name` as Markdown, and its `facts.json`."""
    return render_with_index(compose_report(record, style, images), name)
