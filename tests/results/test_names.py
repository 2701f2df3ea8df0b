"""A setting that is called like something else of a trial keeps its own value and name in tables, texts and exports."""

import csv
import io
import json
import random
import re
import shutil
import subprocess

import pytest

from hptui.core.errors import UserError
from hptui.results.columns import (
    MEASURED_COLUMNS,
    TRIAL_FACT_COLUMNS,
    column_getter,
    columns_of,
    default_columns,
    format_cell,
    setting_column,
)
from hptui.results.document import render_markdown
from hptui.results.export.compatible import trial_history
from hptui.results.export.config import render_trial
from hptui.results.export.trial_table import render_trials
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import DEFAULT_HEADINGS
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.tui.themes import UNICODE_GLYPHS
from hptui.tui.trial_cells import TrialCells
from tests.results.kit import view_of
from tests.results.seeds import one

BUILT_IN = sorted({*TRIAL_FACT_COLUMNS, *MEASURED_COLUMNS, *DEFAULT_HEADINGS} - {"seconds_alone"})
OTHERS = ["loss", "val_loss", "value", "trial", "params", "values", "metrics", "step", "setting"]


def study(seed):
    """A study of settings with such names, and what each trial's are."""
    die = random.Random(seed)
    names = die.sample([*BUILT_IN, *OTHERS], 6)
    space = "\n".join(f'{name} = "0.001..1.0"' for name in names)
    defaults = "\n".join(f"{name} = 0.5" for name in names)
    text = f"""
name = "named"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
{defaults}
[space]
{space}
[search]
sampler = "random"
trials = 9
"""
    trials = []
    for n in range(9):
        params = {name: round(die.uniform(0.1, 0.4), 3) for name in names}
        values = {"val_loss": round(2 + die.random(), 4)}
        metrics = {**values, "loss": 7.0 + n}
        trials.append(one(n, params, values, metrics=metrics, peak_memory_gb=3.25, note="a note", name=f"t{n}"))
    return names, trials, view_of(trials, text)


@pytest.mark.parametrize("seed", range(20))
def test_a_setting_has_a_column_of_its_own(seed):
    names, trials, view = study(seed)
    shown = default_columns(view)
    assert len(shown) == len(set(shown))
    cells = TrialCells(view, frozenset(), {}, UNICODE_GLYPHS)
    for name in names:
        column = setting_column(view, name)
        assert column in shown
        assert columns_of(view, [column])[0].heading == name
        for trial in trials:
            assert column_getter(view, column)(trial) == trial.params[name]
            assert format_cell(view, trial, column) == f"{trial.params[name]:g}"
            assert cells.cell(trial, column).text == f"{trial.params[name]:g}"
    for name in ("number", "seconds", "peak_memory_gb", "val_loss"):
        assert (
            column_getter(view, name)(trials[3])
            == {
                "number": 3,
                "seconds": 240.0,
                "peak_memory_gb": 3.25,
                "val_loss": trials[3].values["val_loss"],
            }[name]
        )


@pytest.mark.parametrize("seed", range(20))
def test_a_report_calls_a_setting_by_its_name(seed):
    names, trials, view = study(seed)
    document = compose_report(ReportData(view))
    text = render_markdown(document).text
    render_with_index(document, "report.md")  # no fact has two values
    changed = next(line for line in text.split("\n") if line.startswith("- **Changed**"))
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    for name in names:
        assert f"`{name}` 0.5 → {best.params[name]:g}" in changed
    head, _, *rows = re.search(r"## Trials\n\n((?:\|.*\n)+)", text)[1].strip().split("\n")
    heads = [cell.strip() for cell in head.strip("|").split("|")]
    for trial, row in zip(trials, rows, strict=True):
        cells = [cell.strip().strip("*") for cell in row.strip("|").split("|")]
        for name in names:
            found = {cell for heading, cell in zip(heads, cells, strict=True) if heading == name}
            assert f"{trial.params[name]:g}" in found, (name, row)
    for name in names:
        assert f"| `{name}` | [1e-3, 1] |" in text, "the space"


@pytest.mark.parametrize("seed", range(12))
def test_exports_hold_settings_and_what_was_measured(seed):
    names, trials, view = study(seed)
    rows = list(csv.DictReader(io.StringIO(render_trials(view, "csv"))))
    history = list(csv.DictReader(io.StringIO(trial_history(view, {}))))
    entries = json.loads(render_trials(view, "json"))
    for trial, row, past, entry in zip(trials, rows, history, entries, strict=True):
        assert (int(row["number"]), row["status"], float(row["seconds"])) == (trial.number, "complete", 240.0)
        assert float(row["value.val_loss"]) == trial.values["val_loss"] == float(past["val_loss"])
        assert entry["params"] == trial.params
        for name in names:
            found = {float(row[key]) for key in (name, f"setting.{name}") if re.fullmatch(r"[\d.]+", row.get(key, ""))}
            assert trial.params[name] in found
            found = {past.get(name), past.get(f"parameter.{name}")}
            assert str(trial.params[name]) in found
        single = json.loads(render_trial(view, trial, "json"))
        assert {name: single[name] for name in names} == trial.params


SHELL_OWN = [
    "seconds",
    "random",
    "groups",
    "uid",
    "euid",
    "ppid",
    "lineno",
    "funcname",
    "dirstack",
    "optind",
    "histcmd",
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("name", [*SHELL_OWN, "lr", "hidden", "epochs", "shuffle_seed", "group_count"])
def test_variables_are_read_as_they_were_written(name, tmp_path):
    text = f"""
name = "shell"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
{name} = 7
[space]
{name} = "1..99999 int"
"""
    trial = one(0, {name: 12345}, {"val_loss": 1.0})
    view = view_of([trial], text)
    for prefix in ("", "HP_"):
        if name in SHELL_OWN and not prefix:
            with pytest.raises(UserError, match="the shell itself needs"):
                render_trial(view, trial, "env")
            continue
        content = render_trial(view, trial, "env", prefix=prefix)
        file = tmp_path / "vars.env"
        file.write_text(content)
        shell = f"set -a; . {file}; bash -c 'echo \"${prefix}{name.upper()}\"'"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=20, check=True)
        assert done.stdout.strip() == "12345"
