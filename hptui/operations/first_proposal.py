"""Ask a study's engine for one proposal before the study starts, so that `check` refuses what `run` would."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

from hptui.core.errors import StudyError
from hptui.core.stages import as_stage
from hptui.core.study import Study
from hptui.core.trial import Value

MAX_ANSWER_S = 10.0
"""Seconds that the engines of a study may take altogether."""
POLL_S = 0.02
OWN_ERROR = re.compile(r"failed: (?:\w+: )?(?:StudyError|UserError|Unsupported): ")
"""Names of hptui's own errors in the reply of an engine, whose text is for people."""


def first_proposal_warnings(study: Study, base: Mapping[str, Value], seconds: float = MAX_ANSWER_S) -> list[str]:
    """Return what is doubtful about the first proposal of each search in the study.

    Each engine is made in a process of its own, as the runner would, and ended within `seconds`. Raises: StudyError for
    a search that its engine refuses.
    """
    from hptui.search.engine_process import EngineProcess

    warnings, deadline = [], time.monotonic() + seconds
    for where, search in _searches(study):
        engine = EngineProcess(search, base)
        try:
            engine.begin(0, [])
            while (reply := engine.poll()) is None and time.monotonic() < deadline:
                time.sleep(POLL_S)  # the engine's process has nothing else to wait on here
        finally:
            engine.close()
        if reply is None:
            warnings.append(f"{where}: the sampler {engine.sampler!r} has not answered within {seconds:g} s")
            break
        if reply.error:
            message, _, hint = OWN_ERROR.sub("cannot search this: ", reply.error).partition("\n")
            raise StudyError(message, file=study.source, where=where, value=engine.sampler, hint=hint.strip())
        if reply.exhausted:
            warnings.append(f"{where}: the sampler {engine.sampler!r} has no feasible configuration to propose")
    return warnings


def _searches(study: Study) -> Iterator[tuple[str, Study]]:
    """Yield each part of the study that proposes configurations, with its place in the study file."""
    if not study.stages:
        if study.search.sampler != "list" and study.space.parameters:
            yield "search.sampler", study
        return
    for number, stage in enumerate(study.stages):
        part = as_stage(study, stage)
        if stage.searches and part.search.sampler != "list" and part.space.parameters:
            yield f"stage[{number}]", part
