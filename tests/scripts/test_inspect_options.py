"""What a trial, `check` and a dry run ask of a script's source are its options; what it measures is not looked for."""

from __future__ import annotations

import pytest

from hptui.scripts.arguments import _declared, forms_in_command
from hptui.scripts.inspect import forms_of, inspect_options, inspect_script, look
from tests.import_graph import ROOT

SCRIPTS = sorted((ROOT / "tests" / "clients" / "samples" / "first" / "scripts").rglob("*.py"))[:60:3]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_options_are_those_of_the_whole_inspection(path):
    whole, options = inspect_script(path), inspect_options(path)
    assert (options.parser, options.options, options.words) == (whole.parser, whole.options, whole.words)


def test_the_forms_of_a_command_need_no_metrics(tmp_path, monkeypatch):
    script = tmp_path / "train.py"
    script.write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\np.parse_args()\n"
    )
    expected = forms_of(inspect_script(script))
    assert expected

    def refuse(*_):
        raise AssertionError("metrics were looked for")

    monkeypatch.setattr(look, "_add_metrics", refuse)
    _declared.cache_clear()
    assert forms_in_command(["python", "train.py"], tmp_path) == expected
