"""The recorded words: each stands once in the code, every store has no others, and their spelling is for ever."""

from __future__ import annotations

import ast
import re
import sqlite3
import tarfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

import hptui
from hptui.core.trial import StudyState, TrialStatus
from hptui.store.recorded import EVENT_KINDS, META_KEYS, EventKind, MetaKey

PACKAGE = Path(hptui.__file__).parent
HERE = PACKAGE / "store" / "recorded.py"

WRITERS = {"add_event": 1, "set_meta": 0, "get_meta": 0, "write_meta": 1}
"""Function -> position of the recorded word among its arguments."""

KINDS = """
    added changed code_changed cold_start constant data disk_low engine fenced gpu_busy gpu_fault hung imported left
    memory no_gpus not_fetched notify packing place_back place_lost prepare prune pruner results resumed revision
    rung sampler stage stop_rules study_done study_draining study_paused study_running study_stopped suspect
    threshold timeout trainer trial_complete trial_failed trial_paused trial_pruned trial_stopped trial_waiting
    warm_start
"""
KEYS = """
    boot_id clean code defaults facts file fixed knowledge noticed overrides packing places prepared programs
    redacted rested script since sqlite stages starred told_constant told_no_gpus uuid warm_start
"""


RECORDING = re.compile(r"\b(MetaKey|EventKind|meta|events|add_event|set_meta|get_meta|write_meta)\b")
"""What stands in a module that these tests are about."""


@cache
def sources() -> dict[Path, list[ast.AST]]:
    """Return all nodes of each module that records."""
    texts = {path: path.read_text() for path in sorted(PACKAGE.rglob("*.py")) if path != HERE}
    return {path: [*ast.walk(ast.parse(text))] for path, text in texts.items() if RECORDING.search(text)}


def bare_words(nodes: Iterable[ast.AST]) -> list[str]:
    """List the strings, f-strings included, that a call of a writer records or asks for as a kind or key."""
    words = []
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        position = WRITERS.get(name)
        given = [*node.args[position : position + 1]] if position is not None else []
        given += [keyword.value for keyword in node.keywords if position is not None and keyword.arg in ("key", "kind")]
        for argument in given:
            parts = ast.walk(argument)
            words += [ast.unparse(part) for part in parts if isinstance(part, ast.Constant | ast.JoinedStr)]
    return words


def test_no_other_word_is_recorded() -> None:
    assert {str(path): words for path, nodes in sources().items() if (words := bare_words(nodes))} == {}


@pytest.mark.parametrize(
    "call",
    [
        "store.add_event('info', 'new', text)",
        "self.store.add_event(level, f'study_{state}', text)",
        "store.set_meta('key', value)",
        "store.set_meta(key='key', value=value)",
        "x = reader.get_meta('key')",
        "write_meta(connection, 'key', value)",
        "store.add_event('info', 'a' if b else EventKind.DATA, text)",
    ],
)
def test_a_bare_word_is_seen(call: str) -> None:
    assert bare_words(ast.walk(ast.parse(call)))


def test_a_member_is_no_bare_word() -> None:
    calls = "store.add_event('info', EventKind.DATA, 'text')\nread.get_meta(MetaKey.SINCE)"
    assert bare_words(ast.walk(ast.parse(calls))) == []


def test_only_the_store_writes_the_two_tables() -> None:
    files = {path.name for path, nodes in sources().items() if any(map(writes, nodes))}
    expected = {"store.py", "schema.py", "migrations.py", "redact.py"}
    assert files == expected, "redact writes a copy, never a study's own store"


STATEMENT = re.compile(r"\s*(INSERT|REPLACE|UPDATE|DELETE)\b.*\b(meta|events)\b", re.DOTALL)


def writes(node: ast.AST) -> bool:
    """Return whether a node is a statement that changes one of the tables, or a call that inserts into one."""
    if isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in ("insert", "insertion") and ast.unparse(node.args[0]) in ("'meta'", "'events'")
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(STATEMENT.match(node.value))


@pytest.mark.parametrize("words", [MetaKey, EventKind])
def test_every_word_is_used(words: type[MetaKey] | type[EventKind]) -> None:
    used = {
        node.attr
        for nodes in sources().values()
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == words.__name__
    }
    derived = (
        {kind.name for kind in EventKind if kind.startswith(("study_", "trial_"))} if words is EventKind else set()
    )
    assert (used - {"of_study", "of_trial"}) | derived == {word.name for word in words}


def test_states_and_statuses_have_their_kinds() -> None:
    states = [EventKind.of_study(state) for state in StudyState if state is not StudyState.NEW]
    statuses = [EventKind.of_trial(status) for status in TrialStatus if status is not TrialStatus.RUNNING]
    assert {*states, *statuses} == {kind for kind in EventKind if kind.startswith(("study_", "trial_"))}


def test_every_word_is_described() -> None:
    assert set(META_KEYS) == set(MetaKey)
    assert set(EVENT_KINDS) == set(EventKind)
    assert all(text and not text.endswith(".") for text in (*META_KEYS.values(), *EVENT_KINDS.values()))


def test_the_spelling_is_for_ever() -> None:
    """Old stores hold these words: add to them, and rename only the members."""
    assert sorted(EventKind) == KINDS.split()
    assert sorted(MetaKey) == KEYS.split()


def test_stores_that_were_recorded_before_hold_no_other_words(tmp_path: Path) -> None:
    with tarfile.open(PACKAGE.parent / "tests" / "golden" / "home.tar.xz") as archive:
        members = [member for member in archive if Path(member.name).name in ("study.db", "study.db-wal")]
        archive.extractall(tmp_path, members, filter="data")
    kinds, keys = set(), set()
    stores = sorted(tmp_path.rglob("study.db"))
    for path in stores:
        conn = sqlite3.connect(path)
        kinds |= {kind for (kind,) in conn.execute("SELECT kind FROM events")}
        keys |= {key for (key,) in conn.execute("SELECT key FROM meta")}
        conn.close()
    assert len(stores) >= 10
    assert kinds - set(EventKind) == keys - set(MetaKey) == set()
    assert len(kinds) > 15
    assert len(keys) > 10
