import math

import pytest

from hptui.tui.filters import FilterError, parse_filter, resolve_column

COLUMNS = ["number", "status", "reason", "learning_rate", "lora_rank", "batch_size", "val_loss", "note", "seconds"]
ROW = {
    "number": 4,
    "status": "complete",
    "reason": "finished",
    "learning_rate": 2e-4,
    "lora_rank": 16,
    "batch_size": 8,
    "val_loss": 1.04,
    "note": "good, warm start",
    "seconds": 12.0,
}


def passes(text, row=ROW, texts=("complete", "finished", "good, warm start")):
    test = parse_filter(text, COLUMNS).test(
        lambda name: lambda row: row.get(name), lambda row: "\n".join(texts).lower()
    )
    return test(row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("lr<3e-4", True),
        ("lr<1e-4", False),
        ("lr>=2e-4 lr<=0.0002", True),
        ("status=complete", True),
        ("st=failed,complete", True),
        ("st!=failed,complete", False),
        ("r=8,16", True),
        ("r=8", False),
        ("!r=8", True),
        ("note~warm", True),
        ("note~cold,WARM", True),
        ("!oom", True),
        ("oom", False),
        ("warm finished", True),
        ("val_loss<1.05 r=16 !oom note~good", True),
        ("val_loss<1.05 r=32", False),
        ("lr=2e-4", True),
        ("batch=8", True),
        ("batch=8.0", True),
        ('note~"warm start"', True),
        ("reason=none", False),
    ],
)
def test_what_a_filter_lets_through(text, expected):
    assert passes(text) is expected


def test_a_value_that_is_missing_or_no_number_passes_no_comparison():
    for value in (None, math.nan, "text", True):
        assert not passes("val_loss<2", {"val_loss": value})
        assert passes("!val_loss<2", {"val_loss": value})
    assert passes("reason=none", {"reason": None})


@pytest.mark.parametrize(
    ("word", "column"),
    [("lr", "learning_rate"), ("bs", "batch_size"), ("r", "lora_rank"), ("val", "val_loss"), ("VAL_LOSS", "val_loss")],
)
def test_short_names(word, column):
    assert resolve_column(word, COLUMNS) == column


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learning_rat_e=3", "no column"),
        ("l=3", "may mean"),
        ("lr<fast", "no number"),
        ("lr<", "value is missing"),
        ("lr=,", "value is missing"),
    ],
)
def test_what_cannot_be_meant_is_said(text, said):
    with pytest.raises(FilterError, match=said):
        parse_filter(text, COLUMNS)


def test_a_quotation_that_is_still_open_is_no_error():
    assert passes('note~"warm') is False
    assert parse_filter('"', COLUMNS) is not None
