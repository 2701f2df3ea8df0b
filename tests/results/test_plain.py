"""Every number of a report, computed again by a program that shares no code with it."""

import math

import numpy as np
import pytest

from hptui.results.document import render_markdown
from hptui.results.fact_index import build_fact_index
from hptui.results.report import compose_report
from tests.results.generated import Made
from tests.results.histories.make import NAMES
from tests.results.plain import Plain, evidence
from tests.results.truth import histories, record_of

SEEDS = (*range(100, 118), 127)


@pytest.fixture(scope="module")
def compared():
    """Numbers by key: (report, plain), over generated studies."""
    found = []
    for seed in SEEDS:
        made = Made(seed)
        facts = build_fact_index(render_markdown(compose_report(made.record(), "results")))
        plain = Plain(made).numbers
        found.append((seed, {key: (facts[key].value, plain[key]) for key in facts.keys() & plain.keys()}, facts))
    return found


def test_every_number_is_what_the_plain_program_gets(compared):
    wrong = [
        (seed, key, *pair)
        for seed, pairs, _ in compared
        for key, pair in pairs.items()
        if not (pair[0] == pair[1] or math.isclose(float(pair[0]), float(pair[1]), rel_tol=1e-6, abs_tol=1e-9))
    ]
    assert wrong == []
    assert sum(len(pairs) for _, pairs, _ in compared) > 900


KINDS = ("best.luck", "fresh.", "baseline.", "noise.", "cost.", "best.change", "curve.", "wrong.", "time.", "memory.")


def test_all_kinds_of_numbers_were_compared(compared):
    keys = {key for _, pairs, _ in compared for key in pairs}
    assert [kind for kind in KINDS if not any(key.startswith(kind) for key in keys)] == []


@pytest.mark.parametrize(("kind", "count"), [("bowl", 20), ("noise", 12), ("inter", 24), ("lin2", 8)])
def test_the_evidence_is_that_of_dense_algebra(kind, count):
    units, values = histories(kind)
    analysis = record_of(units[3, :count], values[3, :count]).effect_analysis()
    scored = [score.value for score in analysis.scores.scores]
    category = np.array([name == "f" for name in NAMES])
    for group in analysis.groups[:3]:
        again = evidence(units[3, :count], category, scored, list(group.columns))
        # Below the threshold nothing is stated, and the product looks no further for a better optimum.
        assert (
            again < group.needed + 0.05
            if group.evidence < group.needed
            else group.evidence == pytest.approx(again, abs=0.05)
        ), group.settings
