"""All trials as a Parquet table: numbers are numbers, and what is missing is null."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import hptui
from hptui.results.export.config import Names
from hptui.results.export.listing import columns, rows
from hptui.results.view import View

BIGGEST = 2**63


def parquet(view: View, names: Names | None = None) -> bytes:
    """The columns of the CSV, each with one type; a column of several kinds of values holds JSON texts."""
    found, wanted = rows(view, names), columns(view, names)
    data = {name: _column([row.get(name) for row in found]) for name in wanted}
    goals = {objective.metric: objective.goal for objective in view.study.objectives}
    about = {"study": view.study.name, "objectives": json.dumps(goals), "hptui": hptui.__version__}
    table = pa.table(data).replace_schema_metadata(about)
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _column(values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pa.array(values, pa.null())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(value is None or abs(value) < BIGGEST for value in values):
        return pa.array(values, pa.int64())
    if kinds <= {int, float} and all(not isinstance(value, int) or abs(value) <= 2**53 for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if kinds == {str}:
        return pa.array([None if value is None else value.encode("utf-8", "replace").decode() for value in values])
    return pa.array([None if value is None else json.dumps(value) for value in values])
