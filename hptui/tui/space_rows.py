"""The rows of a search space: parameters, derived values and constraints, each with what an edit has changed.

Also the lines that say what a draft means. No Textual in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hptui.core.format import duration, setting
from hptui.core.values import value_text
from hptui.tui.cells import Cell, TableColumn, fit_cells, plain_line, width_of

if TYPE_CHECKING:
    from hptui.core.trial import Value
    from hptui.operations.space import DraftEffect, SpaceDraft

CONSTRAINT_PREFIX = "constraint"
"""First word of the identity of a constraint's row."""


def kind_of(entry: Mapping[str, Value]) -> str:
    """Return the kind of parameter that an entry of `[space]` defines."""
    if "expr" in entry:
        return "derived"
    if "distribution" in entry or entry.get("shape"):
        return "drawn"
    if "choices" in entry:
        return "choice"
    whole = all(isinstance(entry.get(key), int) for key in ("low", "high"))
    return "int" if entry.get("int") or whole else "float"


def range_text(entry: Mapping[str, Value]) -> str:
    """Return the values of an entry in one line."""
    if "expr" in entry:
        return f"= {entry['expr']}"
    if entry.get("shape") or "distribution" in entry:
        return str(entry.get("shape") or entry["distribution"])
    if "choices" in entry:
        choices = entry["choices"]
        return " ".join(value_text(choice) for choice in choices) if isinstance(choices, list) else str(choices)
    step = f" step {value_text(entry['step'])}" if entry.get("step") is not None else ""
    return f"{value_text(entry.get('low'))} … {value_text(entry.get('high'))}{step}"


def scale_text(entry: Mapping[str, Value]) -> str:
    """Return the scale on which an entry is searched; '' where that does not apply."""
    kind = kind_of(entry)
    if kind in ("float", "int"):
        return "log" if entry.get("log") else "linear"
    if kind == "choice":
        choices = entry["choices"]
        numbers = isinstance(choices, list) and all(
            isinstance(choice, int | float) and not isinstance(choice, bool) for choice in choices
        )
        return "ordered" if numbers and entry.get("ordered") is not False else "unordered"
    return ""


class SpaceRows:
    """The rows of an edited space next to the saved one."""

    pinned = 1
    columns: Sequence[TableColumn] = (
        TableColumn("name", "parameter", 15, sortable=False),
        TableColumn("range", "range or choices", 16, sortable=False),
        TableColumn("scale", "scale", 12, sortable=False),
        TableColumn("now", "change", 15, sortable=False),
        TableColumn("kind", "kind", 8, sortable=False),
        TableColumn("note", "note", 24, sortable=False),
    )

    def __init__(self) -> None:
        self.draft: SpaceDraft | None = None
        self.before: SpaceDraft | None = None
        self.keys: list[str] = []

    def show(self, draft: SpaceDraft, before: SpaceDraft) -> None:
        """Show another draft. Entries that were removed stay in sight until the draft is saved."""
        self.draft, self.before = draft, before
        removed = [name for name in before.entries if name not in draft.entries]
        constraints = [f"{CONSTRAINT_PREFIX} {text}" for text in (*draft.constraints, *self._removed_constraints())]
        self.keys = [*draft.entries, *removed, *constraints]

    def _removed_constraints(self) -> list[str]:
        assert self.draft is not None
        assert self.before is not None
        return [text for text in self.before.constraints if text not in self.draft.constraints]

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        """Return the identity of a row."""
        return self.keys[index]

    def index_of(self, key: object) -> int | None:
        """Return the index of a row by its identity; None if it is not shown."""
        return self.keys.index(key) if key in self.keys else None

    def cut_texts(self, key: object) -> list[str]:
        """Return the texts of a row that are wider than their columns."""
        index = self.index_of(key)
        cells = self.cells(index) if index is not None else ()
        return [cell.text for column, cell in zip(self.columns, cells, strict=False) if len(cell.text) > column.width]

    def marked(self, index: int) -> bool:
        """Return whether a row is marked; none ever is."""
        return False

    def sorting(self) -> tuple[str, bool]:
        """Return the column and direction of sorting; these rows have none."""
        return "", False

    def cells(self, index: int) -> Sequence[Cell]:
        """Return the cells of a row, one per column."""
        key = self.keys[index]
        assert self.draft is not None
        assert self.before is not None
        if key.startswith(f"{CONSTRAINT_PREFIX} "):
            return self._constraint_cells(key.partition(" ")[2])
        before, after = self.before.entries.get(key), self.draft.entries.get(key)
        entry = after if after is not None else before
        assert entry is not None
        meaning = "bad" if after is None else "" if before == after else "accent"
        return [
            Cell(plain_line(key, 60), meaning, bold=before != after),
            Cell(plain_line(range_text(entry), 200), meaning),
            Cell(", ".join(filter(None, (scale_text(entry), "when" if entry.get("when") else ""))), "muted"),
            Cell(plain_line(_change_text(before, after), 60), "warn" if after is None else "accent"),
            Cell(kind_of(entry), "muted"),
            Cell(plain_line(_note_text(entry), 120), "muted"),
        ]

    def _constraint_cells(self, text: str) -> Sequence[Cell]:
        assert self.draft is not None
        assert self.before is not None
        is_removed, is_new = text not in self.draft.constraints, text not in self.before.constraints
        label = "taken out" if is_removed else "new constraint" if is_new else "constraint"
        meaning = "bad" if is_removed else "accent" if is_new else ""
        return [Cell(label, meaning or "muted"), Cell(plain_line(text, 400), meaning)]


def effect_lines(effect: DraftEffect) -> list[list[Cell]]:
    """Return the effect of a draft, one line each."""
    lines = []
    if effect.configurations is not None:
        lines.append([Cell(f"{effect.configurations:,} configurations", "good" if effect.configurations else "bad")])
    feasible_text = (
        f"{effect.feasible:.1%}" if effect.feasible < 0.9995 else "all" if effect.feasible == 1 else "nearly all"
    )
    if effect.space.constraints:
        lines.append([Cell(f"{feasible_text} of it keeps the constraints", "bad" if effect.feasible < 0.01 else "")])
    if effect.tried:
        message = f"{effect.fits} of {effect.tried} complete or pruned trials inform it"
        lines.append([Cell(message, "good" if effect.fits == effect.tried else "warn")])
        if effect.outside:
            outside_text = ", ".join(map(str, effect.outside[:12])) + ("…" if len(effect.outside) > 12 else "")
            lines.append([Cell(f"outside of it: {outside_text}", "muted")])
    if effect.seconds is not None and effect.trials_left:
        trials = "trial" if effect.trials_left == 1 else "trials"
        lines.append([Cell(f"{effect.trials_left} {trials} to come: {duration(effect.seconds)} on one slot", "muted")])
    return [*lines, *([Cell(plain_line(text, 300), "warn")] for text in effect.warnings)]


def sample_lines(samples: Sequence[Mapping[str, Value]], room: int = 0) -> list[str]:
    """Return random draws, one per line below their names, in `room` cells if these suffice."""
    names = list(dict.fromkeys(name for sample in samples for name in sample))
    cells = [[setting(sample[name]) if name in sample else "–" for name in names] for sample in samples]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    widths = [max(width, min(MIN_SAMPLE_CELLS, width_of(name))) for name, width in zip(names, widths, strict=True)]
    left = room - sum(widths) - len(SAMPLE_GAP) * (len(names) - 1)
    for index in sorted(range(len(names)), key=lambda index: width_of(names[index])):
        extra = max(0, min(left, width_of(names[index]) - widths[index]))
        widths[index] += extra
        left -= extra
    headings = _headings(names, widths)
    return [SAMPLE_GAP.join(map(fit_cells, row, widths)) for row in (headings, *cells)]


def _headings(names: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return names for columns: of one that does not fit its initials, if no other name has these."""
    initials = ["".join(word[:1] for word in name.split("_")) for name in names]
    return [
        name if width_of(name) <= width or len(short) < 2 or initials.count(short) > 1 else short
        for name, short, width in zip(names, initials, widths, strict=True)
    ]


MIN_SAMPLE_CELLS = 4
"""Cells of the column of a drawn value, for its name."""
SAMPLE_GAP = "  "
"""What stands between two drawn values."""


def _change_text(before: Mapping[str, Value] | None, after: Mapping[str, Value] | None) -> str:
    if before == after:
        return ""
    if after is None:
        return "taken out"
    if before is None:
        return "new"
    text = range_text(before)
    return (
        f"was {text}" if text != range_text(after) else f"was {scale_text(before)}" if scale_text(before) else "changed"
    )


def _note_text(entry: Mapping[str, Value]) -> str:
    when = f"when {entry['when']}" if entry.get("when") else ""
    return "; ".join(part for part in (when, str(entry.get("note") or "")) if part)
