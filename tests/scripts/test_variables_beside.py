"""What an environment variable is read as, in the midst of other values: said = received."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.inspect import declared_forms
from hptui.scripts.passing import CannotBePassed, variable_text
from hptui.scripts.styles import STYLES

READERS: dict[str, tuple[str, Any]] = {
    "text": ("os.environ['X']", "a b"),
    "number": ("float(os.environ['X'])", 1e-05),
    "whole": ("int(os.environ['X'])", 3),
    "switch": ("os.environ['X'] == '1'", False),
    "json": ("json.loads(os.environ.get('X', '{}'))", {"a": [1, {"b": 0.5}]}),
    "parts": ("[int(part) for part in os.environ.get('X', '7').split(',')]", [1, 2]),
}
OTHERS = ("int('3')", "float('0.5')", "'a,b'.split(',')", "json.loads('1')", "'1' == '1'")
PLACES = (
    "got = {0}",
    "got, other = {0}, {1}",
    "other, got = [{1}, {0}]",
    "got = dict(other={1}, got={0})['got']",
    "got = {{'other': {1}, 'got': {0}}}['got']",
    "got = (lambda *values: values)({1}, {0})[1]",
    "got = {0}; print(got, {1})",
    "print(json.dumps([{1}, got := {0}]))",
)


@pytest.mark.parametrize("place", PLACES)
def test_a_variable_is_read_as_its_own_part_of_an_expression_reads_it(place: str, tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    for (reader, value), other in itertools.product(READERS.values(), OTHERS):
        source = "import json, os\n" + place.format(reader, other)
        path.write_text(source)
        form = declared_forms(path).get("x")
        try:
            text = variable_text(form, STYLES["exact"], value)
        except CannotBePassed as error:
            raise AssertionError((source, form)) from error
        namespace: dict[str, Any] = {}
        for look_up in ("os.environ['X']", "os.environ.get('X', '{}')", "os.environ.get('X', '7')"):
            source = source.replace(look_up, repr(text))
        exec(source, namespace)
        assert namespace["got"] == value, (source, text, form)
