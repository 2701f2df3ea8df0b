"""The settings of the trainer `command`: hptui's own keys of `[trainer]`.

Each other key of the table is a parameter of the script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from difflib import get_close_matches
from typing import Any

from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.keys import Key
from hptui.core.trial import Value
from hptui.scripts.launch import read_launch
from hptui.scripts.links import check_links
from hptui.trainers.settings import build, describe, setting


@dataclass(frozen=True)
class CommandSettings:
    """hptui's own settings of a script; each has its help text."""

    command: list[str] = setting(help='the program and its words: ["python", "train.py", "--out", "{trial_dir}"]')
    style: Any = setting(
        "argparse",
        "how parameters are said: argparse hf hydra fire click jsonargparse exact dotted env wandb constants none",
    )
    launch: Any = setting(
        "none",
        'start the command on several processes: "torchrun", "accelerate", or { program = "torchrun", processes = 2 }',
    )
    names: Any = setting(None, 'what the script calls a parameter, where it differs: { lora_rank = "lora_r" }')
    tables: list = setting([], 'parameters that reach the script as a table: ["optimizer"] for optimizer.lr')  # type: ignore[type-arg]
    config: Any = setting(
        None,
        'write parameters into a copy of this YAML, JSON or TOML file: given as "{config}", or opened by the script',
    )
    env: Any = setting(None, 'environment variables of the script: { LR = "{learning_rate}" }')
    workdir: str = setting("", "where the script runs; empty: the study file's directory")
    links: Any = setting([], 'what it reads, to be found in workdir = "{trial_dir}": ["data"], or { data = "../data" }')
    metrics: list[Any] = setting(
        [], "files and patterns to read metrics from: [\"{trial_dir}/log.jsonl\", 'loss (?P<loss>\\S+)']"
    )
    read_output: bool = setting(True, "find metrics in what the script prints")
    tap: bool = setting(True, "take metrics from transformers.Trainer, wandb and mlflow inside the script")
    ranks: str = setting(
        "first",
        "which value of several processes counts: first (the lowest rank that reports it), mean, max, all (loss/rank1)",
    )
    total_steps: Any = setting(None, "steps of a whole training: a number, or the parameter that says it")
    resume_flag: Any = setting("", 'what makes the script go on: "--resume-from {checkpoint}"')
    checkpoint: str = setting("", 'where the script saves: "{trial_dir}/checkpoint-*"')
    evaluate: list[str] = setting([], 'a command to run after training: ["python", "eval.py", "{trial_dir}"]')
    evaluate_device: str = setting("", 'CUDA_VISIBLE_DEVICES of that command, or "cpu"; empty: the trial\'s own')
    effective_from: Any = setting(None, "the file, or the pattern of a log line, that says what was really used")
    artifacts: list[str] = setting([], 'files to keep with the trial: ["{trial_dir}/samples/*.txt"]')
    help: Any = setting(None, 'words that make the script list its parameters (default: ["--help"]); false: do not ask')


RANK_RULES = ("first", "mean", "max", "all")
"""What counts of a metric that several processes report."""
MIN_SIMILARITY = 0.85
"""Similarity (0 to 1) from which a parameter is taken for a misspelt setting."""


class CommandSchema(dict[str, Key]):
    """hptui's own settings; any other key of `[trainer]` is a parameter of the script."""

    open = True


def schema(directory: str = "") -> CommandSchema:
    """Return the known settings of `[trainer]`, which are the same in every directory."""
    return CommandSchema(describe(CommandSettings))


@dataclass(frozen=True, slots=True)
class CommandTable:
    """A `[trainer]` table, read: hptui's settings, and the script's parameters by the names that the study uses."""

    settings: CommandSettings
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def name_in_script(self, name: str) -> str:
        """Return the script's name of a parameter."""
        return str((self.settings.names or {}).get(name, name))


def read_command_spec(settings: Mapping[str, Value]) -> CommandTable:
    """Split and validate a `[trainer]` table.

    Raises: UserError, which names the key.
    """
    own = build(CommandSettings, {name: value for name, value in settings.items() if name in COMMAND_KEYS})
    for key in ("command", "evaluate", "artifacts", "tables"):
        _check_words(key, getattr(own, key))
    if not own.command:
        raise UserError("trainer.command: is empty", hint='for instance ["python", "train.py"]')
    for key in ("names", "env"):
        _check_texts(key, getattr(own, key))
    if own.help not in (None, False) and not isinstance(own.help, list):
        raise UserError(f"trainer.help: must be a list of words or false, got {own.help!r}")
    if own.ranks not in RANK_RULES:
        hint = did_you_mean(own.ranks, RANK_RULES) or 'a parameter of that name: names = { its_ranks = "ranks" }'
        raise UserError(f"trainer.ranks: must be one of {', '.join(RANK_RULES)}, got {own.ranks!r}", hint=hint)
    _check_resume(own)
    check_links(own.links, own.workdir)
    read_launch(own.launch, own.command)
    return CommandTable(own, {name: value for name, value in settings.items() if name not in COMMAND_KEYS})


def _check_words(key: str, value: Any) -> None:
    for item in value:
        if not isinstance(item, str):
            hint = "words of a command are texts: put numbers in quotes" if key == "command" else ""
            raise UserError(f"trainer.{key}: {item!r} is no text", hint=hint)


def _check_texts(key: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        example = '{ lora_rank = "lora_r" }' if key == "names" else '{ LR = "{learning_rate}" }'
        raise UserError(f"trainer.{key}: must be a table of texts, got {value!r}", hint=f"for instance {example}")


def _check_resume(settings: CommandSettings) -> None:
    if isinstance(settings.resume_flag, list):
        _check_words("resume_flag", settings.resume_flag)
    elif not isinstance(settings.resume_flag, str):
        raise UserError(f"trainer.resume_flag: must be a text, got {settings.resume_flag!r}")
    if "{checkpoint}" in str(settings.resume_flag) and not settings.checkpoint:
        raise UserError(
            "trainer.checkpoint: missing: where does the script save what resume_flag goes on from?",
            hint='for instance checkpoint = "{trial_dir}/checkpoint-*"',
        )


def misspelt_settings(settings: Mapping[str, Value]) -> dict[str, str]:
    """Return the parameters that look like a misspelt setting of hptui, each with a hint."""
    similar = {
        name: get_close_matches(name, COMMAND_KEYS, n=1, cutoff=MIN_SIMILARITY)
        for name in settings
        if name not in COMMAND_KEYS
    }
    return {name: f"did you mean {names[0]!r}?" for name, names in similar.items() if names}
