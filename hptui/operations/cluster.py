"""Whether Slurm would run the jobs of a study: asked before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hptui.core.errors import StudyError, StudyFileErrors
from hptui.core.study import Study

if TYPE_CHECKING:
    from hptui.execution.slurm.examine import Remark


def cluster_warnings(study: Study) -> list[str]:
    """Return what is doubtful about the jobs of a study; [] for one that runs elsewhere.

    Raises: StudyError for what no job could ever run with.
    """
    remarks = list(_remarks(study))
    errors = [
        StudyError(remark.text, file=study.source, where=remark.where, hint=remark.hint)
        for remark in remarks
        if remark.level == "error" and remark.certain
    ]
    if errors:
        raise errors[0] if len(errors) == 1 else StudyFileErrors(errors)
    doubts = [remark for remark in remarks if remark.level in ("warning", "error")]
    return [f"{remark.text} ({remark.hint})" if remark.hint else remark.text for remark in doubts]


def _remarks(study: Study) -> Iterator[Remark]:
    if study.resources.executor == "slurm":
        from hptui.execution.slurm.examine import examine_cluster  # no other study needs Slurm

        yield from examine_cluster(study)
