"""Variables that decide which GPU a program uses: hptui sets them for each trial, a study or script may, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

GPU_VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
"""What a trial gets from its slot."""
NO_GPU = ("", "-1", "NoDevFiles")
"""Values of the first that hide every GPU."""
HINT = "choose GPUs with [resources] gpus; gpus = 0 is the CPU"


def fixed_gpu_variables(environment: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    """Yield (variable, problem) of those with which a study moves all its trials to one GPU."""
    for name in GPU_VARIABLES:
        if environment and environment.get(name, "") not in NO_GPU:
            yield name, "is set for each trial: with one value for all, trials would use a GPU that is not theirs"


def leaves_its_gpu(given: Mapping[str, str], seen: Mapping[str, str]) -> str:
    """Return what a script changed of the GPUs that its trial was given; '' if it stayed on them.

    A process of several may keep to some of the trial's GPUs.
    """
    for name in GPU_VARIABLES:
        if name not in given or name not in seen or given[name] == seen[name]:
            continue
        entries = [entry.strip() for entry in seen[name].split(",")]
        if name == GPU_VARIABLES[0] and set(entries) <= set(given[name].split(",")) - {""}:
            continue
        if name == GPU_VARIABLES[0] and entries[0] in NO_GPU:
            if given[name] in NO_GPU:
                continue
            return f"the script has hidden the GPU of its trial from itself ({name}={seen[name]!r})"
        return (
            f"the script has set {name}={seen[name]!r}, and its trial was given {given[name]!r}: it may have used a "
            f"GPU that others use, too, and what is recorded of GPU and memory may be another one's; {HINT}"
        )
    return ""
