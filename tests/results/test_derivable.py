"""On any study, however odd: no number is typed, and every fact that names a stored field is found in the trials."""

import math
import re
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hptui.core.trial import Role
from hptui.results.document import CodeBlock, lines_of
from hptui.results.fact_index import read_fact_index, render_with_index
from hptui.results.facts import Bold
from hptui.results.report import STYLES, compose_report
from hptui.results.report_data import ReportData
from tests.results import seeds
from tests.results.kit import view_of
from tests.results.seeds import one

pytestmark = pytest.mark.process

value = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.005, 0.5, 1.0, math.nan, math.inf]))
params = st.fixed_dictionaries(
    {},
    optional={
        "learning_rate": st.floats(5e-6, 1e-4),
        "batch_size": st.sampled_from([128, 256, 512, 1024]),
        "steps": st.sampled_from([200, 400]),
    },
)
ends = st.sampled_from(
    [("complete", "finished")] * 4 + [("failed", "oom"), ("failed", "nan"), ("pruned", "pruner"), ("running", None)]
)


@st.composite
def trials_of(draw):
    found = []
    for number in range(draw(st.integers(0, 12))):
        status, reason = draw(ends)
        values = {"accuracy": draw(value)} if status == "complete" else None
        more = {
            "seconds": draw(st.sampled_from([0.0, 12.5, 300.0])),
            "peak_memory_gb": draw(st.none() | st.floats(0.1, 80)),
            "note": draw(st.sampled_from(["", "a|b", "3 times `x`"])),
            "role": Role.BASELINE if number == 0 else Role.SEARCH,
            "metrics": {**(values or {}), **draw(st.fixed_dictionaries({}, optional={"bleu": st.floats(0, 1)}))},
        }
        found.append(one(number, {} if number == 0 else draw(params), values, status, reason, **more))
    return found


def literals(parts):
    for part in parts:
        if isinstance(part, Bold):
            yield from literals(part.parts)
        elif isinstance(part, str):
            yield part


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=40, deadline=None)
@given(trials=trials_of())
def test_nothing_is_in_a_report_that_is_not_in_the_store(style, trials):
    record = ReportData(view_of(trials, seeds.MATH))
    document = compose_report(record, style)
    for block in document.blocks:
        if not isinstance(block, CodeBlock) or block.language == "text":
            typed = [word for parts in lines_of(block) for word in literals(parts) if re.search(r"\d", word)]
            assert not typed
    for fact in document.facts():
        check(fact, trials)
    text, ledger = render_with_index(document, "report.md")
    assert len(read_fact_index(ledger).places) == len(list(document.facts()))
    assert text.startswith("# ")


def check(fact, trials):
    """A fact that names a field is the field of its trial, or the mean or sum over its trials."""
    kind, _, name = fact.field.partition(".")
    if kind not in ("values", "metrics", "params", "seconds", "peak_memory_gb", "number") or fact.key == "time.epoch":
        return
    stored = [getattr(trials[number], kind) for number in fact.trials]
    numbers = [one[name] for one in stored] if name else stored
    if kind == "params" and name == "":  # the whole configuration, as in a command
        assert [fact.value] == stored
        return
    if len(numbers) == 1:
        assert fact.value == numbers[0] or (math.isnan(fact.value) and math.isnan(numbers[0]))
        return
    assert any(math.isclose(fact.value, found, rel_tol=1e-9) for found in (fmean(numbers), math.fsum(numbers))), fact


@pytest.mark.parametrize("style", STYLES)
def test_trials_that_are_all_imported_have_a_report(style):
    trials = [
        one(
            n,
            {"learning_rate": 1e-5 * (n + 1)},
            {"accuracy": 0.1},
            role=Role.IMPORTED,
            started=None,
            ended=None,
            seconds=0.0,
        )
        for n in range(4)
    ]
    text, _ = render_with_index(compose_report(ReportData(view_of(trials, seeds.MATH)), style), "r.md")
    assert "The best trial" in text or "**Best**: trial 0" in text
