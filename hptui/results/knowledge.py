"""The line about prior knowledge of a search: trials of other studies or files that informed it."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.results.view import View
from hptui.storage.reader import StoreReader


def describe_prior_knowledge(view: View) -> str:
    """Return the prior knowledge of the current stage in one line.

    For example `8 of 10 trials of the study old; 5 of 5 experiments imported from earlier.csv`.
    """
    with StoreReader(view.sd) as reader:
        sources = reader.prior_knowledge().get(view.stage, [])
    return "; ".join(map(_source_text, sources))


def _source_text(source: Mapping[str, object]) -> str:
    counts = f"{source['heard']} of {source['trials']}"
    if "study" in source:
        return f"{counts} trials of the study {source['study']}"
    return f"{counts} experiments imported from {source['file']}"
