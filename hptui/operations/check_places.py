"""What `check` asks of the machines on which a study's trials would run."""

from __future__ import annotations

from hptui.core.errors import MachineError, StudyError, UserError
from hptui.core.study import Study
from hptui.execution.local import devices
from hptui.operations.cluster import cluster_warnings


def places_warnings(study: Study) -> list[str]:
    """Return what is doubtful about the GPUs here, or about the Ray or Slurm cluster of a study.

    Raises: `StudyError` when no cluster can be reached, or no node of it could ever hold a trial.
    """
    if study.resources.executor == "local":
        return _local_warnings(study)
    if study.resources.executor == "slurm":
        return cluster_warnings(study)
    if study.resources.executor != "ray":
        return []
    from hptui.execution.remote.ray_probe import probe_cluster

    answer = probe_cluster(study, ask_nodes=False)
    if answer.problem:
        raise StudyError(answer.problem, where="ray", value=study.ray.address, hint="hptui docs ray")
    if answer.unfit:
        hint = "change cpus or resources in [ray], or gpus_per_trial in [resources]"
        raise StudyError(answer.unfit, where="ray", hint=hint)
    fits = min((int(answer.total.get(name, 0) / amount) for name, amount in answer.demand.items() if amount), default=1)
    if fits < answer.wanted:
        return [f"[ray]: the study may have {answer.wanted} places, and the cluster has room for {fits} at once"]
    return []


def _local_warnings(study: Study) -> list[str]:
    """Return why a run would end at once on this machine, which need not be that of the run."""
    try:
        devices.slots_for(study.resources)
    except (UserError, MachineError) as error:
        return [f"resources: here the study could not run: {error.message}; {error.hint}"]
    return []
