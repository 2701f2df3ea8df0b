"""How each library's options are declared: the form that the source shows, for every kind of declaration."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.inspect import FormKind, OptionForm, Reads, declared_forms

ARGPARSE: list[tuple[str, str, dict[str, Any]]] = [
    ("'--x', action='store_true'", "x", {"kind": FormKind.FLAG, "silent": False}),
    ("'--no-x', action='store_false', dest='x'", "x", {"kind": FormKind.STORE_FALSE, "silent": True}),
    ("'--no-x', action='store_false', dest='x'", "no_x", {"kind": FormKind.FLAG, "silent": False}),
    ("'--x', action=argparse.BooleanOptionalAction", "x", {"kind": FormKind.ON_OFF, "silent": None}),
    ("'--x', type=float, default=1e-3", "x", {"kind": FormKind.VALUE, "reads": Reads.FLOAT, "silent": 1e-3}),
    ("'--x', type=bool, default=True", "x", {"reads": Reads.ANY_TEXT, "silent": True}),
    ("'--x', type=str2bool, default='yes'", "x", {"reads": Reads.BOOL, "words": ("no", "yes")}),
    ("'--x', type=lambda s: s.lower() == 'true'", "x", {"reads": Reads.BOOL, "words": ("False", "True")}),
    ("'--x', type=lambda s: s == 'true'", "x", {"reads": Reads.BOOL, "words": ("false", "true")}),
    ("'--x', type=lambda s: bool(int(s))", "x", {"reads": Reads.BOOL, "words": ("0", "1")}),
    ("'--x', type=lambda s: [int(i) for i in s.split(',')]", "x", {"reads": Reads.PARTS, "separator": ","}),
    ("'--x', type=json.loads", "x", {"reads": Reads.JSON}),
    ("'--x', type=ast.literal_eval", "x", {"reads": Reads.PYTHON}),
    ("'--x', type=lambda s: None if s == 'None' else float(s)", "x", {"reads": Reads.FLOAT, "null": "None"}),
    ("'--x', type=imported", "x", {"reads": Reads.UNKNOWN}),
    ("'--x', action='store_const', const='big', dest='size'", "size", {"kind": FormKind.STORE_CONST}),
    ("'--x', nargs='+', type=int", "x", {"kind": FormKind.NARGS, "reads": Reads.INT, "count": "+"}),
    ("'--x', action='append', type=int, default=[1]", "x", {"kind": FormKind.APPEND, "extends": True}),
    ("'x', type=float", "x", {"kind": FormKind.POSITIONAL, "reads": Reads.FLOAT}),
    ("'-x', '--ex', type=int", "ex", {"flags": ("--ex", "-x")}),
    ("'--x', default=torch.cuda.is_available(), action='store_true'", "x", {"kind": FormKind.FLAG}),
]


def forms(tmp_path: Path, source: str) -> dict[str, OptionForm]:
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent(source))
    return declared_forms(path)


@pytest.mark.parametrize(("declared", "name", "wanted"), ARGPARSE)
def test_argparse(tmp_path: Path, declared: str, name: str, wanted: dict[str, Any]) -> None:
    source = (
        "import argparse, json, ast\n"
        "def str2bool(v):\n    if v.lower() in ('yes', 'y'): return True\n    return False if v == 'no' else None\n"
        f"p = argparse.ArgumentParser()\np.add_argument({declared})\n"
    )
    form = forms(tmp_path, source)[name]
    assert {key: getattr(form, key) for key in wanted} == wanted


def test_two_flags_of_one_destination_are_a_pair_and_two_options_of_one_name_are_not_guessed(tmp_path: Path) -> None:
    found = forms(
        tmp_path,
        """
        p.add_argument("--shuffle", action="store_true", default=True)
        p.add_argument("--no-shuffle", dest="shuffle", action="store_false")
        p.add_argument("--fp16", dest="kind", action="store_const", const="fp16")
        p.add_argument("--bf16", dest="kind", action="store_const", const="bf16")
        p.add_argument("--x", type=int)
        p.add_argument("--x", action="store_true")
        """,
    )
    assert found["shuffle"].kind is FormKind.ON_OFF
    assert found["shuffle"].sets == ((True, "--shuffle"), (False, "--no-shuffle"))
    assert found["kind"].sets == (("fp16", "--fp16"), ("bf16", "--bf16"))
    assert "x" not in found


def test_every_form_says_what_it_is() -> None:
    assert OptionForm(FormKind.FLAG).describe() == "flag"
    assert OptionForm(reads=Reads.FLOAT).describe() == "takes a value (float)"
    assert OptionForm(FormKind.NARGS, Reads.INT, count="2").describe() == "nargs=2 (int)"
    assert "any text is true" in OptionForm(reads=Reads.ANY_TEXT).describe()
