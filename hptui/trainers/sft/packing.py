"""Fine-tunings that share a process: adapters of several trials on one base model. Free of torch until `load`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.trial import Value
from hptui.trainers.context import TrialContext
from hptui.trainers.packs.planner import MeasuredGroups
from hptui.trainers.packs.protocol import NotHosted
from hptui.trainers.settings import build
from hptui.trainers.sft.metrics import COST_METRICS, MEMORY_METRICS, USE_METRICS
from hptui.trainers.sft.packed.key import SHARED_SETTINGS, pack_key, why_not_packed
from hptui.trainers.sft.settings import SftSettings

if TYPE_CHECKING:
    from hptui.trainers.sft.packed.base import PackedBase
    from hptui.trainers.sft.packed.member import Member


class SftPacking:
    """The capability of `sft` to train several adapters in one process."""

    key_settings = SHARED_SETTINGS
    shared_metrics = ("tokens_per_second", *USE_METRICS, *MEMORY_METRICS, *COST_METRICS)

    def why_not(self, settings: Mapping[str, Value], *, role: str = "", dry: bool = False) -> str:
        """Return why a trial cannot share a process, by its settings."""
        return why_not_packed(build(SftSettings, settings), role=role, dry=dry)

    def key(self, settings: Mapping[str, Value], directory: Path) -> str:
        """Return what trials must have in common to share a process."""
        return pack_key(build(SftSettings, settings), directory)

    def load(self, settings: Mapping[str, Value], directory: Path, device: str) -> PackedBase:
        """Load the base model."""
        from hptui.trainers.sft.packed.base import PackedBase  # torch: not at start

        return PackedBase.load(build(SftSettings, settings), directory, device)

    def join(self, base: PackedBase, settings: Mapping[str, Value], trial: TrialContext) -> Member:
        """Add a trial. Raises: NotHosted, or what its training raises."""
        from hptui.trainers.sft.packed import base as packed  # torch: not at start

        try:
            return base.join(build(SftSettings, settings), trial)
        except packed.NotPacked as error:
            raise NotHosted(error.reason) from error

    def group_model(self, largest: int) -> MeasuredGroups:
        """Return how the size of a group is chosen."""
        return MeasuredGroups(largest)


PACKING = SftPacking()
