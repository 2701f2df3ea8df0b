"""The request that a runner hands to a trainer's preparation: planned trials and required metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.model.variants import Variant, representative, variants
from hptui.model.wanted import Wanted, wanted


@dataclass(frozen=True, slots=True)
class Ahead:
    """Input of a trainer's preparation step.

    `settings` are representative settings of the study, `variants` the planned trials that differ from them in a
    setting that matters to the preparation, `wanted` the metrics that the study file names.
    """

    settings: Mapping[str, Value]
    variants: Sequence[Variant] = ()
    wanted: Sequence[Wanted] = ()

    @classmethod
    def of(cls, study: Study, names: Collection[str], defaults: Mapping[str, Value]) -> Ahead:
        """Build the request for a study.

        `names` are the settings that matter to the preparation, `defaults` the trainer's values for settings that the
        study file does not give.
        """
        return cls(representative(study, defaults), variants(study, names, defaults), wanted(study))

    def told(self) -> dict[str, Any]:
        """Return the request as a JSON object; `read` is the inverse."""
        planned, metrics = [asdict(trial) for trial in self.variants], [asdict(metric) for metric in self.wanted]
        return {"settings": dict(self.settings), "variants": planned, "wanted": metrics}

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Ahead:
        """Build the request from an object that `to_json` returned."""
        planned = [Variant(**fields) for fields in config.get("variants", ())]
        return cls(config["settings"], planned, [Wanted(**fields) for fields in config.get("wanted", ())])
