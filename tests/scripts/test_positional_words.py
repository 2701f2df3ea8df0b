"""Scripts that read words by position: what is listed, and what the script has where a word is missing."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

from hptui.operations.new_automatic import automatic_value
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.inputs.positional_words import argv_options
from hptui.scripts.inspect.outputs.ranking import is_training_metric

FORMS = {
    "if": "{name} = {default!r}\nif len(sys.argv) > {n}:\n    {name} = {read}\n",
    "else": "if len(sys.argv) > {n}:\n    {name} = {read}\nelse:\n    {name} = {default!r}\n",
    "try": "try:\n    {name} = {read}\nexcept IndexError:\n    {name} = {default!r}\n",
    "expression": "{name} = {read} if len(sys.argv) > {n} else {default!r}\n",
}
OPTIONS = {"width": ("int", 64), "rate": ("float", 0.5), "kind": ("str", "fast")}


@pytest.mark.parametrize("order", list(itertools.permutations(OPTIONS)))
@pytest.mark.parametrize("form", FORMS)
def test_a_word_that_may_be_missing_has_the_default_of_the_script(form: str, order: tuple[str, ...]) -> None:
    source = "import sys\n"
    for name in sorted(OPTIONS):  # read in another order than that of their positions
        kind, default = OPTIONS[name]
        n = order.index(name) + 1
        read = f"sys.argv[{n}]" if kind == "str" else f"{kind}(sys.argv[{n}])"
        source += FORMS[form].format(name=name, default=default, n=n, read=read)
    script = argv_options(ast.parse(source))
    assert script is not None
    assert [option.name for option in script.options] == list(order)
    assert {option.name: (option.type, option.default) for option in script.options} == OPTIONS
    assert not any(option.required for option in script.options)


def test_a_word_without_a_default_is_required() -> None:
    for before in ("", "rate = other()\n", "rate = 0.5\nrate = 0.25\n"):
        lines = f"import sys\n{before}if len(sys.argv) > 1:\n    rate = float(sys.argv[1])\n"
        script = argv_options(ast.parse(lines))
        assert script is not None
        assert [(option.default, option.required) for option in script.options] == [(None, True)]
    script = argv_options(ast.parse("import sys\nrate = 0.5\nprint(rate)\nrate = float(sys.argv[1])\n"))
    assert script is not None
    assert script.options[0].required


@pytest.mark.parametrize("word", ["cv", "oof", "fold"])
@pytest.mark.parametrize("name", ["{}_logloss", "mean {} loss", "{} rmse loss"])
def test_a_loss_over_folds_is_of_held_out_data(word: str, name: str) -> None:
    assert not is_training_metric(name.format(word))
    assert is_training_metric(name.format("batch"))


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_seed_at_a_place_is_that_of_the_trial(tmp_path: Path, place: int) -> None:
    names = ["rate", "width"]
    names.insert(place - 1, "seed")
    lines = ["import sys"]
    for n, name in enumerate(names, 1):
        lines += [f"{name} = {n}", "if len(sys.argv) > 3:", f"    {name} = int(sys.argv[{n}])"]
    (tmp_path / "train.py").write_text("\n".join([*lines, "print(f'val_loss: {rate:.3f}')"]))
    options = inspect_script(tmp_path / "train.py")
    given = {option.name: automatic_value(option, options, tmp_path) for option in options.options}
    assert given == {"rate": "", "width": "", "seed": "{seed}"}
