"""Where the attempts of a study are, as its runner recorded it last. Standard library only."""

from __future__ import annotations

from typing import Any

from hptui.store import records
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey

NOWHERE = '{"attempts": {}, "places": []}'


def whereabouts(reader: StoreReader) -> dict[str, Any]:
    """Return the machines of trials (`places`) and `attempts` there by trial, as last recorded."""
    value: dict[str, Any] = records.parse_json(reader.get_meta(MetaKey.PLACES) or NOWHERE)
    return value
