"""What a search knew that it had not found out itself, in a line for people."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.results.view import View
from hptui.storage.reader import Reader


def known_line(view: View) -> str:
    """`8 of 10 trials of the study old; 5 of 5 experiments imported from earlier.csv`, of the stage under way."""
    with Reader(view.sd) as reader:
        sources = reader.knowledge().get(view.stage, [])
    return "; ".join(map(_told, sources))


def _told(source: Mapping[str, object]) -> str:
    heard = f"{source['heard']} of {source['trials']}"
    if "study" in source:
        return f"{heard} trials of the study {source['study']}"
    return f"{heard} experiments imported from {source['file']}"
