"""All parameters in one word, tables and variables: what real scripts make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import UserError
from hptui.core.trial import TrialStatus
from hptui.scripts.arguments import nest_in_tables
from tests.scripts.conftest import Write, client
from tests.support import run_to_rest, trials

NESTED: dict[str, Any] = {"lr": 1e-05, "flag": True, "optimizer.name": "it's", "optimizer.inner.beta": 0.9, "a.b": 1}
AS_TABLES = {"lr": 1e-05, "flag": True, "optimizer": {"name": "it's", "inner": {"beta": 0.9}}, "a.b": 1}


def told(log: str) -> Any:
    """What a script says it was given."""
    return next(json.loads(line.removeprefix("given ")) for line in log.splitlines() if line.startswith("given "))


def test_scripts_get_all_parameters_at_once_with_their_tables(
    home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_OF_MINE", "0.25")
    tables = {"tables": ["optimizer", "optimizer.inner"], **NESTED}
    python = {"preset": "exact", "tables": "python"}
    given: dict[str, dict[str, Any]] = {
        "json": {"command": client("whole", "json", "{args_json}"), "style": "none", **tables},
        "file": {"command": client("whole", "file", "{args_json_file}"), "style": "none", **tables},
        "dict": {"command": client("whole", "dict", "{args_dict}"), "style": "none", **tables},
        "words": {"command": client("whole", "words", "{args}"), "style": python, "tables": tables["tables"]},
        "placed": {"command": client("whole", "json", "{args_json}", "{lr}"), "style": "none", "lr": 0.1, "n": 2},
        "variable": {"command": client("whole", "variable", "{env.RATE_OF_MINE}"), "style": "none", "lr": 0.1},
    }
    given["words"] |= {"optimizer.lr": 1e-05, "optimizer.inner.beta": 0.9, "n": 3, "layers": [1, 2]}
    sd = run_to_rest(home, write("whole", given))
    found = trials(sd)
    assert {one.status for one in found} == {TrialStatus.COMPLETE}, [one.message for one in found]
    got = {one.name: told((sd.attempt(one.number, 1) / "log.txt").read_text()) for one in found}
    assert got["json"] == got["file"] == got["dict"] == AS_TABLES
    assert got["words"] == {"optimizer": {"lr": 1e-05, "inner": {"beta": 0.9}}, "n": 3, "layers": [1, 2]}
    assert got["placed"] == {"n": 2}
    assert got["variable"] == {"lr": 0.25}


@pytest.mark.parametrize(
    ("parameters", "tables", "found"),
    [
        ({"a.b": 1}, [], {"a.b": 1}),
        ({"a.b": 1}, ["a"], {"a": {"b": 1}}),
        ({"a.b.c": 1}, ["a"], {"a": {"b.c": 1}}),
        ({"a.b.c": 1, "a.d": 2}, ["a.b", "a"], {"a": {"b": {"c": 1}, "d": 2}}),
        ({"a.x.y.b": 1}, ["a", "a.x.y"], {"a": {"x.y": {"b": 1}}}),
        ({"a.b.c": 1}, ["a.b"], {"a.b": {"c": 1}}),
        ({"a": {"b": 1, "c": {"d": 2}}, "a.b": 3, "a.c.d": 4}, [], {"a": {"b": 3, "c": {"d": 4}}}),
    ],
)
def test_tables_are_those_that_are_named(parameters: dict[str, Any], tables: list[str], found: dict[str, Any]) -> None:
    assert nest_in_tables(parameters, tables) == found


@pytest.mark.parametrize("parameters", [{"a": 1, "a.b": 2}, {"a.b": 2, "a": 1}])
def test_a_table_has_no_value_of_its_own(parameters: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"trainer\.tables: a"):
        nest_in_tables(parameters, ["a"])
