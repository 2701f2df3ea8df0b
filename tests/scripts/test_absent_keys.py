"""What a dictionary for boosted trees leaves at its default is searched, and reaches what is given the dictionary."""

from __future__ import annotations

import ast
import itertools
import sys
import types
from typing import Any

import pytest

from hptui.scripts.absent_keys import CLASSES, FUNCTIONS
from hptui.scripts.inspect.inputs.constants import all_constants
from hptui.scripts.library_defaults import SAME_NAMES
from hptui.scripts.with_constants import with_values

GIVEN: dict[str, Any] = {}
GROUPS = [*FUNCTIONS, *CLASSES]
TABLES = {
    "braces": 'params = {{"objective": "binary", {inside}}}',
    "a call": "params = dict(objective='binary', {words})",
}


def script(full: str, table: str, keys: dict[str, Any]) -> str:
    library, _, name = full.rpartition(".")
    inside = ", ".join(f"{key!r}: {value!r}" for key, value in keys.items())
    words = ", ".join(f"{key}={value!r}" for key, value in keys.items())
    call = f"m.{name}(params, data, 10)" if full in FUNCTIONS else f"m.{name}(**params)"
    return f"import {library} as m\ndata = None\n{TABLES[table].format(inside=inside, words=words)}\nbooster = {call}\n"


@pytest.fixture(autouse=True)
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins of the libraries, which keep what they are given."""
    for library in ("xgboost", "lightgbm", "catboost"):
        module = types.ModuleType(library)
        for full in GROUPS:
            name = full.rpartition(".")[2]
            is_function = full in FUNCTIONS

            def receive(*args: Any, is_function: bool = is_function, **words: Any) -> None:
                GIVEN.clear()
                GIVEN.update(args[0] if is_function else words)

            if full.startswith(f"{library}."):
                setattr(module, name, receive)
        monkeypatch.setitem(sys.modules, library, module)


def run(text: str, values: dict[str, Any]) -> dict[str, Any]:
    exec(compile(with_values(text.encode(), "train.py", values), "train.py", "exec"), {})
    return dict(GIVEN)


@pytest.mark.parametrize(("full", "table"), [*itertools.product(GROUPS, TABLES)])
def test_each_absent_key_is_a_parameter_and_reaches_the_call(full: str, table: str) -> None:
    defaults = {**FUNCTIONS, **CLASSES}[full]
    text = script(full, table, {})
    known = all_constants(ast.parse(text), {})
    assert {f"params.{key}": value for key, value in defaults.items()}.items() <= known.items()
    for key, value in defaults.items():
        assert run(text, {f"params.{key}": value}) == {"objective": "binary", key: value}
    every = {f"params.{key}": 2 * value for key, value in defaults.items()}
    assert run(text, every) == {"objective": "binary", **{key: 2 * value for key, value in defaults.items()}}


@pytest.mark.parametrize(("full", "same"), [*itertools.product(GROUPS, SAME_NAMES)])
def test_a_key_that_is_there_under_another_name_is_not_absent(full: str, same: set[str]) -> None:
    for name in sorted(same):
        text = script(full, "braces", {name: 3})
        assert {key for key in all_constants(ast.parse(text), {}) if key.partition(".")[2] in same} <= {
            f"params.{name}"
        }


@pytest.mark.parametrize(
    "change",
    [
        "params['eta'] = params['learning_rate'] = lr",
        "params.update(other)",
        "params |= other",
        "params = {'eta': 1}",
        "params.setdefault('eta', 1)",
    ],
)
def test_what_is_added_later_is_not_absent(change: str) -> None:
    text = script("xgboost.train", "braces", {}).replace("booster", f"{change}\nbooster")
    assert "params.eta" not in all_constants(ast.parse(text), {})
    assert "params.eta" in all_constants(ast.parse(script("xgboost.train", "braces", {})), {})


@pytest.mark.parametrize("words", ["callbacks=[m.reset_parameter(learning_rate=rate)]", "learning_rates=rate"])
def test_a_rate_that_a_callback_sets_is_not_absent(words: str) -> None:
    text = script("lightgbm.train", "braces", {}).replace("data, 10)", f"data, 10, {words})")
    assert {"params.num_leaves"} == all_constants(ast.parse(text), {}).keys() - {"params.objective"}


@pytest.mark.parametrize(
    "text",
    [
        "import xgboost as m\nparams = {**common, 'seed': 1}\nm.train(params, d)\n",
        "import xgboost as m\nparams = {'booster': 'gblinear', 'seed': 1}\nm.train(params, d)\n",
        "import lightgbm as m\nparams = {'boosting': 'rf', 'seed': 1}\nm.train(params, d)\n",
        "import xgboost as m\nparams = {'seed': 1}\ndef fit(params):\n    m.train(params, d)\nfit(other)\n",
        "from mine import train\nparams = {'seed': 1}\ntrain(params, d)\n",
    ],
)
def test_a_dictionary_of_which_not_all_is_known_gets_no_keys(text: str) -> None:
    assert {"params.eta", "params.learning_rate"}.isdisjoint(all_constants(ast.parse(text), {}))
