"""Refuses a study that gives several GPUs to a trainer which uses one."""

from __future__ import annotations

from hptui.core.errors import StudyError
from hptui.core.study import Study


def check_one_gpu(study: Study) -> None:
    """Check that a trial gets one GPU. Raises: StudyError."""
    count = study.resources.gpus_per_trial
    if count > 1:
        raise StudyError(
            f"{study.trainer.kind} trains on one GPU, got {count}",
            file=study.source,
            where="resources.gpus_per_trial",
            value=count,
            hint='several trials at once use them all; for DDP or FSDP use kind = "command" with launch',
        )
