"""Literals in calls of optimizers within an app without flags; constants of any kind that the script has."""

from __future__ import annotations

import ast

import pytest

from hptui.scripts.call_slots import RATE_FIRST
from hptui.scripts.help_check import unknown_constant_warnings
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.ranges import is_learning_rate
from hptui.scripts.with_constants import with_values

APPS = {
    "app alone": ("from absl import app\n", "app.run(main)", True),
    "app and logging": ("from absl import app, logging\n", "app.run(main)", True),
    "app by its module": ("import absl.app\n", "absl.app.run(main)", True),
    "flags": ("from absl import app, flags\nFLAGS = flags.FLAGS\n", "app.run(main)", False),
    "flags of another module": (
        "from absl import app\nfrom absl import flags\nimport own\nown.define(flags)\n",
        "app.run(main)",
        False,
    ),
}


@pytest.mark.parametrize("app", APPS)
def test_literal_rates_in_an_app_without_flags_are_constants(app, tmp_path):
    imported, started, is_open = APPS[app]
    for optimizer in RATE_FIRST:
        text = f"{imported}import optax\ndef main(_):\n    opt = optax.{optimizer}(1e-3)\n    print('val_loss', opt)\n"
        path = tmp_path / f"{optimizer}.py"
        path.write_text(f"{text}if __name__ == '__main__':\n    {started}\n")
        options = {option.name: option for option in inspect_script(path).options}
        name = f"{optimizer}.learning_rate"
        assert (name in options) is is_open
        if is_open:
            assert options[name].default == 0.001
            assert is_learning_rate(options[name])
            assert f"optax.{optimizer}(0.5)" in ast.unparse(with_values(path.read_bytes(), str(path), {name: 0.5}))


OTHERS = ("optax.adam(schedule)", "adam(1e-3)", "optax.sgd(rate_of(1e-3))", "optax.adam([1e-3])", "optax.lamb(True)")


@pytest.mark.parametrize("call", OTHERS)
def test_what_is_no_literal_rate_of_such_a_call_is_not_listed(call, tmp_path):
    (path := tmp_path / "t.py").write_text(f"import optax\nopt = {call}\nprint('val_loss', opt)\n")
    assert not any(option.name.endswith(".learning_rate") for option in inspect_script(path).options)


LITERALS = (
    "(64, 128)",
    "[1, 2]",
    "{'a': 1}",
    "None",
    "'a'",
    "3",
    "-2.5",
    "1e-3",
    "True",
    "2 * 64",
    "(1, (2, 3))",
    "()",
)


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("way", ["{0} = {1}", "{0}: object = {1}", "{0} = other = {1}", "a, {0} = 1, {1}", "{0} = f()"])
def test_a_constant_is_said_to_be_absent_where_it_cannot_be_set(literal, way, tmp_path):
    path = tmp_path / "t.py"
    path.write_text(f"import lib\nLR = 0.1\n{way.format('LENS', literal)}\nlib.fit(LR, LENS)\n")
    values = {"LR": 0.2, "LENS": [1]}
    is_warned = bool(list(unknown_constant_warnings(values, path)))
    assert is_warned is ("other" in way or "f()" in way)
    if is_warned:
        with pytest.raises(SystemExit):
            with_values(path.read_bytes(), str(path), values)
    else:
        with_values(path.read_bytes(), str(path), values)
