"""The sound study file and sweep that bad ones are made from, and entries and texts that are surely wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

STUDY: dict[str, Any] = {
    "name": "bad",
    "about": "a question",
    "objective": {"metric": "loss", "goal": "minimize"},
    "trainer": {"kind": "toy", "steps": 3, "width": 16},
    "space": {
        "learning_rate": {"low": 1e-5, "high": 1e-1, "log": True},
        "width": {"choices": [16, 32]},
        "depth": {"low": 1, "high": 4, "step": 1},
    },
    "search": {"sampler": "random", "trials": 4, "seed": 1, "baseline": True, "constraints": ["width * depth <= 128"]},
    "resources": {"parallel": 1, "timeout": 60, "min_free_gb": 0.0},
    "report": {"title": "T", "columns": {"loss": "Loss"}},
    "metrics": {"loss": {"format": ".4f"}},
    "notes": {"future": ["more"]},
}
SWEEP: dict[str, Any] = {
    "program": "train.py",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        "batch": {"values": [16, 32]},
        "layers": {"min": 1, "max": 4},
        "fixed": {"value": 3},
        "nested": {"parameters": {"depth": {"values": [1, 2]}}},
    },
    "early_terminate": {"type": "hyperband", "min_iter": 3},
    "command": ["${env}", "python", "${program}", "${args}"],
    "run_cap": 8,
}


def paths(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every table and entry, and of one unknown key per table."""
    yield (*above, "nobody_knows")
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


FIELDS, SWEEP_FIELDS = list(paths(STUDY)), list(paths(SWEEP))
LR, NAN, INF = ("space", "learning_rate"), float("nan"), float("inf")
SURE: list[tuple[tuple[str, ...], Any]] = [
    *[(("name",), value) for value in (5, "", "../x", "a/b", "a\nb", "\x1b[31m", ".", "x" * 300, [], True)],
    *[(("objective",), value) for value in ("loss", 3, [3], {})],
    *[(("objective", "metric"), value) for value in (5, "", [], True)],
    *[(("objective", "goal"), value) for value in ("up", 1, "")],
    *[(("trainer",), value) for value in ("toy", 3, {}, {"kind": 7})],
    *[(("trainer", "kind"), value) for value in ("toi", 5, "", "no.module:function")],
    *[(("trainer", "steps"), value) for value in ("many", -1, 0, 1.5, [3], True, NAN, 2**70)],
    *[(("trainer", "widht"), value) for value in (16, "x")],
    *[(LR, value) for value in ("fast", {}, {"low": 1.0}, {"high": 1.0}, [], {"choices": []}, {"choices": 3})],
    *[(LR, {"low": low, "high": high}) for low, high in ((1, 0), ("a", 1.0), (NAN, 1.0), (0.0, INF), (0.0, True))],
    *[(LR, {"low": 0.0, "high": 1.0, **more}) for more in ({"log": True}, {"log": 3}, {"step": -1}, {"hihg": 2})],
    *[(LR, {"low": 0.1, "high": 1.0, "when": value}) for value in (3, "width >", "nobody > 1", "__import__('os')")],
    *[(("space", name), {"low": 0.1, "high": 1.0}) for name in ("lerning_rate", "")],
    *[(("search", "sampler"), value) for value in ("tpee", 3, "", [])],
    *[(("search", "trials"), value) for value in (-1, 1.5, "x", NAN, [], 2**70)],
    *[(("search", "seed"), value) for value in ("x", 1.5, 2**70, [])],
    *[(("search", "baseline"), value) for value in ("yes", 3)],
    *[(("search", "constraints"), value) for value in (3, [3], ["width <"], ["nobody <= 1"], ["width.real < 1"])],
    *[(("search", "pruner"), value) for value in (3, "medain", {"kind": "median", "nobody": 1})],
    *[(("search", "until"), value) for value in (3, {"hours": -1}, {"hours": "x"}, {"target": "low"}, {"nobody": 1})],
    *[(("search", "stop"), value) for value in (3, ["loss >"], [{"when": "loss > 1", "after": 7}])],
    *[(("resources", "parallel"), value) for value in (0, -1, "x", 1.5, NAN, 2**70)],
    *[(("resources", "timeout"), value) for value in (-1, "soon", NAN)],
    *[(("resources", "executor"), value) for value in (3, "nowhere", "no.module:Class")],
    *[(("resources", "gpus"), value) for value in (-1, "x", [-1], 1.5)],
    *[(("metrics", "loss"), value) for value in (3, {"format": 3}, {"goal": "up"}, {"nobody": 1})],
    *[(("report",), value) for value in (3, {"columns": 3}, {"figures": "gif"}, {"titel": "x"})],
    *[(("stage",), value) for value in (3, [3], [{"name": "a"}, {"name": "a"}], [{"nobody": 1}])],
    *[(("trial",), value) for value in (3, [3], [{"set": 3}], [{"set": {"nobody": 1}}])],
    *[((key,), {"x": 1}) for key in ("serach", "objektive", "resource", "trainers")],
]
"""Entries that `check` must refuse."""
LAUGHS = "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9 if n else 1}]\n" for n in range(9))
"""Nine aliases, each nine times the one before it."""
TORN: list[str | bytes] = [
    *("", "name", "name = ", "[", "[[", 'name = "a', "name = 'a\n'", "a = 1\na = 2\n", "[a]\n[a]\n", "\0", "= 1"),
    *("x = 1e", b"\xff\xfe", b"\xef\xbb\xbf", "[" * 3000, "a = " + "[" * 2000, "a = {b = {c = 1}", "a = 2026-13-01"),
    *("a = 0x", "é = 1", 'name = "\\ud800"', "{", "- - -", "!!python/object:os.system x", "&a [*a]", "x: &x [*x, *x]"),
    *("\t- a: b\n c", "%TAG", "a: &a {b: *a}", LAUGHS),
]
"""Texts that are no study file; as sweeps no YAML, or aliases that contain themselves or stand for too much."""


def toml(document: Mapping[str, Any]) -> str:
    """The document as TOML. Raises: TypeError for null."""
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if value is None:
        raise TypeError("TOML has no null")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else json.dumps(value)
