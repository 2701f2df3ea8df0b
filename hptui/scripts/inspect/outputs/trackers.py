"""What a script sends to trackers of experiments that hptui does not read: Comet, Neptune, Aim, ClearML, SwanLab.

Their names are no objective: nothing of them is in the output, nor in a file that is read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from hptui.scripts.inspect.outputs.ignite_output import sent_by_ignite
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.ranking import is_quality
from hptui.scripts.inspect.outputs.tracker_calls import sent_to_trackers
from hptui.scripts.inspect.syntax import keyword_argument, literal_value
from hptui.scripts.metrics.pairs import canonical_name

TITLE_AND_SERIES = ("report_scalar",)
"""Methods that are given a title and the name of a curve below it."""


def unread_metrics(tree: ast.Module, samples: Samples, readable: Mapping[str, object]) -> dict[str, str]:
    """Return the metrics that a script sends to trackers alone, each with the name of its tracker."""
    known = {canonical_name(name) for name in readable}
    sent = sent_by_ignite(tree, samples)
    unread = {name: sent[name] for name in sent if is_quality(name) and canonical_name(name) not in known}
    for call, tracker in sent_to_trackers(tree).values():
        for name in _names(call, samples):
            if is_quality(name) and canonical_name(name) not in known:
                unread.setdefault(name, tracker)
    return unread


def _names(call: ast.Call, samples: Samples) -> Iterator[str]:
    """Yield the names under which a call sends values."""
    assert isinstance(call.func, ast.Attribute)
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Subscript(slice=key))):  # run["val/acc"].append(acc)
            yield from _texts(key, samples)
            return
        case ast.Call(func=ast.Attribute(attr="track")):
            yield from _tracked(call, samples)
            return
    first = call.args[0] if call.args else _given(call, ("title", "name", "key", "metrics", "data", "dic", "values"))
    if call.func.attr in TITLE_AND_SERIES:
        series = call.args[1] if len(call.args) > 1 else keyword_argument(call, "series")
        ends = _texts(series, samples)
        yield from (f"{title}/{end}" for title in _texts(first, samples) for end in ends)
        return
    yield from samples.keys(first) or _texts(first, samples)


def _tracked(call: ast.Call, samples: Samples) -> Iterator[str]:
    """Yield the names of `run.track(loss, name="loss", context={"subset": "val"})`."""
    context = keyword_argument(call, "context")
    subset = ""
    if isinstance(context, ast.Dict):
        texts = [text for node in context.values if isinstance(text := literal_value(node), str)]
        subset = f"{texts[0]}_" if texts else ""
    node = call.args[1] if len(call.args) > 1 else keyword_argument(call, "name")
    first = call.args[0] if call.args else None
    names = _texts(node, samples) if node is not None else samples.keys(first)
    yield from (f"{subset}{name}" for name in names)


def _texts(node: ast.expr | None, samples: Samples) -> list[str]:
    return samples.keys(ast.Dict([node], [ast.Constant(0.5)])) if node is not None else []


def _given(call: ast.Call, names: tuple[str, ...]) -> ast.expr | None:
    return next((node for name in names if (node := keyword_argument(call, name)) is not None), None)
