"""The sections of reports by name. Their order is that of a style, in `hptui.results.report`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hptui.plugins import ReportSectionSpec
from hptui.results.document import Block
from hptui.results.fact_writer import FactWriter
from hptui.results.sections.best import best
from hptui.results.sections.comparison import comparison
from hptui.results.sections.cost import cost
from hptui.results.sections.curves import curves
from hptui.results.sections.effects import parameter_effects
from hptui.results.sections.failures import failures
from hptui.results.sections.first_screen import first_screen
from hptui.results.sections.recommendation import alternatives, future, presets, rationale, recommendations
from hptui.results.sections.reproduce import provenance, reproduce
from hptui.results.sections.rungs import rungs
from hptui.results.sections.setup import checkpoints, config, setup
from hptui.results.sections.space import derived, fixed, search, space
from hptui.results.sections.stages import stages
from hptui.results.sections.summary import breakdown, summary
from hptui.results.sections.trials import trial_table


def _section(name: str, write: Callable[[FactWriter], Iterable[Block]]) -> ReportSectionSpec:
    return ReportSectionSpec(name, "", lambda data, facts: write(facts))


HEAD = _section("head", first_screen)
SETUP = _section("setup", setup)
SPACE = _section("space", space)
FIXED = _section("fixed", fixed)
SEARCH = _section("search", search)
BEST = _section("best", best)
CONFIG = _section("config", config)
COMPARISON = _section("comparison", comparison)
TRIALS = _section("trials", trial_table)
STAGES = _section("stages", stages)
RUNGS = _section("rungs", rungs)
EFFECTS = _section("effects", parameter_effects)
FAILURES = _section("failures", failures)
CURVES = _section("curves", curves)
CHECKPOINTS = _section("checkpoints", checkpoints)
COST = _section("cost", cost)
RECOMMENDATIONS = _section("recommendations", recommendations)
RATIONALE = _section("rationale", rationale)
FUTURE = _section("future", future)
PRESETS = _section("presets", presets)
CONCLUSION = _section("conclusion", lambda facts: summary(facts, facts.data.best, brief=True))
SUMMARY = _section("summary", lambda facts: summary(facts, facts.data.best))
BREAKDOWN = _section("breakdown", lambda facts: breakdown(facts, facts.data.best))
DERIVED = _section("derived", derived)
ALTERNATIVES = _section("alternatives", alternatives)
REPRODUCE = _section("reproduce", reproduce)
PROVENANCE = _section("provenance", provenance)
