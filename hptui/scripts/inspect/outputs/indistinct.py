"""What a script shows and what is no objective: values of several data under one name, and what never changes."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.outputs.constant_values import always_the_same
from hptui.scripts.inspect.outputs.gathered import Gathered
from hptui.scripts.inspect.outputs.ranking import is_quality
from hptui.scripts.metrics.pairs import canonical_name


def name_to_print(name: str) -> str:
    """Return the name that a value of held-out data would have: `val_accuracy` of `accuracy`."""
    return f"val_{canonical_name(name)}"


def without_unclear(tree: ast.Module, gathering: Gathered, names: list[str]) -> tuple[list[str], list[str]]:
    """Return notes on what would be the objective and is none, and the names without such."""
    fixed, of_both = always_the_same(tree, gathering.shown.sources), gathering.indistinct
    first, notes = next(filter(is_quality, names), ""), list[str]()
    if first in fixed:
        notes = [f"{first} never changes in the script, so it is no objective"]
    elif first in of_both:
        notes = [
            f"the script shows {first} of training and of held-out data under one name, of which the best would be"
            f" recorded: let it print that of held-out data as {name_to_print(first)}"
        ]
    if gathering.of_runs and not first:
        notes = [
            f"the script prints {gathering.of_runs[0]} with a number that only a run shows: set [objective] metric to"
            " the whole name"
        ]
    return notes, [name for name in names if name not in fixed and name not in of_both]
