"""What is known of a study's trials before they run, as it is handed to the trainer's preparation."""

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
    """Settings that stand for all trials, those that differ in what matters, and the metrics that are asked for."""

    settings: Mapping[str, Value]
    variants: Sequence[Variant] = ()
    wanted: Sequence[Wanted] = ()

    @classmethod
    def of(cls, study: Study, names: Collection[str], defaults: Mapping[str, Value]) -> Ahead:
        """Of a study: `names` are the settings that matter, `defaults` what the trainer uses where it is silent."""
        return cls(representative(study, defaults), variants(study, names, defaults), wanted(study))

    def told(self) -> dict[str, Any]:
        """As a part of a configuration in JSON."""
        others, asked = [asdict(one) for one in self.variants], [asdict(one) for one in self.wanted]
        return {"settings": dict(self.settings), "variants": others, "wanted": asked}

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Ahead:
        """From such a configuration."""
        others = [Variant(**one) for one in config.get("variants", ())]
        return cls(config["settings"], others, [Wanted(**one) for one in config.get("wanted", ())])
