"""What `[resources] pack` cannot do for a study, known before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.errors import UserError
from hptui.core.study import Study
from hptui.core.trial import Value


def packing_warnings(study: Study, base: Mapping[str, Value]) -> list[str]:
    """Return why trials do not share a process although the study file asks for it; [] if they can.

    `base` are the settings of the baseline. They run in processes of their own then, as without `pack`.
    """
    from hptui.execution.executor import WorkerSpec, find_executor
    from hptui.execution.packing import cannot_pack
    from hptui.trainers import registry

    pack = study.resources.pack
    if pack is None:
        return []
    asked = f'[resources] pack = "{pack}"' if pack == "auto" else f"[resources] pack = {pack}"
    if study.resources.isolate:
        return [f"{asked} has no effect: isolate = true gives each trial a process of its own"]
    rule = registry.packing(study.trainer.kind, study.directory)
    if reason := cannot_pack(study, WorkerSpec((), packing=rule), find_executor(study.resources.executor)):
        return [f"{asked} has no effect: {reason}"]
    try:
        reason = rule.why_not(base) if rule is not None else ""
    except UserError:  # the settings themselves are wrong: that is found elsewhere
        return []
    return [f"{asked} does nothing for trials like the baseline: {reason}"] if reason else []
