"""What a launch says of sharing a process, and what a trainer says of it. Values and protocols only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value


@dataclass(frozen=True, slots=True)
class PackRequest:
    """That an attempt is to share a process, the host of its place, with others of the same `key`.

    `config` becomes the host's `config.json`. A host is given `lanes` attempts at first, and never more than `most`.
    """

    key: str
    config: Mapping[str, Any]
    lanes: int = 1
    most: int = 1


class PackRule(Protocol):
    """What a trainer says about sharing a process.

    `key_settings` are the settings that trials there must agree in, `shared_metrics` those that the process has and not
    the trial: its speed, its memory.
    """

    key_settings: Sequence[str]
    shared_metrics: Collection[str]

    def why_not(self, settings: Mapping[str, Value], *, role: str = "", dry: bool = False) -> str:
        """Return why a trial cannot share a process; '' if it can, as far as its settings show."""

    def key(self, settings: Mapping[str, Value], directory: Path) -> str:
        """Return what trials must have in common to share a process."""
