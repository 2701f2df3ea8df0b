"""Files of settings of programs that fine-tune from a file alone: LLaMA-Factory, axolotl and the commands of trl."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.inputs.config_file import config_leaves, file_content, file_option
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption


@dataclass
class TuningTool:
    """A program that is known by keys of its file: `command` starts it, and the file's path follows."""

    name: str
    keys: frozenset[str]
    command: tuple[str, ...]
    evaluates_by: tuple[str, ...]
    """Keys of which each makes it evaluate: without any of them a loss of training is all that it prints."""
    advice: str


TOOLS = (
    TuningTool(
        "LLaMA-Factory",
        frozenset({"stage", "finetuning_type"}),
        ("llamafactory-cli", "train"),
        ("eval_strategy", "eval_dataset", "do_eval"),
        "val_size: 0.1 and eval_strategy: epoch",
    ),
    TuningTool(
        "axolotl",
        frozenset({"base_model", "micro_batch_size"}),
        ("axolotl", "train"),
        ("val_set_size", "test_datasets"),
        "val_set_size: 0.1",
    ),
    TuningTool(
        "trl",
        frozenset({"model_name_or_path", "dataset_name"}),
        ("trl", "sft"),
        ("eval_strategy",),
        "eval_strategy: epoch",
    ),
)
PREFERENCE_KEYS = ("beta", "pref_beta", "rl_beta", "rpo_alpha")
"""Keys of files that tune on preferences."""
OFF = (None, False, 0, "no", "")
"""Values with which a key makes nothing evaluate."""


def tool_of_file(path: Path) -> tuple[InspectedScript, list[str]] | None:
    """Return the settings of a file of a tool, and the command that starts it; None for any other file."""
    content = file_content(path)
    tool = next((tool for tool in TOOLS if tool.keys <= content.keys()), None) if content else None
    if tool is None or content is None:
        return None
    leaves = [(name, value) for name, value in config_leaves(content, "") if not _is_of_tables(value)]
    options = [file_option(name, value) for name, value in leaves]
    known = {option.name for option in options}
    # What a trial writes and draws is its own, whether the file says it or not.
    options += [ScriptOption("output_dir", "output_dir", "str", None)] if "output_dir" not in known else []
    options += [ScriptOption("seed", "seed", "int", None)] if "seed" not in known else []
    script = InspectedScript(f"{tool.name} from its file", "none", options, config=path)
    script.config_option = ScriptOption("config", "config", "str", None, positional=True)
    script.metrics = ["eval_loss", "loss"] if _evaluates(tool, content) else ["loss"]
    if script.metrics == ["loss"]:
        script.notes.append(
            f"{path.name} makes {tool.name} evaluate nothing, and a loss of training says only how well the model fits"
            f" what it has seen: write {tool.advice} into it, and set the objective to eval_loss"
        )
    command = [*tool.command]
    if tool.name == "trl" and any(key in content for key in PREFERENCE_KEYS):
        command = ["trl", "dpo"]
    if tool.name == "trl":
        script.notes.append(f"the file does not say which command of trl it is for: {' '.join(command)} is a guess")
    return script, command


def _evaluates(tool: TuningTool, content: Mapping[str, Any]) -> bool:
    return any(content.get(key) not in OFF for key in tool.evaluates_by)


def _is_of_tables(value: Any) -> bool:
    """Return whether a value is a list of tables, which a study leaves as it stands in the file."""
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
