"""Values of metrics in captions of figures, with the digits of the report's column."""

from __future__ import annotations

import re
from dataclasses import replace

from hptui.core.values import is_number
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line

STORED_VALUE = re.compile(r"(?:values|metrics)\.(.+)")
"""The field of a fact that is a value of a metric."""


def in_own_digits(facts: FactWriter, line: Line) -> Line:
    """Return a line with each value of a metric as the tables of the report print that metric."""
    return tuple(_restyled(facts, part) if isinstance(part, Fact) else part for part in line)


def _restyled(facts: FactWriter, fact: Fact) -> Fact:
    match = STORED_VALUE.fullmatch(fact.field)
    if match is None or not is_number(fact.value) or ":" in match[1]:
        return fact
    return replace(fact, text=facts.format_value(match[1], float(fact.value)))
