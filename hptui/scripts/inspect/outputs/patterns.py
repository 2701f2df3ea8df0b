"""Patterns that read what a script prints where its lines name no value, or have a word before it."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.outputs.chance import chance
from hptui.scripts.inspect.outputs.directions import errors_called_scores
from hptui.scripts.inspect.outputs.nameless import is_of_one_part, nameless_line
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.worded import worded_lines
from hptui.scripts.inspect.syntax import InspectedScript


def add_patterns(script: InspectedScript, tree: ast.Module) -> None:
    """Add these patterns, where nothing else is a better objective."""
    line = nameless_line(tree)
    if line is not None and (not script.metrics or (line.is_mean(tree) and is_of_one_part(tree, script.metrics[0]))):
        script.metrics, script.settings["metrics"] = [*line.names], [line.pattern]
        script.chance = {name: of for name in line.names[:1] if (of := chance(tree, name, {}, ()))}
        script.minimized = script.minimized | errors_called_scores(tree, dict(line.sources))
        script.notes.append(f"it prints values without names: the pattern in metrics reads {', '.join(line.names)}")
    lines = worded_lines(Samples(tree)) if not script.metrics else []
    if lines:
        script.metrics, script.settings["metrics"] = [line.name for line in lines], [line.pattern for line in lines]
        script.notes.append(f"words stand before its values: patterns in metrics read {', '.join(script.metrics)}")
