"""The `[objective]` table that `hptui new` writes for a script: its metric, its direction, and what to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hptui.core.metric_names import larger_is_better
from hptui.results.export.text_formats import toml_value

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript


def objective_lines(inspected: InspectedScript) -> list[str]:
    """Return the lines of `[objective]`."""
    from hptui.scripts.inspect.outputs.indistinct import name_to_print

    unread = next(iter(inspected.unread), "")
    to_print = [name_to_print(name) for name in inspected.indistinct]
    metric = next(iter([*inspected.metrics, *filter(None, [unread]), *to_print]), "val_loss")
    larger = (larger_is_better(metric) or metric in inspected.maximized) and metric not in inspected.minimized
    lines = ["[objective]", f"metric = {toml_value(metric)}  # {_comment(inspected)}"]
    if unread:
        tracker = inspected.unread[unread]
        lines.append(f"# {unread} goes to {tracker} alone, which is not read: print({unread + ':'!r}, …) beside it is")
    lines.append(f'goal = "{"maximize" if larger else "minimize"}"')
    if of := inspected.chance.get(metric):
        lines.append(f'select = "last"  # its values are {of}: the best of many would be the luckiest')
    return lines


def _comment(inspected: InspectedScript) -> str:
    """Return the comment behind the metric."""
    from hptui.scripts.inspect.objective_notes import is_of_training

    if not inspected.metrics:
        is_named = bool(inspected.unread or inspected.indistinct)
        return "once the script prints it" if is_named else "a guess: which metric does the script print or log?"
    others = inspected.metrics[1:6]
    of_training = "; of training data: no value of held-out data was recognised"
    return "".join(
        (
            "as the script calls it",
            of_training if is_of_training(inspected) else "",
            f"; the script also seems to measure {', '.join(others)}" if others else "",
        )
    )
