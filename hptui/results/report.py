"""A report: its sections in order, in one of two styles, as Markdown and `facts.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hptui.results.document import Block, Document, Image
from hptui.results.ledger import rendered
from hptui.results.record import Record
from hptui.results.sections.against import against
from hptui.results.sections.alternatives import alternatives, presets
from hptui.results.sections.best import best
from hptui.results.sections.config import checkpoints, config
from hptui.results.sections.cost import cost
from hptui.results.sections.curves import curves
from hptui.results.sections.effects import per_parameter
from hptui.results.sections.failures import failures
from hptui.results.sections.findings import observations
from hptui.results.sections.head import head
from hptui.results.sections.recommend import future, rationale, recommendations
from hptui.results.sections.reproduce import provenance, reproduce
from hptui.results.sections.setup import setup
from hptui.results.sections.space import derived, fixed, search, space
from hptui.results.sections.summary import breakdown, summary
from hptui.results.sections.trials import history, ranking
from hptui.results.teller import Teller

STYLES = ("results", "hyperparameters")
"""Styles of a report: all results, or the configuration of the best trial."""
Section = Callable[[Teller], Iterable[Block]]
"""Yields the blocks of one section; nothing if there is nothing to report."""

RESULTS: tuple[Section, ...] = (
    head,
    setup,
    space,
    fixed,
    search,
    best,
    config,
    against,
    history,
    ranking,
    observations,
    per_parameter,
    failures,
    curves,
    checkpoints,
    cost,
    recommendations,
    rationale,
    future,
    presets,
    lambda facts: summary(facts, facts.record.best, brief=True),
    reproduce,
    provenance,
)
"""Sections of the style `results`, in order."""
HYPERPARAMETERS: tuple[Section, ...] = (
    head,
    setup,
    lambda facts: summary(facts, facts.record.best),
    lambda facts: breakdown(facts, facts.record.best),
    derived,
    best,
    checkpoints,
    curves,
    rationale,
    alternatives,
    config,
    reproduce,
    future,
    provenance,
)
"""Sections of the style `hyperparameters`, in order."""


def compose(record: Record, style: str | None = None, images: Sequence[Image] = ()) -> Document:
    """Return the report of a study as a document; `images` are the plots written next to it."""
    facts = Teller(record)
    chosen_style = style or record.view.study.report.style
    sections = HYPERPARAMETERS if chosen_style == "hyperparameters" else RESULTS
    blocks: list[Block] = []
    for section in sections:
        blocks += curves(facts, images) if section is curves else section(facts)
    row = record.view.row
    about = {"study": row.name, "uuid": row.uuid, "style": chosen_style, "asof": f"{record.asof:.3f}"}
    return Document(tuple(blocks), about)


def write(record: Record, name: str, style: str | None = None, images: Sequence[Image] = ()) -> tuple[str, str]:
    """Return the report with the file name `name` as Markdown, and its `facts.json`."""
    return rendered(compose(record, style, images), name)
