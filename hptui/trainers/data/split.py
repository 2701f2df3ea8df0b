"""Which rows are trained on, validated on, and kept for the end: by file, by split, or by share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.trainers.data.read import Row, Source, read
from hptui.trainers.data.settings import DataSettings

NAMES = ("train", "validation", "test")


@dataclass(slots=True)
class Splits:
    """Rows by split, how each came about, and what was doubtful."""

    rows: dict[str, list[Row]]
    how: dict[str, str] = field(default_factory=dict)
    plain: bool = False
    warnings: list[str] = field(default_factory=list)


def load(settings: DataSettings, directory: Path) -> Splits:
    """The rows of all three splits. An empty one that was asked for is a `UserError`."""
    source = read("train", settings.train, directory, settings.dataset_config)
    splits = Splits({}, plain=source.plain)
    known = _by_column(settings, source) if settings.split_column else source.rows
    if list(known) == [""]:
        splits.rows["train"], splits.how["train"] = list(known[""]), source.name
    else:
        _by_name(settings, source, known, splits)
    for name in ("validation", "test"):
        given: str = getattr(settings, name)
        if given:
            other = read(name, given, directory, settings.dataset_config)
            splits.rows[name], splits.how[name] = _all(other, getattr(settings, f"{name}_split")), other.name
    _by_share(settings, splits)
    return splits


def _all(source: Source, split: str) -> list[Row]:
    if split in source.rows:
        return list(source.rows[split])
    return [row for rows in source.rows.values() for row in rows]


def _by_column(settings: DataSettings, source: Source) -> Mapping[str, list[Row]]:
    column, found = settings.split_column, dict[str, list[Row]]()
    for row in (row for rows in source.rows.values() for row in rows):
        if column not in row:
            raise UserError(f"split_column: {source.name} has no column {column!r}", hint=did_you_mean(column, row))
        found.setdefault(str(row[column]), []).append(row)
    return found


def _by_name(settings: DataSettings, source: Source, known: Mapping[str, list[Row]], splits: Splits) -> None:
    where = f"column {settings.split_column}" if settings.split_column else "a split of the dataset"
    used = set()
    for name in NAMES:
        wanted: str = getattr(settings, f"{name}_split")
        if known.get(wanted):
            used.add(wanted)
            splits.rows[name], splits.how[name] = list(known[wanted]), f"{where}: {wanted}"
        elif name == "train" or (wanted and get_close_matches(wanted, set(known) - used, cutoff=0.6)):
            # A name that is nearly right is a slip, and a share of the rows instead would hide it.
            listed = ", ".join(sorted(known))
            raise UserError(
                f"{name}_split: {source.name} has no split {wanted!r}; it has {listed}",
                hint=did_you_mean(wanted, known),
            )
    left = {name: len(rows) for name, rows in known.items() if name not in used}
    if left:
        said = ", ".join(f"{name!r} ({count} rows)" for name, count in sorted(left.items()))
        splits.warnings.append(f"splits that no setting names are left out: {said}")


def _by_share(settings: DataSettings, splits: Splits) -> None:
    rows = splits.rows["train"]
    order = list(range(len(rows)))
    random.Random(settings.split_seed).shuffle(order)
    for name in ("test", "validation"):
        share: float = getattr(settings, f"{name}_fraction")
        if name in splits.rows or not share:
            continue
        count = max(1, round(share * len(rows)))
        if count >= len(order):
            raise UserError(
                f"train: {len(rows)} rows are too few to keep a share of {share} for {name}",
                hint=f"give {name} a file of its own, or set {name}_fraction = 0",
            )
        taken, order = sorted(order[:count]), order[count:]
        splits.rows[name] = [rows[index] for index in taken]
        splits.how[name] = f"{share:g} of the rows, drawn with split_seed {settings.split_seed}"
    splits.rows["train"] = [rows[index] for index in sorted(order)]
    for name in NAMES:
        splits.rows.setdefault(name, [])
    if not splits.rows["train"]:
        raise UserError("train: no rows are left to train on")


def sample(total: int, wanted: int, seed: int) -> Sequence[int]:
    """So many of the indices below `total` (0: all), in order. More of them include the fewer."""
    if not wanted or wanted >= total:
        return range(total)
    order = list(range(total))
    random.Random(seed).shuffle(order)
    return sorted(order[:wanted])


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of all columns, in their order."""
    return list(dict.fromkeys(name for row in rows for name in row))
