"""What a new study file gives for a script's parameters in the person's place: the trial's seed and directory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript, ScriptOption

SEED_NAMES = ("seed", "random_seed", "manual_seed", "rng_seed", "random_state", "rand_seed", "randomseed", "manualseed",
              "torch_seed", "global_seed", "seed_value", "training_seed", "train_seed")  # fmt: skip
"""Parameters that are given the trial's seed."""
OUTPUT_NAMES = re.compile(
    r"(output|out|save|log|logging|logs|tb|tensorboard|checkpoint|checkpoints|ckpt|work|run|exp|experiment|results?|model)"
    r"_?(dir|directory|path|folder|root)|out|output|save|results|workdir|logdir|save_to|default_root_dir|"
    r"(output|out|save|log|results)_?(file|name)"
)
"""Parameters that name where a script writes; they are given a directory of the trial."""

PLATFORM_NAMES = re.compile(r"output_data_?(dir|path)")
"""Parameters that name a directory which a platform makes before it starts a script: the script does not make it."""


def automatic_value(option: ScriptOption, inspected: InspectedScript, place: Path) -> str:
    """Return what hptui itself gives for a parameter: the trial's seed or directory; else ''.

    `place` is the directory in which the script runs: a file that lies there is read, whatever the parameter is called.
    """
    name = option.name.rsplit(".", 1)[-1].lower()
    if name in SEED_NAMES and option.type in ("int", "any"):
        return "{seed}"
    if option.positional and option.name not in inspected.outputs:
        return ""
    is_of_platform = PLATFORM_NAMES.fullmatch(name) is not None
    is_output = OUTPUT_NAMES.fullmatch(name) or is_of_platform or option.name in inspected.outputs
    if option.name in inspected.read or not is_output or option.type not in ("str", "any"):
        return ""
    table = option.name.rpartition(".")[0]
    if name.startswith(("checkpoint", "ckpt", "model")) and table and f"{table}.output_dir" in _names(inspected):
        return ""  # checkpointer.checkpoint_dir is read where checkpointer.output_dir is written
    if "{" in str(option.default):
        return ""  # `{lang}_{epoch}.pt` is filled by the script, and would be a placeholder in the command
    if name.startswith("model") and option.default not in (None, "") and option.name not in inspected.outputs:
        return ""  # model_path = "bert-base" names what is read
    if isinstance(option.default, str) and option.name not in inspected.outputs and (place / option.default).is_file():
        return ""
    suffix = Path(option.default).suffix if isinstance(option.default, str) else ""
    if suffix and len(suffix) <= len(".safetensors") and suffix[1:].isalnum():
        return f"{{trial_dir}}/{Path(str(option.default)).name}"
    if name.endswith(("file", "name")):
        return ""
    default = option.default if isinstance(option.default, str) else ""
    # A directory that is there already may be one that the script does not make, and a path may be put before a name.
    is_made = is_of_platform or option.name in inspected.unmade or (default and (place / default).is_dir())
    folder = "{trial_dir}" if is_made else "{trial_dir}/output"
    return f"{folder}/" if default.endswith("/") else folder


def _names(inspected: InspectedScript) -> set[str]:
    return {option.name for option in inspected.options}
