"""A range is widened where its end is better whatever the other settings are, not only where most trials lie.

The searches are by the `gp` engine: in all of them the end of a range is better than a third inwards, averaged over the
other settings, by a model of the trials. Of `slope` that is true; of `inter` two settings work only together, so that
the average has no slope.
"""

from functools import cache

import pytest

from hptui.results.claims import ranges
from hptui.results.claims.ranges import SURE_AT_END, edges_to_widen
from hptui.results.fact_writer import FactWriter
from tests.results.truth import histories, record_of, text_of

SEARCHES = 6


@cache
def record(kind, number):
    units, values = histories(f"gp_{kind}")
    assert len(units) == SEARCHES
    return record_of(units[number], values[number], text_of(kind))


def widened(kind):
    """In how many of the searches a range is to be widened."""
    return sum(bool(edges_to_widen(FactWriter(record(kind, number)))) for number in range(SEARCHES))


@pytest.mark.parametrize(("kind", "least", "most"), [("inter", 0, 2), ("slope", 4, SEARCHES)])
def test_a_range_is_widened_where_its_end_is_better_in_every_part_of_the_space(kind, least, most, monkeypatch):
    assert least <= widened(kind) <= most
    monkeypatch.setattr(ranges, "LIKELY_IN_PARTS", 0.0)
    assert widened(kind) == SEARCHES, "these searches are such that the average alone has a slope"


@pytest.mark.parametrize("number", range(0, SEARCHES, 2))
def test_an_end_is_least_likely_better_in_a_part_of_the_space(number):
    averaged = record("slope", number).effect_analysis().averaged
    least, whole = averaged.better_at_end_in_parts("a", False, 9.6), averaged.better_at_end("a", False, 9.6)
    assert least <= whole
    assert whole >= SURE_AT_END
