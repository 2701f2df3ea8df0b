"""Refuses a study with a setting that its script would not get: no trial of it would be what is recorded.

Only sources are read, nothing is started. What only a constraint or a derived setting decides is seen at the trial.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.errors import StudyError, StudyFileErrors, UserError
from hptui.core.gpu_variables import HINT as GPU_HINT
from hptui.core.gpu_variables import fixed_gpu_variables
from hptui.core.space import Choice, Space
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.scripts.arguments import (
    environment_variable,
    forms_in_command,
    nest_in_tables,
    variable_forms,
)
from hptui.scripts.config_file import FORMATS
from hptui.scripts.launch import named_processes, read_launch
from hptui.scripts.links import source_directory
from hptui.scripts.passing import CannotBePassed, pass_parameters, variable_text
from hptui.scripts.placeholders import PLACEHOLDER_PATTERN
from hptui.scripts.refusal import refusal
from hptui.scripts.settings import CommandTable, read_command_spec
from hptui.scripts.styles import STYLES, ArgumentStyle, read_style

SAMPLED_VALUES = 4
"""Values of a range that are looked at, besides its ends."""


def check_study(study: Study) -> None:
    """Check that every value of every setting can be passed to the script.

    Raises: StudyError for those that cannot, with the place in the study file.
    """
    errors: list[StudyError] = []
    for settings, values in _configurations(study):
        if not settings.get("command"):
            continue  # the settings of a trial that is never run by itself
        spec = _read_spec(study, settings)
        errors += [*_launch_errors(study, spec), *_gpu_errors(study, spec), *_shell_errors(study, spec)]
        way = _Way(spec, Path(study.directory or ".").absolute())
        for where, name, value in values:
            if reason := way.refusal_of(name, value):
                message, hint = refusal(reason, value, name)
                errors.append(StudyError(message, file=study.source, where=where, value=value, hint=hint))
    unique = list({(error.where, error.problem): error for error in errors}.values())
    if unique:
        raise StudyFileErrors(unique) if len(unique) > 1 else unique[0]


def _read_spec(study: Study, settings: Mapping[str, Value]) -> CommandTable:
    """Return a `[trainer]` table, read; an error in `launch` names the file."""
    try:
        return read_command_spec(settings)
    except UserError as error:
        where, _, problem = error.message.partition(": ")
        if not where.startswith("trainer.launch"):
            raise
        raise StudyError(problem, file=study.source, where=where, hint=error.hint) from None


NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
"""Exists where trials get GPUs, unless the study forbids it."""


def _launch_errors(study: Study, spec: CommandTable) -> Iterator[StudyError]:
    """Yield an error where a command names another number of processes than a trial has GPUs."""
    launch = read_launch(spec.settings.launch, spec.settings.command)
    key, count = "launch.processes", launch.processes if launch is not None else None
    if launch is None:
        key, count = "command", named_processes(spec.settings.command)
    size, gpus = study.resources.gpus_per_trial, study.resources.gpus
    if count is None or count == size or gpus in (0, ()) or (size == 1 and not NVIDIA_DRIVER.exists()):
        return
    hint = f"set gpus_per_trial = {count} in [resources], or write {{nproc}} in place of the number"
    problem = f"names {count} processes, but gpus_per_trial is {size}"
    yield StudyError(problem, file=study.source, where=f"trainer.{key}", value=count, hint=hint)


def _gpu_errors(study: Study, spec: CommandTable) -> Iterator[StudyError]:
    """Yield errors where a study that may use GPUs sets one for all its trials."""
    for name, problem in fixed_gpu_variables(spec.settings.env) if study.resources.gpus not in (0, ()) else ():
        value = spec.settings.env[name]
        yield StudyError(problem, file=study.source, where=f"trainer.env.{name}", value=value, hint=GPU_HINT)


SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
SHELL_TEXT = re.compile(r"-[a-z]*c")
"""The option of a shell behind which the text stands that it runs."""


USES_WORDS, USES_FIRST_WORD = re.compile(r"\$\{?[1-9@*]"), re.compile(r"\$\{?0")


def _shell_errors(study: Study, spec: CommandTable) -> Iterator[StudyError]:
    """Yield an error where a text that a shell runs does not use the parameters behind it."""
    words, style = spec.settings.command, read_style(spec.settings.style)
    if words[0].rpartition("/")[2] not in SHELLS or not isinstance(style, ArgumentStyle) or style.also == "wandb":
        return
    index = next((index for index, word in enumerate(words[1:], 1) if SHELL_TEXT.fullmatch(word)), len(words))
    if index + 1 >= len(words) or spec.settings.config is not None:
        return
    texts = (*words, *(spec.settings.env or {}).values())
    placed = {name for text in texts for name in PLACEHOLDER_PATTERN.findall(text)}
    unplaced = [name for name in spec.parameters if name not in placed]
    text = words[index + 1].replace("{{", "{")
    uses_them = USES_WORDS if index + 2 < len(words) else USES_FIRST_WORD  # the first one is the name of the shell
    if unplaced and not uses_them.search(text):
        problem = f"the text that {words[0]} runs does not get {', '.join(unplaced[:3])}, which would stand behind it"
        hint = f'put {{{unplaced[0]}}} into the text, or end it with "$@" and add the word "{words[0]}" behind it'
        yield StudyError(problem, file=study.source, where="trainer.command", value=text, hint=hint)


def why_not_resumed(study: Study) -> str:
    """Return why a paused trial of this study would begin again; '' if its script can go on."""
    settings = study.trainer.settings
    command = settings.get("command")
    words = command if isinstance(command, list) else [command]
    if settings.get("resume_flag") or any("{checkpoint}" in str(word) for word in words):
        return ""
    return "nothing in its command makes the script go on from a checkpoint; trainer.resume_flag does"


class _Way:
    """How the parameters of one configuration reach its script."""

    def __init__(self, spec: CommandTable, directory: Path) -> None:
        self._spec, settings = spec, spec.settings
        self._style = read_style(settings.style)
        facts = {"{study_dir}": str(directory)}
        words = [_filled(word, facts) for word in settings.command]
        work = directory / _filled(settings.workdir, facts)
        self._forms = forms_in_command(words, source_directory(settings.links, words, directory, work))
        texts = (*settings.command, str(settings.config or ""), *(settings.env or {}).values())
        self._placed = {name for text in texts for name in PLACEHOLDER_PATTERN.findall(text)}
        self._variables = variable_forms(settings.env or {}, self._forms)

    def refusal_of(self, name: str, value: Value) -> str:
        """Return why a value cannot be passed; '' if it can."""
        style, script_name = self._style, self._spec.name_in_script(name)
        value_style = style if isinstance(style, ArgumentStyle) else STYLES["exact"]
        if name in COMMAND_KEYS:
            return ""
        try:
            if name in self._placed:
                if form := self._variables.get(name):
                    variable_text(form, value_style, value)
            elif self._spec.settings.config is not None:
                if value is None and _is_toml(self._spec.settings.config):
                    return "TOML has no word for none"
            elif isinstance(style, ArgumentStyle):
                tables = nest_in_tables({script_name: value}, self._spec.settings.tables)
                return "; ".join(pass_parameters(style, tables, self._forms).refused.values())
            elif style == "env":
                form = self._forms.get(environment_variable(script_name).lower())
                variable_text(form, value_style, value)
        except CannotBePassed as error:
            return str(error)
        return ""


def _filled(text: str, facts: Mapping[str, str]) -> str:
    for placeholder, value in facts.items():
        text = text.replace(placeholder, value)
    return text


def _is_toml(config: Value) -> bool:
    table = config if isinstance(config, dict) else {"base": config}
    base = str(table.get("base", ""))
    return (table.get("format") or FORMATS.get(Path(base).suffix.lower(), base)) == "toml"


def _configurations(study: Study) -> Iterator[tuple[Mapping[str, Value], list[tuple[str, str, Value]]]]:
    """Yield the settings of trials, each with those of its values that are new: (place, name, value)."""
    base = study.trainer.settings
    searched = _space_values(study.space, "space")
    names = {name for _, name, _ in searched}
    runs_base = study.search.baseline or study.search.sampler != "list"
    own = [
        (f"trainer.{name}", name, value) for name, value in base.items() if study.search.baseline or name not in names
    ]
    yield base, [*(own if runs_base else []), *searched]
    for number, stage in enumerate(study.stages):
        values = _space_values(stage.space, f"stage[{number}].space") if stage.space is not None else []
        given = [(f"stage[{number}].set.{name}", name, value) for name, value in stage.set.items()]
        yield {**base, **stage.set}, [*given, *values]
    listed = [("trial", trial.set) for trial in study.trials] + [("preset", preset.set) for preset in study.presets]
    for number, (table, changes) in enumerate(listed):
        settings = {**base, **changes}
        place = f"{table}[{number if table == 'trial' else number - len(study.trials)}].set"
        values = [
            (f"{place}.{name}" if name in changes else f"trainer.{name}", name, settings[name]) for name in settings
        ]
        yield settings, values


def _space_values(space: Space, place: str) -> list[tuple[str, str, Value]]:
    """Return the values that a search may take: all choices, the ends of ranges and some between."""
    rng = random.Random(0)
    values: list[tuple[str, str, Value]] = []
    for parameter in space.parameters:
        drawn = (
            list(parameter.choices)
            if isinstance(parameter, Choice)
            else [parameter.low, parameter.high, *(parameter.sample(rng) for _ in range(SAMPLED_VALUES))]
        )
        values += [(f"{place}.{parameter.name}", parameter.name, value) for value in drawn]
    return values
