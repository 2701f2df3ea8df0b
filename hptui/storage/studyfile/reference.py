"""Reads `[reference]`: a value that was measured elsewhere, with the facts that decide what may be compared with it."""

from __future__ import annotations

from hptui.model.errors import StudyError
from hptui.model.study import Reference
from hptui.model.trial import Value
from hptui.storage.studyfile.keys import missing_key_error
from hptui.storage.studyfile.table import TableReader, require_number
from hptui.storage.studyfile.values import show


def read_reference(value: Value) -> Reference | None:
    """Return the reference, or None where the file has none."""
    if value is None:
        return None
    table = TableReader.of(value, "reference")
    metric = table.required_text("metric", "which metric the value is of")
    if not table.has("value"):
        raise missing_key_error("value", "reference", "what was measured elsewhere")
    return Reference(
        metric=metric,
        value=float(require_number(table.data["value"], table.location("value"))),
        split=table.text("split"),
        epochs=table.number("epochs", None, 0),
        steps=table.integer("steps", None, 1),
        source=table.text("source"),
        targets=tuple(_target_share(item, f"reference.targets[{n}]") for n, item in enumerate(table.items("targets"))),
    )


def _target_share(value: Value, where: str) -> float:
    """Return a target: the share by which a trial should be better than the reference value."""
    share = float(require_number(value, where))
    if 0 < share < 10:
        return share
    hint = "0.05 means five per cent better than the reference"
    raise StudyError(f"must be a share above 0, got {show(value)}", where=where, value=value, hint=hint)
