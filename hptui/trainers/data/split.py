"""The split of rows into training, validation and test data: by file, by named split, or by share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.trainers.data.read import DataSource, Row, read_rows
from hptui.trainers.data.settings import DataSettings

SPLIT_NAMES = ("train", "validation", "test")
"""Names of the splits."""


@dataclass(slots=True)
class Splits:
    """Rows by split, the origin of each split, and warnings. `plain`: rows are whole texts."""

    rows: dict[str, list[Row]]
    how: dict[str, str] = field(default_factory=dict)
    plain: bool = False
    warnings: list[str] = field(default_factory=list)


def load(settings: DataSettings, directory: Path) -> Splits:
    """Return the rows of all three splits.

    Raises: UserError if a split that was asked for is missing or empty.
    """
    source = read_rows("train", settings.train, directory, settings.dataset_config)
    splits = Splits({}, plain=source.plain)
    by_name = _by_column(settings, source) if settings.split_column else source.rows
    if list(by_name) == [""]:
        splits.rows["train"], splits.how["train"] = list(by_name[""]), source.name
    else:
        _by_name(settings, source, by_name, splits)
    for name in ("validation", "test"):
        path: str = getattr(settings, name)
        if path:
            held_out = read_rows(name, path, directory, settings.dataset_config)
            splits.rows[name], splits.how[name] = _all(held_out, getattr(settings, f"{name}_split")), held_out.name
    _by_share(settings, splits)
    return splits


def _all(source: DataSource, split: str) -> list[Row]:
    if split in source.rows:
        return list(source.rows[split])
    return [row for rows in source.rows.values() for row in rows]


def _by_column(settings: DataSettings, source: DataSource) -> Mapping[str, list[Row]]:
    column, rows_by_value = settings.split_column, dict[str, list[Row]]()
    for row in (row for rows in source.rows.values() for row in rows):
        if column not in row:
            raise UserError(f"split_column: {source.name} has no column {column!r}", hint=did_you_mean(column, row))
        rows_by_value.setdefault(str(row[column]), []).append(row)
    return rows_by_value


def _by_name(settings: DataSettings, source: DataSource, available: Mapping[str, list[Row]], splits: Splits) -> None:
    where = f"column {settings.split_column}" if settings.split_column else "a split of the dataset"
    used = set()
    for name in SPLIT_NAMES:
        split_name: str = getattr(settings, f"{name}_split")
        if available.get(split_name):
            used.add(split_name)
            splits.rows[name], splits.how[name] = list(available[split_name]), f"{where}: {split_name}"
        elif name == "train" or (split_name and get_close_matches(split_name, set(available) - used, cutoff=0.6)):
            # A similar name exists, so this one is misspelt; drawing a share of the rows instead would hide that.
            names = ", ".join(sorted(available))
            raise UserError(
                f"{name}_split: {source.name} has no split {split_name!r}; it has {names}",
                hint=did_you_mean(split_name, available),
            )
    unused = {name: len(rows) for name, rows in available.items() if name not in used}
    if unused:
        listing = ", ".join(f"{name!r} ({count} rows)" for name, count in sorted(unused.items()))
        splits.warnings.append(f"splits that no setting names are left out: {listing}")


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
        drawn, order = sorted(order[:count]), order[count:]
        splits.rows[name] = [rows[index] for index in drawn]
        splits.how[name] = f"{share:g} of the rows, drawn with split_seed {settings.split_seed}"
    splits.rows["train"] = [rows[index] for index in sorted(order)]
    for name in SPLIT_NAMES:
        splits.rows.setdefault(name, [])
    if not splits.rows["train"]:
        raise UserError("train: no rows are left to train on")


def sample_indices(total: int, wanted: int, seed: int) -> Sequence[int]:
    """Return `wanted` of the indices below `total` (0: all), in order.

    For one seed, a larger sample contains the smaller ones.
    """
    if not wanted or wanted >= total:
        return range(total)
    order = list(range(total))
    random.Random(seed).shuffle(order)
    return sorted(order[:wanted])


def column_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of all columns, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))
