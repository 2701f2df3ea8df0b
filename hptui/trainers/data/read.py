"""Rows from a user's data: JSONL, JSON, CSV, Parquet, directories of texts, datasets of the hub."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import NotAvailable, UserError, did_you_mean, nearest
from hptui.trainers import hub, models

Row = dict[str, Any]
"""One row: values by column."""

TEXT_SUFFIXES = (".txt", ".md", ".rst", ".tex", ".py")
"""Suffixes of files that are whole texts."""
TEXT_COLUMN = "text"
"""The column of a text that was read from a file."""
MAX_CELL_CHARS = 1 << 30
"""Largest cell of a CSV file, in characters; the csv module allows 131,072 by default."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """Rows by the name of their split; '' where the source has no splits. `plain`: whole texts, column `text`."""

    name: str
    rows: Mapping[str, list[Row]]
    plain: bool = False


def read_rows(setting: str, source: str, directory: Path, config: str = "") -> DataSource:
    """Return the rows that `setting = source` names. `directory` is the base of a relative path.

    Raises: UserError or NotAvailable if they cannot be read.
    """
    path = models.dataset_file(source, setting) if models.is_builtin(source) else directory / Path(source).expanduser()
    if path.is_file():
        return _file(setting, path)
    if path.is_dir():
        return _directory(setting, path)
    if (
        path.suffix in READERS
        or path.suffix in TEXT_SUFFIXES
        or source.startswith((".", "/", "~"))
        or source.count("/") > 1
    ):
        raise _missing(setting, path)
    return _hub(setting, source, config)


def local_path(source: str, directory: Path) -> Path | None:
    """Return the path of a source on this machine; None if it is not here. Makes `hptui:` data sets."""
    path = models.dataset_file(source) if models.is_builtin(source) else directory / Path(source).expanduser()
    return path if source and path.exists() else None


def holds_whole_texts(path: Path | None) -> bool:
    """Return whether a path holds whole texts, and no rows with columns."""
    if path is None or path.is_file():
        return path is not None and path.suffix in TEXT_SUFFIXES
    return not _is_saved(path) and not any(file.suffix in READERS for file in path.rglob("*"))


def _is_saved(path: Path) -> bool:
    return (path / "dataset_dict.json").is_file() or (path / "dataset_info.json").is_file()


def _missing(setting: str, path: Path) -> UserError:
    """Return the error for a missing file: UserError where a similar name exists, else NotAvailable.

    A similar name means that this one is misspelt; otherwise the file may yet be created.
    """
    message = f"{setting}: there is no file or directory {path}"
    if not path.parent.is_dir():
        return NotAvailable(message, hint=f"there is no directory {path.parent} either")
    siblings = [entry.name for entry in path.parent.iterdir()]
    return (UserError if nearest(path.name, siblings) else NotAvailable)(
        message, hint=did_you_mean(path.name, siblings)
    )


def _file(setting: str, path: Path) -> DataSource:
    if path.suffix in TEXT_SUFFIXES:
        return DataSource(path.name, {"": [_text(path, path.name)]}, plain=True)
    if path.suffix not in READERS:
        known = " ".join((*READERS, *TEXT_SUFFIXES))
        raise UserError(f"{setting}: {path.name} is of no known kind", hint=f"known are {known}")
    rows = list(_read_table(setting, path))
    if not rows:
        raise UserError(f"{setting}: {path} has no rows")
    return DataSource(path.name, {"": rows})


def _directory(setting: str, path: Path) -> DataSource:
    if _is_saved(path):
        return _saved(setting, path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    tables = [file for file in files if file.suffix in READERS]
    texts = [file for file in files if file.suffix in TEXT_SUFFIXES]
    if tables and not texts:
        rows = [row for file in tables for row in _read_table(setting, file)]
        return DataSource(path.name, {"": rows})
    if not texts:
        raise UserError(f"{setting}: no text file in {path}", hint=f"looked for {' '.join(TEXT_SUFFIXES)}")
    return DataSource(path.name, {"": [_text(file, str(file.relative_to(path))) for file in texts]}, plain=True)


def _text(path: Path, name: str) -> Row:
    return {"file": name, TEXT_COLUMN: path.read_text(encoding="utf-8", errors="replace")}


def _read_table(setting: str, path: Path) -> Iterator[Row]:
    try:
        yield from READERS[path.suffix](path)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UserError(f"{setting}: {path} cannot be read: {error}") from error


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield _object(json.loads(line))
                except ValueError as error:
                    raise ValueError(f"line {number}: {error}") from error


def _json(path: Path) -> Iterator[Row]:
    """Yield the rows of a list of objects, or of an object with one list of them (`{"data": [...]}`)."""
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise ValueError("it must be a list of objects, or an object with one such list")
        document = lists[0]
    if not isinstance(document, list):
        raise ValueError("it must be a list of objects")
    yield from map(_object, document)


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise ValueError(f"a row must be an object with columns, got {str(value)[:60]!r}")
    return value


def _csv(path: Path) -> Iterator[Row]:
    limit = csv.field_size_limit(MAX_CELL_CHARS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True):
                if None in row or None in row.values():
                    raise ValueError(f"the row {list(row.values())[:3]} has not as many cells as the header")
                yield dict(row)
    finally:
        csv.field_size_limit(limit)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow.parquet

    for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
}
"""Reader of each suffix of a table."""


def _saved(setting: str, path: Path) -> DataSource:
    """Return the rows of a dataset written by `save_to_disk` of the library `datasets`."""
    import datasets

    try:
        dataset = datasets.load_from_disk(str(path))
    except (OSError, ValueError) as error:
        raise UserError(f"{setting}: {path} cannot be read: {error}") from error
    return _of_datasets(path.name, dataset)


def _hub(setting: str, name: str, config: str) -> DataSource:
    hub.set_offline_if_unreachable()
    import datasets

    try:
        dataset = datasets.load_dataset(name, config or None)
    except Exception as error:  # the hub's client raises many types; all mean that it is not available
        raise NotAvailable(
            f"{setting}: there is no file or directory {name}, and the dataset {name} cannot be had from the hub: "
            f"{str(error)[:200]}",
            hint="download it where there is a network, or give the path of a file",
        ) from error
    return _of_datasets(name, dataset)


def _of_datasets(name: str, dataset: Any) -> DataSource:
    if isinstance(dataset, Mapping):
        return DataSource(name, {str(split): list(rows) for split, rows in dataset.items()})
    return DataSource(name, {"": list(dataset)})
