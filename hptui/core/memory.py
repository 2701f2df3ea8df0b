"""What is known of the memory of a trial before it runs: sizes that follow from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, Protocol

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value

MemoryMode = Literal["refuse", "shrink", "off"]
"""What becomes of a proposal that is predicted not to fit: refused, run with a smaller batch, or run as it is."""
SHRUNK = "memory_shrunk"
"""Fact of a trial: the settings that were made smaller for it, so that it fits."""
PREDICTED = "memory_predicted_gb"
"""Fact of a trial: the peak that was predicted before it ran, in GiB."""
OFF = '[search] memory = "off" switches it off'


@dataclass(frozen=True, slots=True)
class MemoryTerms:
    """Sizes in GiB: `fixed` follows from shapes, each of `growing` is an estimate that measured peaks scale."""

    fixed: float
    growing: Mapping[str, float] = field(default_factory=dict)


class MemoryRule(Protocol):
    """What a trainer knows about the memory of its trials. Light to import: the search asks it for every proposal."""

    def terms(self, settings: Mapping[str, Value], directory: str) -> MemoryTerms | None:
        """Return the sizes for these settings; None where the model is not known."""

    def smaller(self, settings: Mapping[str, Value]) -> dict[str, Value] | None:
        """Return changed settings for half the batch with the same batch per step; None where there is none."""
