"""Every style against the parser that it is for: what was meant is what the parser gets, types and all."""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click
import pytest

from hptui.core.errors import UserError
from hptui.scripts.styles import STYLES, ArgumentStyle, arguments, read_style

COMMON: dict[str, Any] = {
    "learning_rate": 1e-05,
    "momentum": 1.0,
    "shift": -2.5e-07,
    "width": 64,
    "offset": -3,
    "amp": True,
    "quiet": False,
    "name": "a cat, a dog",
    "schedule": "cosine",
}


def with_argparse(words: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    for name, value in COMMON.items():
        if isinstance(value, bool):
            parser.add_argument(f"--{name}", action="store_true")
        else:
            parser.add_argument(f"--{name}", type=type(value))
    parser.add_argument("--layers", type=int, nargs="+")
    return vars(parser.parse_args(words))


@dataclass
class Arguments:
    learning_rate: float = 0.0
    momentum: float = 0.0
    shift: float = 0.0
    width: int = 0
    offset: int = 0
    amp: bool = False
    quiet: bool = True
    name: str = ""
    schedule: str = ""
    layers: list[int] = field(default_factory=list)


def with_hf(words: list[str]) -> dict[str, Any]:
    from transformers.hf_argparser import HfArgumentParser

    [found] = HfArgumentParser(Arguments).parse_args_into_dataclasses(words)  # type: ignore[arg-type]
    return vars(found)


def with_click(words: list[str]) -> dict[str, Any]:
    got: dict[str, Any] = {}
    options = [
        click.Option([f"--{name.replace('_', '-')}/--no-{name.replace('_', '-')}"])
        if isinstance(value, bool)
        else click.Option([f"--{name.replace('_', '-')}"], type=type(value))
        for name, value in COMMON.items()
    ]
    options.append(click.Option(["--layers"], type=int, multiple=True))
    command = click.Command("train", params=list(options), callback=lambda **values: got.update(values))
    command.main(words, standalone_mode=False)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in got.items()}


def with_fire(words: list[str]) -> dict[str, Any]:
    import fire

    def train(**values: Any) -> None:
        got.update(values)

    got: dict[str, Any] = {}
    fire.Fire(train, command=words)
    return got


def with_hydra(words: list[str]) -> dict[str, Any]:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return {one.key_or_group: one.value() for one in OverridesParser.create().parse_overrides(words)}


def with_jsonargparse(words: list[str]) -> dict[str, Any]:
    jsonargparse = pytest.importorskip("jsonargparse")
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    for name, value in COMMON.items():
        parser.add_argument(f"--{name}", type=type(value))
    parser.add_argument("--layers", type=list[int])
    return dict(vars(parser.parse_args(words)))


def with_exact_types(words: list[str]) -> dict[str, Any]:
    """As scripts do that take their defaults from constants: a value must have its default's very type."""
    got = {}
    for text in words:
        name, _, value = text.removeprefix("--").partition("=")
        try:
            found = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found = value
        wanted = {**COMMON, "layers": []}[name]
        assert type(found) is type(wanted), f"{name}: {type(found)}"
        got[name] = found
    return got


def with_json_values(words: list[str]) -> dict[str, Any]:
    got = {}
    for text in words:
        name, _, value = text.removeprefix("--").partition("=")
        try:
            got[name] = json.loads(value)
        except ValueError:
            got[name] = value
    return got


PARSERS: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "argparse": with_argparse,
    "hf": with_hf,
    "click": with_click,
    "fire": with_fire,
    "hydra": with_hydra,
    "jsonargparse": with_jsonargparse,
    "exact": with_exact_types,
    "dotted": with_json_values,
}


@pytest.mark.parametrize("style", STYLES)
def test_what_is_meant_is_what_the_parser_gets(style: str) -> None:
    meant = {**COMMON, "layers": [10000, 20000]}
    got = PARSERS[style](arguments(STYLES[style], meant))
    assert got == meant
    assert {name: type(value) for name, value in got.items()} == {name: type(value) for name, value in meant.items()}


@pytest.mark.parametrize("style", ["fire", "hydra"])
@pytest.mark.parametrize(
    "text", ["1e-3", "True", "null", "3", "a=b", "[1]", 'say "hi"', "x y", "", "adamw", "out/run-1.pt"]
)
def test_a_text_that_looks_like_something_else_stays_a_text(style: str, text: str) -> None:
    assert PARSERS[style](arguments(STYLES[style], {"name": text}))["name"] == text


WRITTEN: list[tuple[dict[str, str], Any, list[str]]] = [
    ({}, 1.0, ["--x=1.0"]),
    ({}, 100000.0, ["--x=100000.0"]),
    ({}, 1e22, ["--x=1e+22"]),
    ({"separator": " "}, 8, ["--x", "8"]),
    ({"prefix": "+", "preset": "hydra"}, True, ["+x=true"]),
    ({"prefix": "++", "preset": "hydra"}, "a b", ['++x="a b"']),
    ({"prefix": ""}, 3, ["x=3"]),
    ({"booleans": "no"}, False, ["--no-x"]),
    ({"booleans": "flag"}, False, []),
    ({"booleans": "1"}, True, ["--x=1"]),
    ({"lists": "comma"}, [1, 2.0], ["--x=1,2.0"]),
    ({"lists": "repeated"}, [1, 2], ["--x=1", "--x=2"]),
    ({"lists": "repeated", "separator": " "}, [1, 2], ["--x", "1", "--x", "2"]),
    ({"lists": "bracketed", "strings": "quoted"}, ["q", "v"], ['--x=["q","v"]']),
    ({"lists": "json"}, [1e-05, None], ["--x=[1e-05,null]"]),
    ({"lists": "spaced"}, ["q", "v"], ["--x", "q", "v"]),
    ({"lists": "spaced"}, [], []),
    ({"strings": "quoted"}, "a", ['--x="a"']),
    ({}, None, []),
    ({"names": "dotted"}, {"y": {"z": 1}}, ["--x.y.z=1"]),
]


@pytest.mark.parametrize(("table", "value", "words"), WRITTEN)
def test_each_part_of_a_style_does_what_it_says(table: dict[str, str], value: Any, words: list[str]) -> None:
    style = read_style(dict(table))
    assert isinstance(style, ArgumentStyle)
    assert arguments(style, {"x": value}) == words


def test_names_are_spelled_as_the_script_does() -> None:
    assert arguments(STYLES["click"], {"batch_size": 8}) == ["--batch-size=8"]
    assert arguments(STYLES["dotted"], {"optimizer__lr": 0.1, "optimizer.eps": 1}) == [
        "--optimizer.lr=0.1",
        "--optimizer.eps=1",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("argpars", "did you mean 'argparse'"),
        ({"preset": "hydr"}, "did you mean 'hydra'"),
        ({"boolean": "flag"}, "did you mean 'booleans'"),
        ({"lists": "commas"}, "did you mean 'comma'"),
        ({"prefix": 3}, "trainer.style.prefix"),
        (7, "trainer.style"),
    ],
)
def test_a_style_that_is_none_is_an_error_with_the_nearest_right_one(value: Any, said: str) -> None:
    with pytest.raises(UserError) as error:
        read_style(value)
    assert said in str(error.value)


def test_booleans_of_single_parameters():
    style = read_style({"preset": "click", "booleans": {"use-amp": "flag", "ema": "1"}})
    assert isinstance(style, ArgumentStyle)
    said = {"use_amp": False, "norm": False, "ema": True}
    assert arguments(style, said) == ["--no-norm", "--ema=1"]
    assert arguments(style, said | {"use_amp": True}) == ["--use-amp", "--no-norm", "--ema=1"]
    with pytest.raises(UserError, match=r"style.booleans.x: cannot be 'flagg'"):
        read_style({"booleans": {"x": "flagg"}})
