"""Settings of trials that ran elsewhere: only what was recorded is known of them."""

import json
import random
import re

import pytest

from hptui.core.format import setting
from hptui.core.trial import Role
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.kit import view_of
from tests.results.seeds import one

FIXED_FILE = """
name = "moved"
[objective]
metric = "loss"
[space]
lr = { low = 0.01, high = 1.0, log = true }
[search]
sampler = "random"
trials = 9
[trainer]
kind = "a:b"
lr = 0.1
"""


@pytest.mark.parametrize("seed", range(12))
def test_fixed_settings_of_imported_trials_are_what_they_record(seed):
    """What ran elsewhere did not run by the study file: of it only the records are known."""
    die = random.Random(seed)
    file = {"depth": 4, "dropout": 0.1, "momentum": 0.9, "optimizer": "adam"}
    text = FIXED_FILE + "".join(f"{name} = {json.dumps(value)}\n" for name, value in file.items())
    common = die.sample(sorted(file), die.randint(0, 3))
    some = [name for name in file if name not in common and die.random() < 0.3]
    role, has_native = {"role": Role.IMPORTED, "seconds": 0.0, "started": None, "ended": None}, die.random() < 0.5
    trials = []
    for n in range(4):
        recorded = {name: file[name] for name in file if name in common or (name in some and n == 1)}
        trials.append(one(n, {"lr": 0.1 + n / 10, **recorded}, {"loss": 1.0 + n}, **role))
    if has_native:
        trials.append(one(4, {"lr": 0.7}, {"loss": 0.9}))
    report = render_markdown(compose_report(ReportData(view_of(trials, text)))).text
    section = report.split("Fixed and derived parameters")[1]
    cells = dict(re.findall(r"^\| `?(\w+)`? \| (.*?) \|$", section.split("<summary>")[0], re.MULTILINE))
    for name, value in file.items():
        known = has_native or name in common
        assert cells[name] == (setting(value) if known else "–"), name
    unknown = [name for name in file if name not in common]
    note = "What imported trials ran with is not known of " in section
    assert note == (has_native and bool(unknown))
    if note:
        told = section.split("is not known of ")[1].split(":")[0]
        assert set(re.findall(r"\w+", told)) - {"and"} == set(unknown)
