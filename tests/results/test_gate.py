"""The classes of sentences that are shown are those that passed the full run."""

import json
from pathlib import Path

from hptui.results.claims import shipped
from tests.benchmarks.truth import FULL_ROW, LIMIT, digest, gate, rows_of, upper_limit

COUNTS = json.loads((Path(__file__).parents[1] / "benchmarks" / "truth.json").read_text())


def test_what_is_shown_has_passed_and_what_has_not_is_not_shown():
    passed = gate(COUNTS)
    assert set(passed) == shipped.MEASURED
    assert {name for name, ok in passed.items() if ok} == shipped.SHIPPED


def test_the_samplers_that_reports_call_counted_are():
    full = {row.split()[0] for _, _, row, studies, *_ in rows_of(COUNTS) if studies >= FULL_ROW}
    assert full == set(shipped.COUNTED_SAMPLERS)


def test_the_counts_are_of_the_method_as_it_is():
    assert COUNTS["digests"][str(shipped.METHOD)] == digest(), (
        "reports say something else of the stored studies: raise shipped.METHOD and count anew"
    )
    assert COUNTS[str(shipped.METHOD)]


def test_a_class_that_is_false_too_often_does_not_pass():
    method = str(shipped.METHOD)
    rows = COUNTS[method]
    row = next(key for key, cell in rows.items() if cell["studies"] >= FULL_ROW)
    worse = {**COUNTS, method: {**rows, row: {**rows[row], "E1 said": 30, "E1 false": 30}}}
    assert upper_limit(30, FULL_ROW) > LIMIT
    assert not gate(worse)["E1"]
    assert gate(worse)["E5"] == gate(COUNTS)["E5"]
    assert sum(studies >= FULL_ROW for _, _, _, studies, _, _ in rows_of(COUNTS)) > 100
