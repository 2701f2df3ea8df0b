"""The request that a runner hands to a trainer's preparation: planned trials and required metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.model.variants import PlannedTrial, planned_differences, representative_settings
from hptui.model.wanted import RequiredMetric, required_metrics


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """Input of a trainer's preparation step.

    `settings` are representative settings of the study, `variants` the planned trials that differ from them in a
    setting that matters to the preparation, `wanted` the metrics that the study file names.
    """

    settings: Mapping[str, Value]
    variants: Sequence[PlannedTrial] = ()
    wanted: Sequence[RequiredMetric] = ()

    @classmethod
    def for_study(cls, study: Study, names: Collection[str], defaults: Mapping[str, Value]) -> PrepareRequest:
        """Build the request for a study.

        `names` are the settings that matter to the preparation, `defaults` the trainer's values for settings that the
        study file does not give.
        """
        return cls(
            representative_settings(study, defaults),
            planned_differences(study, names, defaults),
            required_metrics(study),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object; `read` is the inverse."""
        planned, metrics = [asdict(trial) for trial in self.variants], [asdict(metric) for metric in self.wanted]
        return {"settings": dict(self.settings), "variants": planned, "wanted": metrics}

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> PrepareRequest:
        """Build the request from an object that `to_json` returned."""
        planned = [PlannedTrial(**fields) for fields in config.get("variants", ())]
        return cls(config["settings"], planned, [RequiredMetric(**fields) for fields in config.get("wanted", ())])
