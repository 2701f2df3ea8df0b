"""What a script goes on from where it finds it: what it saves, and reads without being told to."""

from __future__ import annotations

import ast
import itertools

import pytest

from hptui.scripts.inspect.shared_files import shared_files

HEAD = "import argparse, os, pickle, torch\np = argparse.ArgumentParser()\n"
ON = {
    "always": "if True:",
    "flag that is on": "p.add_argument('--resume', default=True)\nargs = p.parse_args()\nif args.resume:",
    "constant that is on": "init_from = 'resume'\nif init_from == 'resume':",
    "set later": "resume = False\nresume = os.environ.get('A')\nif resume:",
    "argument of a function": "resume = False\ndef main(resume):\n    pass\nif resume:",
    "flag that is set": "p.add_argument('--resume')\nargs = p.parse_args()\nargs.resume = 'a'\nif args.resume:",
    "not told to begin": "p.add_argument('--new', action='store_true')\nargs = p.parse_args()\nif not args.new:",
}
OFF = {
    "flag": "p.add_argument('--resume', action='store_true')\nargs = p.parse_args()\nif args.resume:",
    "option": "p.add_argument('--resume', type=str)\nargs = p.parse_args()\nif args.resume is not None:",
    "word": "init_from = 'scratch'\nif init_from == 'resume':",
    "word of an option": "p.add_argument('--init', default='new')\na = p.parse_args()\nif a.init == 'resume':",
    "one of two": "resume = False\nif resume and os.path.exists('x'):",
    "constant": "RESUME = None\nif RESUME:",
}
USE = "\n    if os.path.exists('{0}'):\n        state = torch.load('{0}')\ntorch.save(net, '{0}')\n"


@pytest.mark.parametrize("condition", ON)
@pytest.mark.parametrize("file", ["ckpt.pt", "out/last.ckpt", "state.pkl"])
def test_what_is_saved_and_read_is_gone_on_from(condition, file):
    assert shared_files(ast.parse(HEAD + ON[condition] + USE.format(file))).resumed == (file,)


@pytest.mark.parametrize("condition", OFF)
def test_what_is_read_only_where_an_option_says_so_is_not_gone_on_from(condition):
    for file, is_tested in itertools.product(["ckpt.pt", "out/last.ckpt"], (True, False)):
        use = USE if is_tested else "\n    state = torch.load('{0}')\ntorch.save(net, '{0}')\n"
        found = shared_files(ast.parse(HEAD + OFF[condition] + use.format(file)))
        assert not found.resumed
        assert found.saved == (file,)


@pytest.mark.parametrize("end", ["pkl", "pickle", "npz", "joblib", "zip", "tar"])
def test_data_that_a_script_only_reads_is_nothing_that_it_goes_on_from(end):
    for path in (f"meta.{end}", f"data/chars/meta.{end}"):
        read = f"if os.path.exists('{path}'):\n    meta = pickle.load(open('{path}', 'rb'))\n"
        assert not shared_files(ast.parse(HEAD + read)).resumed
        saved = f"{read}pickle.dump(meta, open('{path}', 'wb'))\n"
        assert shared_files(ast.parse(HEAD + saved)).resumed == (path,)
