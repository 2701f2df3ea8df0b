"""The mark `quick`, and the list of tests that take long."""

from pathlib import Path

import pytest

from tests import long_tests, marks


def test_every_function_on_the_list_exists():
    for name in long_tests.long_functions():
        path, *parts = name.split("::")
        text = (Path(__file__).parent.parent / path).read_text()
        inherited = len(parts) > 1  # a method of a shipped contract suite
        assert inherited or f"def {parts[-1]}(" in text, f"{name} is gone: python -m tests.long_tests"


def test_cases_of_a_function_are_added_up():
    lines = ["0.3 tests/a.py::f\n", "0.3 tests/a.py::f\n", "0.4 tests/a.py::g\n"]
    assert long_tests.too_long(lines) == ["tests/a.py::f"]
    assert long_tests.function_of("tests/a.py::f[1-[x]]") == "tests/a.py::f"


def test_this_test_is_quick(request: pytest.FixtureRequest):
    assert marks.is_quick(request.node)
    assert request.node.get_closest_marker("quick")
