"""What scripts of ignite show and log of their engines: in progress bars, and by handlers of loggers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.inspect.unrolled import unrolled_calls
from hptui.scripts.syntax_nodes import nodes_of

UNREAD_LOGGERS = {"NeptuneLogger": "Neptune", "ClearMLLogger": "ClearML", "TrainsLogger": "ClearML",
                  "VisdomLogger": "Visdom", "PolyaxonLogger": "Polyaxon"}  # fmt: skip
"""Loggers of ignite that send values to trackers which hptui does not read."""
RUNNING = re.compile(r"RunningAverage|EpochWise|BatchWise|GpuInfo")
"""Metrics that have a value while an engine runs; others have one at the end of an epoch."""
ENDS = ("EPOCH_COMPLETED", "COMPLETED")
"""Events at which every metric of an engine has its value."""


def shown_by_ignite(tree: ast.Module, samples: Samples) -> list[str]:
    """Return the names of metrics that progress bars show: `ProgressBar().attach(trainer, ["loss"])`."""
    if "ignite" not in imported_modules(tree):
        return []
    bars = {
        dotted_name(target)
        for node in nodes_of(tree, ast.Assign)
        if isinstance(node.value, ast.Call) and _is_bar(node.value)
        for target in node.targets
    }
    names = list[str]()
    for call in nodes_of(tree, ast.Call):
        match call.func:
            case ast.Attribute(value=owner, attr="attach") if dotted_name(owner) in bars - {""} or _is_bar(owner):
                names += _shown_by(call, tree, samples)
    return [name for name in dict.fromkeys(names) if names.count(name) == 1]  # two bars with one name are of two data


def _is_bar(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted_name(node.func).rpartition(".")[2] == "ProgressBar"


def _shown_by(call: ast.Call, tree: ast.Module, samples: Samples) -> Iterator[str]:
    """Yield what one bar shows: metrics that have a value then, and what it makes of the output of a step."""
    engine = call.args[0] if call.args else keyword_argument(call, "engine")
    given = call.args[1] if len(call.args) > 1 else keyword_argument(call, "metric_names")
    event = keyword_argument(call, "event_name") or (call.args[3] if len(call.args) > MAX_BEFORE_EVENT else None)
    is_at_end = event is not None and any(end in ast.unparse(event).split(".")[-1] for end in ENDS)
    owner = dotted_name(engine) if engine is not None else ""
    is_at_end = is_at_end and [name for name, _ in calls(tree)].count(f"{owner}.run") <= 1  # else of several data
    attached = _attached(tree, owner)
    known = {name for name, is_running in attached if is_running or is_at_end}
    listed = literal_value(given) if given is not None else None
    if listed == "all":
        yield from sorted(known)
    elif isinstance(listed, list):
        yield from (name for name in listed if name in known)
    transform = keyword_argument(call, "output_transform") or (call.args[2] if len(call.args) > 2 else None)
    if isinstance(transform, ast.Lambda):
        yield from samples.keys(transform.body)


MAX_BEFORE_EVENT = 3
"""Arguments before the event of a bar."""


def _attached(tree: ast.Module, engine: str) -> Iterator[tuple[str, bool]]:
    """Yield the names of the metrics of an engine, and whether each has a value while it runs."""
    for _, call in calls(tree):
        match call:
            case ast.Call(func=ast.Attribute(value=metric, attr="attach"), args=[owner, name, *_]):
                text = literal_value(name)
                made = _made_by(tree, metric)
                is_bar = made.endswith("ProgressBar")
                if isinstance(text, str) and dotted_name(owner) == engine and engine and not is_bar:
                    yield text, RUNNING.search(made) is not None
    for node in nodes_of(tree, ast.Assign):
        if isinstance(node.value, ast.Call) and engine in {dotted_name(target) for target in node.targets} - {""}:
            table = keyword_argument(node.value, "metrics")
            yield from ((key, False) for key in _keys(tree, table))


def _made_by(tree: ast.Module, metric: ast.expr) -> str:
    """Return the source of the call that makes a metric."""
    if isinstance(metric, ast.Call):
        return ast.unparse(metric.func)
    name = dotted_name(metric)
    made = (
        node.value for node in nodes_of(tree, ast.Assign) if name in {dotted_name(target) for target in node.targets}
    )
    return next((ast.unparse(value.func) for value in made if isinstance(value, ast.Call)), "")


def _keys(tree: ast.Module, table: ast.expr | None) -> list[str]:
    """Return the keys of a literal table, or of one that a variable holds."""
    if table is not None and not isinstance(table, ast.Dict) and (name := dotted_name(table)):
        held = [node.value for node in nodes_of(tree, ast.Assign) if name in map(dotted_name, node.targets)]
        table = held[0] if len(held) == 1 else None
    keys = table.keys if isinstance(table, ast.Dict) else []
    return [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def sent_by_ignite(tree: ast.Module, samples: Samples) -> dict[str, str]:
    """Return what handlers send to trackers that are not read, each with the name of its tracker."""
    return {
        name: tracker for logger, tracker in UNREAD_LOGGERS.items() for name in handler_metrics(tree, samples, logger)
    }


def handler_metrics(tree: ast.Module, samples: Samples, logger: str) -> list[str]:
    """Return the names `tag/metric` under which handlers of ignite log, where a script has such a logger."""
    made = {name.rpartition(".")[2] for name, _ in calls(tree)}
    if "ignite" not in imported_modules(tree) or logger not in made:
        return []
    names = list[str]()
    for _, call in unrolled_calls(tree, HANDLERS):
        tag, metrics = keyword_argument(call, "tag"), literal_value(keyword_argument(call, "metric_names"))
        if tag is not None and isinstance(metrics, list):
            parts = [ast.JoinedStr([ast.FormattedValue(tag, -1), ast.Constant(f"/{metric}")]) for metric in metrics]
            names += [text for part in parts for text in samples.keys(ast.Dict([part], [ast.Constant(0)]))]
    return names


HANDLERS = re.compile("attach_output_handler|OutputHandler")
"""What hands the metrics of an engine to a logger of ignite."""
