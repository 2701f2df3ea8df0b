"""Metrics that a study file names are held against those that trials will report."""

from __future__ import annotations

import pytest

from hptui import studyfile
from hptui.core.errors import UserError
from hptui.core.required_metrics import CONDITION, OBJECTIVE, misspelling_warnings, require_measured, required_metrics

STUDY = """
name = "s"
[[objective]]
metric = "eval/loss"
goal = "minimize"
[[objective]]
metric = "seconds_each"
goal = "minimize"
[trainer]
kind = "mine:main"
[space]
rate = "1e-5..1e-3 log"
[search]
stop = [{ when = "eval_loss > 3 or train_loss > 4", after = 0.5 }]
outcome = ["peak_memory_gb <= 16 and memory < 3"]
[metrics.bleuu]
heading = "BLEU"
[report]
columns = ["rate", "eval/loss", "blue", "strange", "note"]
"""
ASKED = required_metrics(studyfile.read_text(STUDY))
KNOWN = ["eval/loss", "train_loss", "seconds_each", "memory", "bleu"]


def test_every_place_that_names_a_metric_is_told():
    told = [(one.where, one.name) for one in ASKED if one.use in (OBJECTIVE, CONDITION)]
    assert told == [
        ("objective[0].metric", "eval/loss"),
        ("objective[1].metric", "seconds_each"),
        ("search.stop[0].when", "eval_loss"),
        ("search.stop[0].when", "train_loss"),
        ("search.outcome[0]", "memory"),
    ]


def test_a_metric_that_nobody_measures_is_refused_with_its_place():
    require_measured(ASKED, KNOWN, {OBJECTIVE, CONDITION})
    without = [name for name in KNOWN if name != "train_loss"]
    require_measured(ASKED, without, {OBJECTIVE})
    with pytest.raises(UserError, match=r"search.stop\[0\].when: no trial measures 'train_loss'"):
        require_measured(ASKED, without, {OBJECTIVE, CONDITION})
    with pytest.raises(UserError, match=r"objective\[1\].metric: .* 'seconds_each'") as caught:
        require_measured(ASKED, ["eval/loss", "second_each"], {OBJECTIVE})
    assert "second_each" in caught.value.hint


def test_a_column_that_looks_like_a_slip_is_doubted():
    assert misspelling_warnings(ASKED, KNOWN, ["rate", "note"]) == [
        "metrics.bleuu: nothing is called 'bleuu'; did you mean 'bleu'?",
        "report.columns: nothing is called 'blue'; did you mean 'bleu'?",
    ]
