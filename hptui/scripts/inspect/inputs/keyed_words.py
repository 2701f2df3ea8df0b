"""Scripts with `train.py base.yml key=value key=value`: a file of settings, and words that replace its entries."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

from hptui.core.trial import Value
from hptui.scripts.inspect.inputs.config_file import SUFFIXES, file_content
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, dotted_name, type_of

FOLDERS = (".", "configs", "config", "conf", "cfg", "cfgs", "settings")
USUAL_STEMS = re.compile(r"(?:.*[_-])?(?:base|default|defaults|config|train)(?:[_-].*)?")
"""Names of the file that one starts with, where there are several."""
WORDS = re.compile(r"(?:sys\.)?argv|args|words|overrides?|unknown|extras?")


def keyed_words(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Return what a script takes whose first word is a file, the others `key=value`; None for any other."""
    opened, split = _first_word_is_opened(tree), _words_are_split(tree)
    file = _file(path) if opened and split else None
    content = file_content(file) if file is not None else None
    if file is None or not isinstance(content, dict):
        return None
    options = [
        ScriptOption(key, key, type_of(value), value)
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, str | int | float)
    ]
    style: Value = {"preset": "hydra", "prefix": "", "strings": "bare"}
    words = [Path(os.path.relpath(file)).as_posix()]
    return InspectedScript(f"key=value after {file.name}", style, options, words=words) if options else None


def _first_word_is_opened(tree: ast.Module) -> bool:
    """Return whether `open(argv[1])`, `OmegaConf.load(sys.argv[1])` or the like is called."""
    held = {
        dotted_name(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_first_word(node.value)
        for target in node.targets
    } - {""}
    return any(
        isinstance(node, ast.Call)
        and re.fullmatch(r"open|load\w*|read\w*|Path", dotted_name(node.func).rpartition(".")[2])
        and any(_is_first_word(part) or dotted_name(part) in held for part in node.args)
        for node in ast.walk(tree)
    )


def _is_first_word(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=words, slice=ast.Constant(value=1)):
            return re.fullmatch(r"(?:sys\.)?argv", dotted_name(words)) is not None
    return False


def _words_are_split(tree: ast.Module) -> bool:
    """Return whether a loop over the words after the first splits each at its `=`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and _is_rest(node.iter):
            parts = node.body if isinstance(node, ast.For) else [tree]
            for part in parts:
                for call in ast.walk(part):
                    match call:
                        case ast.Call(
                            func=ast.Attribute(attr="split" | "partition"), args=[ast.Constant(value="="), *_]
                        ):
                            return True
    return False


def _is_rest(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=words, slice=ast.Slice(lower=ast.Constant(value=2), upper=None)):
            return WORDS.fullmatch(dotted_name(words)) is not None
    return False


def _file(path: Path) -> Path | None:
    """Return the file of settings that one starts with: the only one, else that of a usual name."""
    places = [path.parent / folder for folder in FOLDERS]
    files = [file for place in places if place.is_dir() for file in sorted(place.iterdir()) if file.suffix in SUFFIXES]
    usual = [file for file in files if USUAL_STEMS.fullmatch(file.stem)]
    return files[0] if len(files) == 1 else usual[0] if usual else None
