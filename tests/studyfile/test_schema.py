"""The tables of keys: complete, with examples that `check` accepts; and the JSON Schema that is made from them."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import tomlkit
from jsonschema import Draft4Validator, Draft7Validator

from hptui import plugins
from hptui.core.errors import HptuiError, UserError
from hptui.core.keys import FLAG, FROM_FIELD, WHOLE, Key
from hptui.core.study import MetricSpec, Objective, PrunerSettings, Resources, Search, StoppingConditions
from hptui.operations.study_schema import schema_text
from hptui.studyfile import from_json, read_text, to_json, with_overrides
from hptui.studyfile.read import study_from_document
from hptui.studyfile.reference import REFERENCE_TABLES, find_keys, render_key, render_table
from hptui.studyfile.schema import TABLES
from hptui.studyfile.unknown_keys import path_text
from hptui.trainers import registry
from tests.support import hptui

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))
KEYS = [(table, key) for table in TABLES.values() for key in table.keys]
ALL_KEYS = [(table, key) for table in REFERENCE_TABLES.values() for key in table.keys]


def ids(pair):
    return f"{pair[0].name}.{pair[1].name}".lstrip(".") if isinstance(pair, tuple) else None


BASE = {
    "name": "demo",
    "objective": {"metric": "loss"},
    "trainer": {"kind": "toy"},
    "space": {"width": {"low": 8, "high": 64}},
    "search": {"trials": 5},
}
RANGE, CHOICES = {"low": 0.0, "high": 1.0}, {"choices": [1, 2]}
COMPANIONS = {
    "search.pruner.strict": {"bands": [3, 9]},
    "search.pruner.factor": {"kind": "asha"},
    "search.until.trials": {},
    "space.low": {"high": 1.0},
    "space.high": {"low": 1e-6},
    "space.log": {"low": 1e-5, "high": 1.0},
    "space.int": {"low": 1, "high": 8},
    **dict.fromkeys(("space.step", "space.when", "space.note"), RANGE),
    **dict.fromkeys(("space.ordered", "space.weights", "space.shape"), CHOICES),
}


def example_value(key):
    return tomllib.loads(f"x = {key.example}")["x"]


def study_with(table, key, value):
    """A whole study with this value of the key, and with what the key needs beside it."""
    document = copy.deepcopy(BASE)
    entry = {**COMPANIONS.get(f"{table}.{key.name}", {}), key.name: value}
    if table == "":
        document |= entry
    elif table in ("objective", "reference"):
        document[table] = {"metric": "loss", **({"value": 1.0} if table == "reference" else {}), **entry}
    elif table == "search":
        document["search"] |= entry
    elif table == "search.pruner":
        document["search"]["pruner"] = {"kind": (key.only_for or ("median",))[0], **entry}
    elif table == "search.stop":
        document["search"]["stop"] = [{"when": "loss > 9", **entry}]
    elif table == "search.until":
        document["search"] = {"until": entry}
    elif table == "stage":
        document["stage"] = [{"name": "first"}, {"name": "second", **entry}]
    elif table in ("trial", "preset"):
        document[table] = [{"name": "mine", "set": {"depth": 2}, **entry}]
    elif table == "metrics":
        document["metrics"] = {"loss": entry}
    elif table == "ssh.host":
        document["ssh"] = {"hosts": [{"host": "box1", **entry}]}
    elif table == "space":
        document["space"]["steps" if "int" in entry else "learning_rate"] = entry
    else:
        document[table] = entry
    return document


def checked(document):
    return read_text(tomlkit.dumps(document), schema=registry.schema)


def test_fifteen_tables_hold_all_keys_once():
    names = [f"{table.name}.{name}" for table in TABLES.values() for name in table.names]
    assert (len(TABLES), len(names), len(set(names))) == (19, 163, 163)


@pytest.mark.parametrize("pair", ALL_KEYS, ids=ids)
def test_every_key_says_what_it_is(pair):
    _, key = pair
    assert 0 < len(key.help) <= 120
    assert key.help[0].isupper() or key.help.startswith("normal(")
    assert not key.help.endswith(".")
    assert key.example
    if key.reader:
        module, _, function = key.reader.partition(":")
        assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("pair", KEYS, ids=ids)
def test_every_example_is_accepted_and_kept(pair):
    table, key = pair
    value = example_value(key)
    document = study_with(table.name, key, value)
    study = checked(document)
    assert from_json(to_json(study)) == study
    for schema in SCHEMAS["toy"]:
        assert not list(schema.iter_errors(document))


@pytest.mark.parametrize("alias", [(t, a) for t, key in KEYS for a in key.aliases], ids=lambda pair: pair[1])
def test_an_alias_means_the_key(alias):
    table, name = alias
    assert checked(study_with(table.name, Key(name, only_for=("asha",)), 4)).search.pruner.values["eta"] == 4


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("resources", Resources()),
        ("search", Search()),
        ("search.until", StoppingConditions()),
        ("search.pruner", PrunerSettings()),
        ("metrics", MetricSpec()),
        ("objective", Objective("loss")),
    ],
)
def test_a_default_stands_once_in_the_dataclass(table, record):
    for key, field in TABLES[table].stored_keys():
        if not key.required and key.default is FROM_FIELD:
            assert TABLES[table].default(key) == getattr(record, field)


def test_every_field_that_is_read_has_a_key():
    """What a table leaves out would be lost when a study is stored."""
    held_elsewhere = {"source", "directory", "remarks", "unknown_keys", "values"}
    beside = {"resources": {"ssh", "slurm", "ray"}}  # of the study; executors are given it with the resources
    from dataclasses import fields

    from hptui.core import study

    for table in TABLES.values():
        if table.record:
            stored = {field for _, field in table.stored_keys()}
            assert {
                field.name for field in fields(getattr(study, table.record))
            } - stored <= held_elsewhere | beside.get(table.name, set())


def test_keys_of_a_kind_of_pruner_are_those_that_it_reads():
    for kind in plugins.names("pruners"):
        keys = plugins.spec("pruners", kind).keys
        assert {key.name for key in TABLES["search.pruner"].keys if kind in key.only_for} == set(keys)


def test_types_of_numbers_agree_with_what_is_read():
    assert TABLES["resources"]["parallel"].type is WHOLE
    assert TABLES["search"]["baseline"].words == ("true", "false")
    assert TABLES["search"]["baseline"].type is FLAG


# -- the JSON Schema


def validators(kind=""):
    document = json.loads(schema_text(kind))
    return Draft4Validator(document), Draft7Validator(document)


KINDS = ("toy", "charlm", "sft", "command")
SCHEMAS = {kind: validators(kind) for kind in ("", *KINDS)}
WORDS = {
    *("$schema", "$ref", "type", "properties", "required", "enum", "items", "minimum", "maximum", "pattern", "anyOf"),
    *("definitions", "description", "default", "additionalProperties"),
}


def words_of(schema):
    yield from schema
    for word, value in schema.items():
        if word in ("properties", "definitions"):
            for part in value.values():
                yield from words_of(part)
        elif word in ("items", "additionalProperties") and isinstance(value, dict):
            yield from words_of(value)
        elif word == "anyOf":
            for part in value:
                yield from words_of(part)


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_the_schema_is_one_in_both_drafts(kind):
    document = json.loads(schema_text(kind))
    Draft4Validator.check_schema(document)
    Draft7Validator.check_schema(document)
    assert set(words_of(document)) <= WORDS
    assert {name for table, key in KEYS if not table.name for name in (key.name,)} == set(document["properties"])


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_that_we_ship_validates(path):
    document = tomllib.loads(path.read_text())
    for schema in (*SCHEMAS[""], *SCHEMAS[document["trainer"]["kind"]]):
        assert [error.message for error in schema.iter_errors(document)] == []


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("", "nam", "demo"),
        ("", "name", 5),
        ("resources", "paralel", 2),
        ("resources", "parallel", 0),
        ("resources", "parallel", True),
        ("resources", "timeout", "half an hour"),
        ("resources", "on_hang", "wait"),
        ("search", "sampler", "tpee"),
        ("search", "pruner", {"kind": "median", "strat": 1}),
        ("search", "stop", ["loss > 5"]),
        ("space", "lowest", 1),
        ("trial", "set", {"widht": 3}),
        ("reference", "value", "1"),
    ],
)
def test_a_mistake_does_not_validate(table, key, value):
    document = study_with(table, Key(key), value)
    with pytest.raises(HptuiError):
        checked(document)
    for schema in SCHEMAS["toy"]:
        assert list(schema.iter_errors(document))


ODD = (
    *(True, False, 0, 1, 2, 7, -1, 1e5, 0.25, 1.5, "", "x", "5", "30m", " 1 h 30 m ", "0s", "all", "best", "best 2"),
    *("loss > 5", "width / 2", "1..8", "2e-5..1e-2 log", "{8, 16}", "normal(0, 1)", "median", "none", "mine:Engine"),
    *([], [1], [0, 1], [3, 9], ["x"], ["hptui"], [["a"]], ["loss > 1"], {}, {"a": "b"}, {"width": 16}, {"loss": "L"}),
    *({"kind": "asha"}, {"low": 1, "high": 8}, {"choices": [1, 2]}, {"expr": "depth"}, [{"metric": "loss"}]),
    *([{"set": {"width": 8}}], [{"when": "loss > 1"}], [{"name": "width", "low": 1, "high": 4}], {"hours": 2}),
)
OTHERS = {
    "charlm": {"objective": {"metric": "val_loss"}, "space": {"learning_rate": "1e-4..1e-2 log"}},
    "sft": {"objective": {"metric": "eval_loss"}, "space": {"learning_rate": "1e-5..1e-3 log"}},
    "command": {"objective": {"metric": "val_loss"}, "space": {"lr": "1e-5..1e-3 log"}},
}
NEEDED = {"sft": {"model": "m", "train": "t.jsonl"}, "command": {"command": ["python", "t.py"], "lr": 1e-3}}


def generated(rng):
    """A study with one to three keys changed at random, to an example or to something odd."""
    kind = rng.choice(("toy", "toy", *KINDS))
    document = copy.deepcopy(BASE)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        table, key = rng.choice(KEYS)
        value = example_value(key) if rng.random() < 0.6 else copy.deepcopy(rng.choice(ODD))
        document |= {name: part for name, part in study_with(table.name, key, value).items() if part != BASE.get(name)}
    if kind != "toy":
        document |= {**OTHERS[kind], "trainer": {"kind": kind, **NEEDED.get(kind, {})}}
    settings, trainer = registry.schema(kind), document["trainer"]
    if isinstance(trainer, dict) and rng.random() < 0.4:
        name = rng.choice(sorted(settings))
        trainer |= {name: rng.choice((settings[name].default, rng.choice(ODD)))}
        document["trainer"] = {name: value for name, value in trainer.items() if value is not None}
    return document


@pytest.mark.parametrize("seed", range(4))
def test_what_is_accepted_validates(seed):
    rng, accepted, tries = random.Random(seed), 0, 0
    while accepted < 100:
        document, tries = generated(rng), tries + 1
        assert tries < 5000
        try:
            study = study_from_document(document, "", "", registry.schema, checked=True)
        except HptuiError:
            continue
        accepted += 1
        for schema in (*SCHEMAS[""], *SCHEMAS[study.trainer.kind]):
            assert [(error.json_path, error.message) for error in schema.iter_errors(document)] == [], document


# -- stored studies


def test_a_key_of_a_newer_version_is_kept(tmp_path):
    study = checked({**BASE, "stage": [{"name": "first"}], "resources": {"parallel": 2}})
    stored = to_json(study)
    stored["resources"]["colour"] = "red"
    stored["stage"][0]["mood"] = [1]
    stored["space"][0]["spin"] = 2
    stored["novel"] = {"x": 1}
    again = from_json(json.loads(json.dumps(stored)))
    assert again == study
    assert {path_text(path) for path, _ in again.unknown_keys} == {
        *("resources.colour", "stage[0].mood", "space[0].spin", "novel")
    }
    assert to_json(again) == stored
    changed = with_overrides(again, {"resources.parallel": "3"}, registry.schema)
    assert to_json(changed)["resources"] == {**stored["resources"], "parallel": 3}
    assert to_json(changed)["novel"] == {"x": 1}


def test_an_unknown_key_of_a_file_is_refused():
    with pytest.raises(HptuiError, match="unknown key 'colour'"):
        checked({**BASE, "resources": {"colour": "red"}})


# -- the reference


@pytest.mark.parametrize("name", REFERENCE_TABLES)
def test_a_table_of_the_reference_has_a_row_for_each_name(name):
    lines = render_table(name).splitlines()
    assert len(lines) == 2 + len(REFERENCE_TABLES[name].names)
    assert {line.replace("\\|", "").count("|") for line in lines} == {5}


def test_a_row_says_value_default_and_meaning():
    rows = render_table("resources").splitlines()
    text = "silence of a trial, in seconds of activity, after which it counts as hung"
    assert f'| `hang_after` | duration > 0 | `"10m"` | {text} |' in rows
    assert "| `seed` | whole number 0 to 4294967295 | `0` |" in render_table("search")
    assert "| `factor` | number > 1 | – | another word for `eta` |" in render_table("search.pruner")
    with pytest.raises(UserError, match="no table 'resource'"):
        render_table("resource")


def test_a_key_is_described_wherever_it_is():
    text = render_key("hang_after")
    assert text.splitlines()[0] == "hang_after  in [resources]: duration > 0"
    assert '  default: "10m"' in text.splitlines()
    assert "  must be given" in render_key("objective.metric")
    assert [table.name for table, _ in find_keys("set")] == ["stage", "trial", "preset"]
    assert [table.name for table, _ in find_keys("search.pruner.factor")] == ["search.pruner"]
    with pytest.raises(UserError) as caught:
        render_key("resources.hang_afer")
    assert "did you mean 'resources.hang_after'?" in caught.value.hint


# -- what it costs

IMPORT = """
import dataclasses, json, re, difflib, decimal, typing, contextlib, time
began = time.process_time()
import hptui.studyfile.schema
print(time.process_time() - began)
import sys; print(sorted({"tomlkit", "tomllib", "hptui.core.study", "hptui.studyfile.read"} & set(sys.modules)))
"""


def test_the_tables_are_cheap_to_import():
    done = [
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True) for _ in range(3)
    ]
    seconds = min(float(one.stdout.splitlines()[0]) for one in done)
    assert seconds < 3 * 0.015
    assert done[0].stdout.splitlines()[1] == "[]"


def test_help_does_not_import_them(tmp_path):
    program = "import sys; sys.argv = ['hptui', '--help']\ntry:\n    from hptui.cli.main import main; main()\n"
    program += "except SystemExit: pass\nprint('hptui.studyfile.schema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


# -- the commands


def test_schema_is_printed_and_written(tmp_path):
    printed = hptui(tmp_path, "schema", "--trainer", "toy")
    assert printed.returncode == 0
    assert json.loads(printed.stdout) == json.loads(schema_text("toy"))
    file = tmp_path / "s.json"
    assert hptui(tmp_path, "schema", "-o", str(file)).returncode == 0
    assert json.loads(file.read_text()) == json.loads(schema_text())
    refused = hptui(tmp_path, "schema", "--trainer", "tyo")
    assert refused.returncode == 2
    assert "did you mean 'toy'?" in refused.stderr


SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
print("loss", parser.parse_args().lr)
"""


@pytest.mark.parametrize(("source", "kind"), [("charlm", "charlm"), ("train.py", "command")])
def test_a_new_study_names_its_schema(tmp_path, monkeypatch, source, kind):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SCRIPT)
    assert hptui(tmp_path, "new", source, "-o", "new.toml", "--schema").returncode == 0
    line = (tmp_path / "new.toml").read_text().splitlines()[0]
    assert line == f"#:schema ./hptui-{kind}.schema.json"
    schema = json.loads((tmp_path / line.split("./")[1]).read_text())
    assert Draft7Validator(schema).is_valid(tomllib.loads((tmp_path / "new.toml").read_text()))


def completions(tmp_path, *words):
    """What a shell is offered for the last word."""
    words = ("hptui", *words)
    environment = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_HPTUI_COMPLETE": "zsh_complete"}
    program = "import sys; sys.argv = ['hptui']; from hptui.cli.main import cli; cli.main(prog_name='hptui')"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()[1::3]


def test_set_is_completed(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(tomlkit.dumps({**BASE, "stage": [{"name": "rate"}]}))
    assert completions(tmp_path, "run", str(file), "--set", "search.base") == ["search.baseline="]
    assert "search.sampler=tpe" in completions(tmp_path, "run", str(file), "--set", "search.sampler=t")
    assert completions(tmp_path, "check", str(file), "--set", "dropo") == ["dropout="]
    assert "stage.rate.trials=" in completions(tmp_path, "check", str(file), "--set", "stage.")
    assert completions(tmp_path, "run", str(file), "--set", "search.baseline=") == [
        "search.baseline=true",
        "search.baseline=false",
    ]
