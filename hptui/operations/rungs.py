"""Whether a study's trials can be paused at rungs and go on from there."""

from __future__ import annotations

from hptui import plugins
from hptui.core.errors import StudyError
from hptui.core.study import Study
from hptui.search.promotion import promotes


def require_promotable(study: Study) -> None:
    """Check that trials can go on from rungs, if the study asks for that. Raises: `StudyError`."""
    from hptui.trainers import registry

    pruners = [("search.pruner", study.search.pruner)]
    pruners += [(f"stage[{n}].pruner", stage.pruner) for n, stage in enumerate(study.stages) if stage.pruner]
    for where, settings in pruners:
        if not promotes(settings):
            continue
        if len(study.objectives) > 1 and not settings.on:
            hint = f"which one decides: on = {study.objectives[0].metric!r}"
            message = "missing: trials are promoted by one objective"
            raise StudyError(message, file=study.source, where=f"{where}.on", hint=hint)
        if problem := registry.why_not_resumed(study):
            able = [kind for kind in plugins.names("trainers") if plugins.spec("trainers", kind).resumes]
            hint = f"those that can go on: {', '.join(sorted(able))}; without promote such trials are pruned for good"
            message = f"the trainer {study.trainer.kind!r} cannot go on from a rung: {problem}"
            raise StudyError(message, file=study.source, where=f"{where}.promote", value=True, hint=hint)
