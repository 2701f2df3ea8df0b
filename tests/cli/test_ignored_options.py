"""An option that is accepted does something: it changes what is printed, or it is refused with what it goes with."""

import json
import re

import pytest

from hptui import plugins
from tests.operations.made import make

TEXTS = ("yaml", "json", "toml", "csv", "flags", "python", "env")
OPTIONS = (
    ("--params-only",),
    ("--hyphens",),
    ("--prefix", "HP_"),
    ("--rename", "learning_rate=lr"),
    ("--by", "fresh"),
    ("--by", "rank"),
    ("--no-checkpoints",),
    ("--redact",),
)


@pytest.mark.parametrize("trial", ["best", "2", "all"])
@pytest.mark.parametrize("how", [*TEXTS, "sweep"])
@pytest.mark.parametrize("option", OPTIONS, ids="".join)
def test_no_option_of_an_export_is_ignored(call, home, how, trial, option):
    make(home)
    plain = call("export", "made", trial, "--format", how)
    done = call("export", "made", trial, "--format", how, *option)
    if plain.code:
        assert done.code, "what cannot be written cannot be written with an option"
        return
    if done.code == 0 and option != ("--by", "rank"):
        assert done.out != plain.out, f"{option[0]} changed nothing of {how}"
    elif done.code:
        assert option[0] in done.err or "fresh runs" in done.err
        assert done.out == ""


@pytest.mark.parametrize("how", sorted(set(plugins.names("exporters")) - {*TEXTS, "sweep"}))
@pytest.mark.parametrize("option", OPTIONS, ids="".join)
def test_formats_in_files_refuse_what_they_have_no_use_for(call, home, tmp_path, how, option):
    if option[0] == "--rename" and how == "parquet":
        return
    make(home)
    done = call("export", "made", "--format", how, "-o", tmp_path / "out", *option)
    assert done.code == 2
    assert option[0] in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "option", "goes_with"),
    [
        (["export", "made", "2", "--archive"], "TRIAL", "--archive"),
        (["export", "made", "--archive", "--format", "yaml"], "--format", "--archive"),
        (["export", "made", "--archive", "--like", "hptui"], "--like", "--archive"),
        (["export", "made", "2", "--like", "hptui"], "TRIAL", "--rename"),
        (["export", "made", "--like", "hptui", "--hyphens"], "--hyphens", "--rename"),
        (["export", "made", "2", "--format", "sweep"], "sweep", "leave it out"),
        (["show", "made", "2", "--by", "fresh"], "--by", "best"),
        (["report", "made", "--json", "-o", "x"], "--json", "facts.json"),
        (["add", "made", "width=16", "--seeds", "1"], "--seeds", "--repeat"),
        (["space", "made", "--why", "a reason"], "--why", "KEY=RANGE"),
        (["log", "made", "--attempt", "2"], "--attempt", "trial"),
        (["docs", "--search", "seed", "--path"], "--search", "--path"),
        (["import", "sweep.yaml", "--dry-run"], "--dry-run", "-o"),
        (["import", "a.csv", "--into", "made", "-o", "x"], "-o", "recorded"),
    ],
)
def test_what_would_be_ignored_is_refused(call, home, words, option, goes_with):
    make(home)
    done = call(*words)
    assert (done.code, done.out) == (2, "")
    assert option in done.err
    assert goes_with in done.err


@pytest.mark.parametrize(
    "option",
    [("-o", "x"), ("--style", "results"), ("--figures", "png"), ("--brief",), ("--html",), ("--contour", "a,b")],
)
def test_a_check_refuses_the_options_of_a_report(call, home, tmp_path, option):
    make(home)
    assert call("report", "made", "-o", tmp_path, "--figures", "none").code == 0
    done = call("report", "--check", tmp_path, *option)
    assert done.code == 2
    assert f"{option[0]}: --check reads a report" in done.err


def numbers_of(text):
    return re.findall(r"\d+(?:\.\d+)?", text)


@pytest.mark.parametrize("style", ["", "hyperparameters"])
def test_a_report_as_json_says_what_the_markdown_says(call, home, style):
    make(home)
    options = ["--style", style] if style else []
    text, found = call("report", "made", *options).out, json.loads(call("report", "made", "--json", *options).out)
    assert found["study"] == "made"
    assert found["style"] == (style or "results")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", found["asof"])
    plain = re.sub(r"[*`\\]", "", text)
    sentences = [item for part in found["parts"] for item in part.get("sentences", [])]
    assert len(sentences) > 10
    for item in sentences:
        assert re.sub(r"[*`\\]", "", item["text"]) in plain
        assert all(key in found["facts"] for key in item["facts"])
    rows = [row for part in found["parts"] for row in part.get("rows", [])]
    heads = len(re.findall(r"^\| -", text, re.MULTILINE))
    assert len(re.findall(r"^\|", text, re.MULTILINE)) - 2 * heads == len(rows) > 5
    assert all(claim["class"] and claim["text"] for claim in found["claims"])
    assert all(isinstance(fact["trials"], list) for fact in found["facts"].values())
    first = call("report", "made", "--brief").out
    brief = json.loads(call("report", "made", "--brief", "--json").out)
    labels = [item["label"] for item in brief["answer"] if "label" in item]
    assert labels == re.findall(r"^- \*\*([^*]+)\*\*", first, re.MULTILINE)
    if not style:
        assert brief["answer"] == found["answer"]


def test_columns_of_a_table_are_those_of_its_json(call, home):
    make(home)
    rows = json.loads(call("trials", "made", "--columns", "number,width,loss", "--json").out)
    assert all(list(row) == ["number", "width", "loss"] for row in rows)
    assert json.loads(call("trials", "made", "--json").out)[0]["params"] is not None


def test_a_changed_space_is_printed_as_json_when_asked_for(call, home):
    make(home)
    done = call("space", "made", "width=16..48", "--json", "--why", "a look")
    found = json.loads(done.out)
    assert {row["name"]: row["range"] for row in found["parameters"]}["width"] == "16..48 int"
    assert found["revisions"][-1]["why"] == "a look"
