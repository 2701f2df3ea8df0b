"""Said = received: every form of every library against values of every type, read by the library itself.

Each source below is what a script would say. It is inspected as a file, and then its `parse` reads the words that were
made from that. What it returns is what is on record, or the value is refused.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.inspect import OptionForm, declared_forms, inspect_script
from hptui.scripts.passing import Forms, form_of, pass_parameters
from hptui.scripts.styles import ArgumentStyle, read_style

VALUES: list[Any] = [
    True, False, None, "word", "a b", "auto", 3, -2, 0, 1, 0.5, 1e-05, -1e-05, 2.0, 1e22,
    [1, 2], [-1, 2], [0.5, 1e-05], ["a", "b"], ["q_proj"], [True, False], [],
    "", " ", "-5", "--x", "None", "null", "true", "no", "1e-5", "007", "1_000", "a,b", "it's", 'say "hi"', "a=b", "{a", "[1",
    "~", "#", "größe", "a\nb", "$HOME", "*", "0x10", "1:30", "2024-01-01", "nan", "C:\\x", "a\\", r"\d+\"", 10**16, -(2**63), 5e-324, 1e16,
    [[1, 2], [3]], [None, 1], [{"c": "a b", "d": [0.5]}], ["a,b", "None"], ["", "x y"], {"a": 1, "b": [1, 2.5]}, {"a": {"b": "é'"}}, {},
]  # fmt: skip

ARGPARSE = """
import argparse, ast, json
def str2bool(v):
    if isinstance(v, bool): return v
    if v.lower() in ("yes", "true", "t", "y", "1"): return True
    if v.lower() in ("no", "false", "f", "n", "0"): return False
    raise argparse.ArgumentTypeError("Boolean value expected.")
def csv(text): return [int(part) for part in text.split(",")]
def maybe(text): return None if text.lower() == "none" else float(text)
def parse(words):
    p = argparse.ArgumentParser()
    p.add_argument("--other", type=int, default=0)
    {0}
    return p.parse_args(words).x
"""
CLICK = """
import click
@click.command()
@click.option({0})
def main(x): return x
def parse(words):
    found = main.main(words, standalone_mode=False)
    return list(found) if isinstance(found, tuple) else found
"""
TYPER = """
import enum
from typing import Annotated, List, Optional, Tuple
import typer
app = typer.Typer(add_completion=False)
@app.command()
def main({0}): got.append(x)
got = []
def parse(words):
    got.clear()
    app(words, standalone_mode=False)
    return list(got[0]) if isinstance(got[0], tuple) else got[0]
"""
FIRE = """
import fire
def main({0}): return x
def parse(words): return fire.Fire(main, command=words, serialize=lambda _: "")
"""
HF = """
from dataclasses import dataclass, field
from typing import List, Literal, Optional
from transformers.hf_argparser import HfArgumentParser
@dataclass
class Arguments:
    {0}
def parse(words): return HfArgumentParser(Arguments).parse_args_into_dataclasses(words)[0].x
"""
TYRO = """
from dataclasses import dataclass, field
from typing import List, Optional, Tuple
import tyro
@dataclass
class Args:
    {0}
def parse(words):
    found = tyro.cli(Args, args=words).x
    return list(found) if isinstance(found, tuple) else found
"""
JSONARGPARSE = """
from typing import List, Optional, Union
import jsonargparse
def main({0}): return x
def parse(words): return jsonargparse.CLI(main, args=words)
"""
ABSL = """
from absl import flags
def parse(words):
    FLAGS = flags.FlagValues()
    {0}
    FLAGS(["train", *words])
    return FLAGS.x
"""
DOCOPT = '''"""Usage: train.py [options]{1}

Options:
  {0}
"""
from docopt import docopt
def parse(words): return docopt(__doc__, words)["--x"]
'''
HYDRA = """
import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg): ...
def parse(words):
    found = {"x": {0}}
    for override in OverridesParser.create().parse_overrides(words):
        table, *keys = [found, *override.key_or_group.split(".")]
        for key in keys[:-1]:
            table[key] = table[key] if isinstance(table.get(key), dict) else {}
            table = table[key]
        table[keys[-1]] = override.value()
    return found["x"]
"""
OPTPARSE = """
import optparse
def parse(words):
    p = optparse.OptionParser()
    {0}
    return p.parse_args(words)[0].x
"""
GETOPT = """
import getopt
x = 0.1
def parse(words):
    x = 0.1
    for opt, arg in getopt.getopt(words, "", ["x=", "other"])[0]:
        if opt in ("--x",):
            x = {0}
    return x
"""
TAP = """
from typing import List, Literal, Optional
from tap import Tap
class Args(Tap):
    {0}
def parse(words): return Args().parse_args(words).x
"""
SIMPLE_PARSING = """
from dataclasses import dataclass, field
from typing import List, Optional
from simple_parsing import ArgumentParser
@dataclass
class Options:
    {0}
def parse(words):
    p = ArgumentParser()
    p.add_arguments(Options, dest="options")
    return p.parse_args(words).options.x
"""
PYDANTIC = """
from typing import List, Optional
from pydantic_settings import BaseSettings, CliApp
class Settings(BaseSettings):
    {0}
def parse(words): return CliApp.run(Settings, cli_args=words).x
"""
ENVIRONMENT = """
import os
def parse(environment):
    os_environ = environment
    return {0}
"""

FORMS: list[tuple[str, str, str, list[Any]]] = [
    # library, template, declaration, values that must be passed and not refused
    ("argparse", ARGPARSE, "p.add_argument('--x', action='store_true')", [True, False, 0, 1]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action='store_true', default=True)", [True]),
    ("argparse", ARGPARSE, "p.add_argument('--no-x', dest='x', action='store_false')", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action='store_false')", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action='store_true'); p.add_argument('--no_x', dest='x', action='store_false'); p.set_defaults(x=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action=argparse.BooleanOptionalAction, default=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action=argparse.BooleanOptionalAction)", [True, False, None]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=str2bool, default=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=str, default=False)", [False, "word"]),
    ("argparse", ARGPARSE, "p.add_argument('--x', default=True)", [True, "word"]),
    ("argparse", ARGPARSE, "p.add_argument('--x', default=0.5)", [0.5, 3]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=str2bool, nargs='?', const=True, default=False)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=bool, default=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=lambda s: s == 'true', default=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=lambda s: bool(int(s)), default=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=eval, choices=[True, False], default=True)", [True, False]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=int, default=4)", [True, 3, -2, 2.0]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=int)", [None, 3]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=int, default=0.5)", [0.5, 3]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=list, default=[1, 2])", [[1, 2]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=float, default=[1, 2])", [[1, 2], 0.5]),
    ("argparse", ARGPARSE, "p.add_argument('-x', type=float, default=0.1)", [0.5, 1e-05, -1e-05, 3]),
    ("argparse", ARGPARSE, "p.add_argument('-x', '--the-x', dest='x', type=float, default=0.1)", [0.5, 1e-05]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=float)", [None, 1e22]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=maybe, default=1.0)", [None, 0.5]),
    ("argparse", ARGPARSE, "p.add_argument('--x', default='cosine')", ["word", "a b"]),
    ("argparse", ARGPARSE, "p.add_argument('--x', choices=['word', 'auto'])", ["word", None]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=csv, default=[1])", [[1, 2]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=json.loads)", [[1, 2], [True, False], True, "word", 0.5, [], {"a": 1, "b": [1, 2.5]}, [[1, 2], [3]], [None, 1]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', type=ast.literal_eval)", [[1, 2], [True, False], "word", [], {"a": 1, "b": [1, 2.5]}, [None, 1]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', nargs='+', type=int)", [[1, 2], [-1, 2]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', nargs='*', type=str, default=['z'])", [["a", "b"], []]),
    ("argparse", ARGPARSE, "p.add_argument('--x', nargs=2, type=float)", [[0.5, 1e-05]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', nargs='?', type=float, const=1.0, default=0.1)", [0.5]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action='append', type=int)", [[1, 2], None]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action='append', type=int, default=[1])", [[1, 2]]),
    ("argparse", ARGPARSE, "p.add_argument('--x', action='extend', nargs='+', type=int, default=[1])", [[1, 2]]),
    ("argparse", ARGPARSE, "p.add_argument('--fast', dest='x', action='store_const', const='auto', default='word')", ["auto", "word"]),
    ("argparse", ARGPARSE, "p.add_argument('x', type=float, nargs='?')", []),
    ("click", CLICK, "'--x', is_flag=True", [True, False]),
    ("click", CLICK, "'--x', is_flag=True, default=True", [True]),
    ("click", CLICK, "'--x/--no-x', default=True", [True, False]),
    ("click", CLICK, "'--x/--off', default=True", [True, False]),
    ("click", CLICK, "'--x', type=bool, default=True", [True, False]),
    ("click", CLICK, "'--x', default=True", [True, False]),
    ("click", CLICK, "'--x', type=click.FLOAT", [0.5, 1e-05, None]),
    ("click", CLICK, "'-x', type=float", [0.5, -1e-05]),
    ("click", CLICK, "'--x', default=3", [3, -2, 2.0]),
    ("click", CLICK, "'--x', default='cosine'", ["word", "a b"]),
    ("click", CLICK, "'--x', type=click.Choice(['word', 'auto'])", ["word"]),
    ("click", CLICK, "'--x', multiple=True, type=int, default=[7]", [[1, 2]]),
    ("click", CLICK, "'--x', multiple=True", [["a", "b"], []]),
    ("click", CLICK, "'--x', nargs=2, type=int, default=(7, 8)", [[1, 2], [-1, 2]]),
    ("click", CLICK, "'--x', flag_value='word', default='auto'", []),
    ("typer", TYPER, "x: bool = True", [True, False]),
    ("typer", TYPER, "x: Optional[bool] = None", [True, False, None]),
    ("typer", TYPER, "x: bool = typer.Option(False, '--x')", [True, False]),
    ("typer", TYPER, "x: bool = typer.Option(True, '--x/--plain')", [True, False]),
    ("typer", TYPER, "x: Annotated[bool, typer.Option('--with-x/--without-x')] = True", [True, False]),
    ("typer", TYPER, "x: float = 0.1", [0.5, 1e-05, 3]),
    ("typer", TYPER, "x: Annotated[float, typer.Option('--rate', '-r')] = 0.1", [0.5]),
    ("typer", TYPER, "x: Optional[int] = None", [3, None]),
    ("typer", TYPER, "x: str = 'cosine'", ["word"]),
    ("typer", TYPER, "x: List[int] = [7]", [[1, 2], [-1, 2]]),
    ("typer", TYPER, "x: Tuple[int, int] = (7, 8)", [[1, 2]]),
    ("typer", TYPER, "x: float", []),
    ("fire", FIRE, "x=True", [True, False, None, "word", "a b", 3, 0.5, 1e-05, [1, 2], ["a", "b"], [True, False], []]),
    ("fire", FIRE, "x: float = 0.1", [True, 0.5, None, [1, 2]]),
    ("HfArgumentParser", HF, "x: bool = True", [True, False]),
    ("HfArgumentParser", HF, "x: Optional[bool] = None", [True, False, None]),
    ("HfArgumentParser", HF, "x: float = 0.1", [0.5, 1e-05, 3]),
    ("HfArgumentParser", HF, "x: Optional[int] = None", [3, None]),
    ("HfArgumentParser", HF, "x: Optional[int] = 4", [3]),
    ("HfArgumentParser", HF, "x: str = field(default='cosine', metadata={'help': 'how'})", ["word"]),
    ("HfArgumentParser", HF, "x: List[int] = field(default_factory=lambda: [7])", [[1, 2], [-1, 2]]),
    ("HfArgumentParser", HF, "x: Literal['word', 'auto'] = 'word'", ["word", "auto"]),
    ("tyro", TYRO, "x: bool = True", [True, False]),
    ("tyro", TYRO, "x: bool", [True, False]),
    ("tyro", TYRO, "x: Optional[bool] = None", [True, False, None]),
    ("tyro", TYRO, "x: float = 0.1", [0.5, 1e-05, 3]),
    ("tyro", TYRO, "x: Optional[float] = 0.1", [0.5, None]),
    ("tyro", TYRO, "x: int | None = 4", [3, None]),
    ("tyro", TYRO, "x: str = 'cosine'", ["word"]),
    ("tyro", TYRO, "x: List[int] = field(default_factory=lambda: [7])", [[1, 2], [-1, 2], []]),
    ("tyro", TYRO, "x: Tuple[int, int] = (7, 8)", [[1, 2]]),
    ("jsonargparse", JSONARGPARSE, "x: bool = True", [True, False]),
    ("jsonargparse", JSONARGPARSE, "x: float = 0.1", [0.5, 1e-05, 3]),
    ("jsonargparse", JSONARGPARSE, "x: Optional[float] = 0.1", [0.5, None]),
    ("jsonargparse", JSONARGPARSE, "x: str = 'cosine'", ["word", "a b"]),
    ("jsonargparse", JSONARGPARSE, "x: Union[bool, float, str] = 'auto'", [True, "word", 0.5]),
    ("jsonargparse", JSONARGPARSE, "x: List[int] = [7]", [[1, 2], [-1, 2], []]),
    ("absl", ABSL, "flags.DEFINE_bool('x', True, 'help', flag_values=FLAGS)", [True, False]),
    ("absl", ABSL, "flags.DEFINE_float('x', 0.1, 'help', flag_values=FLAGS)", [0.5, 1e-05, -1e-05]),
    ("absl", ABSL, "flags.DEFINE_integer('x', None, 'help', flag_values=FLAGS)", [3, None]),
    ("absl", ABSL, "flags.DEFINE_string('x', 'cosine', 'help', flag_values=FLAGS)", ["word", "a b"]),
    ("absl", ABSL, "flags.DEFINE_enum('x', 'word', ['word', 'auto'], 'help', flag_values=FLAGS)", ["auto"]),
    ("absl", ABSL, "flags.DEFINE_list('x', ['z'], 'help', flag_values=FLAGS)", [["a", "b"]]),
    ("absl", ABSL, "flags.DEFINE_multi_integer('x', [7], 'help', flag_values=FLAGS)", [[1, 2], [-1, 2]]),
    ("docopt", DOCOPT, "--x  a flag", [True, False]),
    ("docopt", DOCOPT, "--x=<v>  a value [default: 0.1]", [0.5, 1e-05, "word", 3]),
    ("docopt", DOCOPT, "-x <v>, --x <v>  a value", [0.5, None]),
    ("optparse", OPTPARSE, "p.add_option('--x', action='store_true', default=False)", [True, False]),
    ("optparse", OPTPARSE, "p.add_option('--no-x', dest='x', action='store_false', default=True)", [True, False]),
    ("optparse", OPTPARSE, "p.add_option('-x', '--x', type='float', default=0.1)", [0.5, 1e-05, 3]),
    ("optparse", OPTPARSE, "p.add_option('--x', type='int')", [3, None]),
    ("optparse", OPTPARSE, "p.add_option('--x', type='choice', choices=['word', 'auto'])", ["word"]),
    ("optparse", OPTPARSE, "p.add_option('--x', default='cosine')", ["word", "a b"]),
    ("getopt", GETOPT, "float(arg)", [0.5, 1e-05, 3]),
    ("getopt", GETOPT, "arg", ["word", "a b"]),
    ("tap", TAP, "x: bool = False", [True, False]),
    ("tap", TAP, "x: bool = True", [True, False]),
    ("tap", TAP, "x: float = 0.1", [0.5, 1e-05, -1e-05]),
    ("tap", TAP, "x: int = 4", [3, -2]),
    ("tap", TAP, "x: str = 'cosine'", ["word", "a b"]),
    ("tap", TAP, "x: Literal['word', 'auto'] = 'word'", ["auto"]),
    ("tap", TAP, "x: List[int] = [7]", [[1, 2], [-1, 2]]),
    ("tap", TAP, "x: Optional[float] = None", [0.5, None]),
    ("simple_parsing", SIMPLE_PARSING, "x: bool = True", [True, False]),
    ("simple_parsing", SIMPLE_PARSING, "x: float = 0.1", [0.5, 1e-05, -1e-05]),
    ("simple_parsing", SIMPLE_PARSING, "x: str = 'cosine'", ["word", "a b"]),
    ("simple_parsing", SIMPLE_PARSING, "x: List[int] = field(default_factory=lambda: [7])", [[1, 2], [-1, 2]]),
    ("simple_parsing", SIMPLE_PARSING, "x: Optional[int] = None", [3, None]),
    ("pydantic_settings", PYDANTIC, "x: bool = True", [True, False]),
    ("pydantic_settings", PYDANTIC, "x: float = 0.1", [0.5, 1e-05, -1e-05]),
    ("pydantic_settings", PYDANTIC, "x: str = 'cosine'", ["word", "a b"]),
    ("pydantic_settings", PYDANTIC, "x: List[int] = [7]", [[1, 2], [-1, 2], []]),
    ("pydantic_settings", PYDANTIC, "x: Optional[int] = None", [3, None]),
    ("hydra", HYDRA, "0.1", [True, False, None, "word", "a b", 3, 0.5, 1e-05, [1, 2], ["a", "b"], [True, False], []]),
]  # fmt: skip
# ruff: noqa: E501  (a declaration a line)
MODULES = {"HfArgumentParser": "transformers"}


def ids() -> list[str]:
    return [f"{library}: {declaration}" for library, _, declaration, _ in FORMS]


def loaded(library: str, template: str, declaration: str, folder: Path) -> tuple[Forms, Any, Callable[..., Any]]:
    """The declared forms, the style, and the script's own reading of its words."""
    pytest.importorskip(MODULES.get(library, library))
    path = folder / "train.py"
    source = textwrap.dedent(template).replace("{0}", declaration).replace("{1}", "")
    path.write_text(source)
    if library == "hydra":
        (folder / "conf").mkdir(exist_ok=True)
        (folder / "conf" / "config.yaml").write_text(f"x: {declaration}\n")
    module: dict[str, Any] = {"__name__": "train", "__doc__": None}
    sys.modules["train"] = argparse.Namespace(__dict__=module)  # type: ignore[assignment]  # dataclasses look there
    exec(compile(source, str(path), "exec"), module)
    return declared_forms(path), inspect_script(path).style, module["parse"]


def same(received: Any, recorded: Any) -> bool:
    """Whether the script has what is on record: a text where it takes texts, 1 where it takes numbers."""
    if isinstance(recorded, dict):
        return received == recorded or received == json.dumps(recorded)
    if isinstance(recorded, list):
        equal_lengths = isinstance(received, list) and len(received) == len(recorded)
        return equal_lengths and all(same(*pair) for pair in zip(received, recorded, strict=True))
    if isinstance(received, list):
        joined = recorded.split(",") if isinstance(recorded, str) else [recorded]
        blank = isinstance(recorded, str) and not recorded.strip() and "".join(map(str, received)) == ""
        return received == joined or blank or (len(received) == 1 and same(received[0], recorded))
    if recorded is None or received is None:
        return received is recorded
    if isinstance(received, str):
        return received == recorded or (not isinstance(recorded, str) and number_text(received) == recorded)
    if isinstance(recorded, str):  # an option of numbers or words for true reads the text
        return number_text(recorded) == received or math.isnan(received) or isinstance(received, bool)
    if isinstance(received, float) and isinstance(recorded, float):
        return math.isclose(received, recorded, rel_tol=1e-12)
    return bool(received == recorded)


def number_text(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text


@pytest.mark.parametrize(("library", "template", "declaration", "must"), FORMS, ids=ids())
def test_what_the_script_has_is_what_is_on_record(
    tmp_path: Path, library: str, template: str, declaration: str, must: list[Any]
) -> None:
    forms, native, parse = loaded(library, template, declaration, tmp_path)
    styles = [native] if library == "hydra" else [native, "argparse"]
    form = next(iter(form for name, form in forms.items() if name == "x"), None)
    assert form is not None
    refused: list[Any] = []
    for style in map(read_style, styles):
        assert isinstance(style, ArgumentStyle)
        assert form_of(forms, style, "x") is form
        for value in VALUES:
            passed = pass_parameters(style, {"x": value}, forms)
            if passed.refused:
                refused.append(value)
                continue
            assert not passed.unsaid
            assert rejected_or_same(parse, passed.words, value, form), (style, value, passed.words)
    missing = [value for value in must if any(value is item or repr(value) == repr(item) for item in refused)]
    assert not missing, missing


def rejected_or_same(parse: Callable[..., Any], words: list[str], value: Any, form: OptionForm) -> bool:
    """Whether the script has the value; a text may be none of the words that it takes, which it says."""
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            received = parse(words)
    except (SystemExit, Exception):
        return isinstance(value, str) or (isinstance(value, list) and any(isinstance(item, str) for item in value))
    return same(received, value)
