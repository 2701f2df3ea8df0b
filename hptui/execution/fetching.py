"""What an executor offers besides, if files of a trial stay on the machine where it ran."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from hptui.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Fetched:
    """How far a copy from another machine has come, and why it is missing."""

    state: Literal["here", "under way", "missing"]
    why: str = ""


@runtime_checkable
class FetchingExecutor(Protocol):
    """What an executor offers besides, if checkpoints stay where attempts ran."""

    def bring_home(self, checkpoint: Path) -> Fetched:
        """Copy the checkpoint of a best trial here, if the study wants that; return how far that has come."""
