"""A report: its sections in order, in one of two styles, as Markdown and `facts.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hptui.results.document import Block, Image, ReportDocument
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.report_data import ReportData
from hptui.results.sections.best import best
from hptui.results.sections.comparison import comparison
from hptui.results.sections.cost import cost
from hptui.results.sections.curves import curves
from hptui.results.sections.effects import parameter_effects
from hptui.results.sections.failures import failures
from hptui.results.sections.findings import observations
from hptui.results.sections.recommendation import alternatives, future, presets, rationale, recommendations
from hptui.results.sections.reproduce import provenance, reproduce
from hptui.results.sections.setup import checkpoints, config, setup
from hptui.results.sections.space import derived, fixed, search, space
from hptui.results.sections.summary import breakdown, report_head, summary
from hptui.results.sections.trials import best_and_worst, trial_table

STYLES = ("results", "hyperparameters")
"""Styles of a report: all results, or the configuration of the best trial."""
Section = Callable[[FactWriter], Iterable[Block]]
"""Yields the blocks of one section; nothing if there is nothing to report."""

RESULTS_SECTIONS: tuple[Section, ...] = (
    report_head,
    setup,
    space,
    fixed,
    search,
    best,
    config,
    comparison,
    trial_table,
    best_and_worst,
    observations,
    parameter_effects,
    failures,
    curves,
    checkpoints,
    cost,
    recommendations,
    rationale,
    future,
    presets,
    lambda facts: summary(facts, facts.data.best, brief=True),
    reproduce,
    provenance,
)
"""Sections of the style `results`, in order."""
HYPERPARAMETERS_SECTIONS: tuple[Section, ...] = (
    report_head,
    setup,
    lambda facts: summary(facts, facts.data.best),
    lambda facts: breakdown(facts, facts.data.best),
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


def compose_report(record: ReportData, style: str | None = None, images: Sequence[Image] = ()) -> ReportDocument:
    """Return the report of a study as a document; `images` are the plots written next to it."""
    facts = FactWriter(record)
    chosen_style = style or record.view.study.report.style
    sections = HYPERPARAMETERS_SECTIONS if chosen_style == "hyperparameters" else RESULTS_SECTIONS
    blocks: list[Block] = []
    for section in sections:
        blocks += curves(facts, images) if section is curves else section(facts)
    row = record.view.row
    about = {"study": row.name, "uuid": row.uuid, "style": chosen_style, "asof": f"{record.asof:.3f}"}
    return ReportDocument(tuple(blocks), about)


def write_report(
    record: ReportData, name: str, style: str | None = None, images: Sequence[Image] = ()
) -> tuple[str, str]:
    """Return the report with the file name `name` as Markdown, and its `facts.json`."""
    return render_with_index(compose_report(record, style, images), name)
