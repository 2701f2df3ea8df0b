"""A search space as rows: parameters, derived values, constraints, each with what an edit has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hptui.model.values import value_text
from hptui.tui.cells import Cell, Column
from hptui.tui.text import plain

if TYPE_CHECKING:
    from hptui.actions.space import Draft
    from hptui.model.trial import Value

CONSTRAINT = "constraint"


def kind_of(entry: Mapping[str, Value]) -> str:
    """What sort of parameter an entry of `[space]` makes."""
    if "expr" in entry:
        return "derived"
    if "distribution" in entry or entry.get("shape"):
        return "drawn"
    if "choices" in entry:
        return "choice"
    whole = all(isinstance(entry.get(key), int) for key in ("low", "high"))
    return "int" if entry.get("int") or whole else "float"


def range_text(entry: Mapping[str, Value]) -> str:
    """The values of an entry in one line."""
    if "expr" in entry:
        return f"= {entry['expr']}"
    if entry.get("shape") or "distribution" in entry:
        return str(entry.get("shape") or entry["distribution"])
    if "choices" in entry:
        choices = entry["choices"]
        return " ".join(value_text(one) for one in choices) if isinstance(choices, list) else str(choices)
    step = f" step {value_text(entry['step'])}" if entry.get("step") is not None else ""
    return f"{value_text(entry.get('low'))} … {value_text(entry.get('high'))}{step}"


def scale_text(entry: Mapping[str, Value]) -> str:
    """On which scale it is searched."""
    kind = kind_of(entry)
    if kind in ("float", "int"):
        return "log" if entry.get("log") else "linear"
    if kind == "choice":
        choices = entry["choices"]
        numbers = isinstance(choices, list) and all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in choices
        )
        return "ordered" if numbers and entry.get("ordered") is not False else "unordered"
    return ""


class SpaceRows:
    """Rows of a draft beside what it was."""

    pinned = 1
    columns: Sequence[Column] = (
        Column("name", "parameter", 15, sortable=False),
        Column("range", "range or choices", 20, sortable=False),
        Column("scale", "scale", 9, sortable=False),
        Column("now", "change", 15, sortable=False),
        Column("kind", "kind", 8, sortable=False),
        Column("note", "note", 24, sortable=False),
    )

    def __init__(self) -> None:
        self.draft: Draft | None = None
        self.before: Draft | None = None
        self.keys: list[str] = []

    def show(self, draft: Draft, before: Draft) -> None:
        """Another draft. What was taken out stays in sight until the draft is saved."""
        self.draft, self.before = draft, before
        gone = [name for name in before.entries if name not in draft.entries]
        constraints = [f"{CONSTRAINT} {text}" for text in (*draft.constraints, *self._dropped())]
        self.keys = [*draft.entries, *gone, *constraints]

    def _dropped(self) -> list[str]:
        assert self.draft is not None
        assert self.before is not None
        return [text for text in self.before.constraints if text not in self.draft.constraints]

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        return self.keys[index]

    def index_of(self, key: object) -> int | None:
        return self.keys.index(key) if key in self.keys else None

    def cut(self, key: object) -> list[str]:
        """The texts of a row that are longer than their columns."""
        index = self.index_of(key)
        cells = self.cells(index) if index is not None else ()
        return [cell.text for column, cell in zip(self.columns, cells, strict=False) if len(cell.text) > column.width]

    def marked(self, index: int) -> bool:
        return False

    def sorting(self) -> tuple[str, bool]:
        return "", False

    def cells(self, index: int) -> Sequence[Cell]:
        key = self.keys[index]
        assert self.draft is not None
        assert self.before is not None
        if key.startswith(f"{CONSTRAINT} "):
            return self._constraint(key.partition(" ")[2])
        old, new = self.before.entries.get(key), self.draft.entries.get(key)
        entry = new if new is not None else old
        assert entry is not None
        meaning = "bad" if new is None else "" if old == new else "accent"
        return [
            Cell(plain(key, 60), meaning, bold=old != new),
            Cell(plain(range_text(entry), 200), meaning),
            Cell(scale_text(entry), "muted"),
            Cell(plain(_change(old, new), 60), "warn" if new is None else "accent"),
            Cell(kind_of(entry), "muted"),
            Cell(plain(_remark(entry), 120), "muted"),
        ]

    def _constraint(self, text: str) -> Sequence[Cell]:
        assert self.draft is not None
        assert self.before is not None
        gone, new = text not in self.draft.constraints, text not in self.before.constraints
        change = "taken out" if gone else "new" if new else ""
        meaning = "bad" if gone else "accent" if new else ""
        return [
            Cell("constraint", "muted"),
            Cell(plain(text, 200), meaning),
            Cell(""),
            Cell(change, "warn" if gone else "accent"),
            Cell(""),
            Cell(""),
        ]


def _change(old: Mapping[str, Value] | None, new: Mapping[str, Value] | None) -> str:
    if old == new:
        return ""
    if new is None:
        return "taken out"
    if old is None:
        return "new"
    was = range_text(old)
    return f"was {was}" if was != range_text(new) else f"was {scale_text(old)}" if scale_text(old) else "changed"


def _remark(entry: Mapping[str, Value]) -> str:
    when = f"when {entry['when']}" if entry.get("when") else ""
    return "; ".join(part for part in (when, str(entry.get("note") or "")) if part)
