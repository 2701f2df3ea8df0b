"""Every key that changes something does what a verb of the shell does, by the same function."""

import ast
import importlib
from pathlib import Path

import pytest
from textual.binding import Binding

from hptui import plugins
from hptui.tui.keys import KEYS, all_keys_by_id, bindings
from hptui.tui.user_keys import TOGETHER, textual_keymap

PACKAGE = Path(__file__).parents[2] / "hptui"
STEERING = {"run", "pause", "resume", "stop", "retry", "add", "note"}
"""Verbs that change a study, and that a key carries out."""


def imported(path):
    """Functions of `actions` that a file imports, as `module:name`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hptui.operations"):
            found |= {f"{node.module}:{name.name}" for name in node.names}
    return found


def test_ids_are_unique():
    assert len(all_keys_by_id()) == len(KEYS)


@pytest.mark.parametrize("key", [key for key in KEYS if key.changes], ids=lambda key: key.id)
def test_a_key_that_changes_something_calls_what_its_verb_calls(key):
    module, _, name = key.calls.partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    assert key.verb in plugins.names("commands")
    verb_module = plugins.spec("commands", key.verb).command.partition(":")[0]
    assert key.calls in imported(PACKAGE.parent / f"{verb_module.replace('.', '/')}.py")
    assert key.calls in imported(PACKAGE / "tui" / "verbs.py")


def test_every_verb_that_steers_has_a_key():
    reached = {key.verb for key in KEYS if key.changes}
    # One key holds a trial and lets it go on; `run` lets a study go on.
    assert STEERING - {"resume"} <= reached


def test_nothing_outside_verbs_calls_what_changes_a_study():
    changing = {key.calls for key in KEYS if key.changes}
    for path in (PACKAGE / "tui").rglob("*.py"):
        if path.name != "verbs.py":
            assert not changing & imported(path), path


def test_a_key_that_destroys_asks():
    assert {key.id for key in KEYS if key.verb == "stop"} == {key.id for key in KEYS if key.asks}


def test_no_key_of_a_scope_is_bound_twice():
    for scopes in (
        ("app", "study"),
        ("app", "studies"),
        ("app", "trial"),
        ("app", "log"),
        ("table", "trials"),
        ("chart",),
    ):
        taken = {}
        for binding in bindings(*scopes):
            assert isinstance(binding, Binding)
            for key in binding.key.split(","):
                assert key not in taken, f"{key} is {taken.get(key)} and {binding.id}"
                taken[key] = binding.id


def test_keys_that_hide_a_key_of_their_screen_are_meant():
    """A focused pane goes before its screen: what it takes from it is listed here."""
    screen = {key: binding.id for binding in bindings("study") for key in binding.key.split(",")}
    pane = {key: binding.id for binding in bindings("table", "trials") for key in binding.key.split(",")}
    assert set(screen) & set(pane) == set()


def test_a_users_keys():
    found, problems = textual_keymap({"study.pause": "J", "study.paus": "q"})
    assert found == {"study.pause": "J"}
    assert len(problems) == 1
    assert "study.pause" in problems[0]


def test_a_key_that_another_has_is_reported_with_its_name():
    """For every two keys that can be pressed at one place: either takes the other's, and both names are told."""
    by_id, reported = all_keys_by_id(), 0
    assert {scope for group in TOGETHER for scope in group} <= {key.scope for key in KEYS}
    for name, key in by_id.items():
        assert textual_keymap({name: key.keys})[1] == []
        for other in by_id.values():
            meet = "app" in (key.scope, other.scope) or any({key.scope, other.scope} <= set(g) for g in TOGETHER)
            if other is key or not (meet or key.scope == other.scope):
                continue
            wanted = other.keys.split(",")[0]
            if wanted in key.keys.split(","):
                continue
            _, problems = textual_keymap({name: wanted})
            assert any(name in text and f"from {other.id} " in text for text in problems)
            moved = {name: wanted, other.id: "f12"}
            assert not any(f"from {other.id} " in text for text in textual_keymap(moved)[1])
            reported += 1
    assert reported > 500
    assert len(textual_keymap({"study.pause": "f9", "study.budget": "f9"})[1]) == 1
