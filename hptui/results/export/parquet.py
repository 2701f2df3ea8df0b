"""All trials as a Parquet table: typed columns, null for missing values."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import hptui
from hptui.results.export.config import Names
from hptui.results.export.listing import trial_columns, trial_rows
from hptui.results.view import View

INT64_BOUND = 2**63
"""Bound of a 64-bit integer."""


def parquet_bytes(view: View, names: Names | None = None) -> bytes:
    """Return the columns of the CSV, each with one type; a column of mixed kinds holds JSON texts."""
    table_rows, names_of_columns = trial_rows(view, names), trial_columns(view, names)
    data = {name: _column([row.get(name) for row in table_rows]) for name in names_of_columns}
    goals = {objective.metric: objective.goal for objective in view.study.objectives}
    metadata = {"study": view.study.name, "objectives": json.dumps(goals), "hptui": hptui.__version__}
    table = pa.table(data).replace_schema_metadata(metadata)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _column(values: list[Any]) -> Any:
    types = {type(value) for value in values if value is not None}
    if not types:
        return pa.array(values, pa.null())
    if types == {bool}:
        return pa.array(values, pa.bool_())
    if types == {int} and all(value is None or abs(value) < INT64_BOUND for value in values):
        return pa.array(values, pa.int64())
    if types <= {int, float} and all(not isinstance(value, int) or abs(value) <= 2**53 for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if types == {str}:
        # Parquet refuses surrogates, which a name may contain.
        return pa.array([None if value is None else value.encode("utf-8", "replace").decode() for value in values])
    return pa.array([None if value is None else json.dumps(value) for value in values])
