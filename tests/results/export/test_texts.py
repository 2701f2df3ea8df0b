"""A configuration as text comes back as what went in, whoever reads it."""

import csv
import io
import json
import shlex
import subprocess
import tomllib

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hptui.core.errors import UserError
from hptui.results.export.config import variable_prefix
from hptui.results.export.text_formats import (
    comment_lines,
    csv_text,
    env_text,
    flags_text,
    json_text,
    python_text,
    toml_text,
    yaml_text,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
CONFIGS = st.dictionaries(st.text(min_size=1, max_size=10), VALUES, max_size=5)

# A machine under load draws slowly; that says nothing of what is tested.
patient = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(CONFIGS)
def test_yaml_comes_back(config):
    assert yaml.safe_load(yaml_text(config) or "{}") == config


@patient
@given(st.lists(CONFIGS, min_size=1, max_size=3))
def test_yaml_lists_come_back(configs):
    assert yaml.safe_load(yaml_text(configs)) == configs


@patient
@given(CONFIGS)
def test_python_comes_back(config):
    space = {}
    exec(python_text(config, "config"), space)
    assert space["config"] == config


@patient
@given(st.dictionaries(st.text(min_size=1, max_size=10), SCALARS.filter(lambda value: value is not None)))
def test_toml_comes_back(config):
    assert tomllib.loads(toml_text(config)) == config


@patient
@given(st.lists(st.text(max_size=30), max_size=3))
def test_comments_stay_comments(lines):
    text = comment_lines(lines)
    assert tomllib.loads(text) == {}
    assert yaml.safe_load(text) is None
    assert all(line.startswith("# ") for line in text.split("\n")[:-1])


@pytest.mark.parametrize("number", [1e-5, 7.98e-6, 1e16, 0.1, -3.0, 1e300, float("inf")])
def test_numbers_are_numbers_to_yaml_1_1(number):
    found = yaml.safe_load(yaml_text({"x": number}))["x"]
    assert found == number
    assert type(found) is float


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "null", "~", "1e5", "0x10", "12:30", "2026-01-01", "", " a", "a: b"]
)
def test_texts_are_texts_to_yaml_1_1(word):
    assert yaml.safe_load(yaml_text({"x": word, word: 1})) == {"x": word, word: 1}


def test_what_is_no_number_is_null_to_json():
    assert json.loads(json_text({"a": [float("nan"), {"b": float("inf")}]})) == {"a": [None, {"b": None}]}


def test_lists_and_texts_as_flags():
    config = {"lr_steps": [100, 200], "name": "a b; rm -rf $HOME", "flag": True, "none": None}
    assert shlex.split(flags_text(config)) == ["--lr_steps=100,200", "--name=a b; rm -rf $HOME", "--flag=true"]


def test_an_environment_is_what_a_shell_then_has():
    config = {"learning-rate": 1e-5, "name": "a 'b'; $(touch /tmp/x)\nc", "2nd": True, "none": None}
    text = env_text(config, prefix="")
    show = "import json, os; print(json.dumps([os.environ[k] for k in ('LEARNING_RATE', 'NAME', '_2ND')]))"
    done = subprocess.run(["sh", "-c", f'set -a\n{text}\npython3 -c "{show}"'], capture_output=True, text=True)
    assert json.loads(done.stdout) == ["1e-05", config["name"], "true"]


def test_no_setting_becomes_the_shells_own_variable():
    with pytest.raises(UserError, match="would set PATH"):
        env_text({"path": "/evil"})
    assert env_text({"path": "/evil"}, prefix="HP_") == "HP_PATH=/evil\n"
    with pytest.raises(UserError, match="two settings would be called A_B"):
        env_text({"a-b": 1, "a_b": 2})


def test_a_table_runs_nothing_in_a_spreadsheet():
    formula = '=HYPERLINK("http://x","y")'
    rows = list(csv.reader(io.StringIO(csv_text([{"note": formula, "x": -0.5, "y": "-x"}]))))
    assert rows[1] == [f"'{formula}", "-0.5", "'-x"]


def test_a_prefix_begins_a_variable_of_every_shell():
    for prefix in ("1 2", "9", "A-B", "ä", "A B", "X="):
        with pytest.raises(UserError, match="begins no variable of any shell"):
            variable_prefix(prefix)
    assert [variable_prefix(prefix) for prefix in ("", "HP_", "_x9")] == ["", "HP_", "_x9"]
