"""Composes what starts a trial: command words, environment, files. No shell is involved.

Parameters are passed as the script itself declares its options: false must reach a script whose default is true."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.core.trial import Value
from hptui.scripts import config_file
from hptui.scripts.links import source_directory
from hptui.scripts.passing import CannotBePassed, Forms, Passed, pass_parameters, variable_text
from hptui.scripts.placeholders import ALL_PARAMETERS_WORDS, CONFIG_NAME, PLACEHOLDER_PATTERN, Placeholders
from hptui.scripts.program import CONSTANTS_RUNNER, script_of
from hptui.scripts.settings import CommandTable, read_command_spec
from hptui.scripts.styles import STYLES, ArgumentStyle, flatten, read_style

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript


def forms_in_command(words: Sequence[str], directory: Path) -> Forms:
    """Return how the script of a command declares its options; {} if its source does not show it."""
    script = script_of(words, directory)
    if script is None or script.suffix != ".py":
        return {}
    try:
        inspected, forms = _declared(script, script.stat().st_mtime_ns)
    except OSError:
        return {}
    return forms if is_own_subcommand(inspected, words) else {}


def declared_script(words: Sequence[str], directory: Path) -> InspectedScript | None:
    """Return what the source of a command's script shows; None if that is of another subcommand."""
    script = script_of(words, directory)
    if script is None or script.suffix != ".py":
        return None
    try:
        inspected, _ = _declared(script, script.stat().st_mtime_ns)
    except OSError:
        return None
    return inspected if is_own_subcommand(inspected, words) else None


@lru_cache(maxsize=8)
def _declared(path: Path, _mtime_ns: int) -> tuple[InspectedScript, Forms]:
    """Return what a script's source shows; cached until its modification time changes."""
    from hptui.scripts.inspect import InspectedScript, forms_of, inspect_options

    try:
        inspected = inspect_options(path)
    except UserError:
        return InspectedScript(), {}
    return inspected, forms_of(inspected)


def is_own_subcommand(inspected: InspectedScript, words: Sequence[str]) -> bool:
    """Return whether a command runs the subcommand whose options were read, or the script has none."""
    return all(word in words for word in inspected.words)


SWEEP_FILE = "wandb-parameters.yaml"
ARGUMENTS_FILE = "arguments.json"
CONFIG_COPY_VARIABLE = "HPTUI_CONFIG_COPY"
"""Variable that tells the tap the file of settings whose path stands in the script, and the trial's copy of it."""


@dataclass(frozen=True, slots=True)
class ComposedCommand:
    """What to start. `files` (text by path) are to be written first; `places` fills further texts of the same trial.

    `passed` names the parameters that do not reach the script.
    """

    words: list[str]
    environment: dict[str, str]
    files: dict[Path, str]
    placeholders: Placeholders
    passed: Passed = field(default_factory=Passed)
    unnamed_copy: Path | None = None
    """The copy of a file of settings whose path stands in the script: the tap gives it to the script."""


def compose_command(spec: CommandTable, facts: Mapping[str, str], directory: Path, output: Path) -> ComposedCommand:
    """Compose the command of a trial.

    `facts` are placeholders with their values; `directory` is that of the study file, `output` the trial's.

    Raises: UserError.
    """
    style = read_style(spec.settings.style)
    value_style = style if isinstance(style, ArgumentStyle) else STYLES["exact"]
    places = Placeholders(dict(facts), spec.parameters, value_style)
    files: dict[Path, str] = {}
    config_facts: dict[str, str] = {}
    unnamed: Path | None = None
    if spec.settings.config is not None:
        loaded_config = config_file.read_config_spec(spec.settings.config, places.fill, directory)
        config_facts[CONFIG_NAME] = str(output / loaded_config.name)
    places.facts = {**facts, **config_facts}
    words = [
        text if text == "{args}" or text in ALL_PARAMETERS_WORDS else places.fill(text, "command")
        for text in spec.settings.command
    ]
    passed = Passed()
    work = directory / places.fill(spec.settings.workdir, "workdir")
    work = source_directory(spec.settings.links, words, directory, work)
    variables = _Variables(value_style, forms_in_command(words, work), passed)
    environment = _given_variables(spec, places, variables)
    is_wandb = style == "wandb" or (isinstance(style, ArgumentStyle) and style.also == "wandb")
    remaining = {
        spec.name_in_script(name): value if is_wandb else places.fill_value(value)
        for name, value in spec.parameters.items()
        if name not in places.placed
    }
    remaining = nest_in_tables(remaining, spec.settings.tables)
    words = [
        _all_in_one_word(text, remaining, output, files) if text in ALL_PARAMETERS_WORDS else text for text in words
    ]
    if spec.settings.config is not None:
        config_copy = output / loaded_config.name
        if not any("{config}" in text for text in (*spec.settings.command, *(spec.settings.env or {}).values())):
            _refuse_unseen_copy(spec, loaded_config)
            unnamed = config_copy
            environment[CONFIG_COPY_VARIABLE] = json.dumps(
                [str(loaded_config.path), str(config_copy), str(copy_mark(config_copy))]
            )
        files[config_copy] = config_file.merged_text(loaded_config, remaining, places.fill_value)
    elif isinstance(style, ArgumentStyle):
        passed.add(pass_parameters(style, remaining, variables.forms))
    elif style == "constants":
        words = insert_constants_runner(words, _where_they_are(remaining, words, work))
    elif style == "env":
        whole = {name for name in remaining if environment_variable(name).lower() in variables.forms}
        others = {name: value for name, value in remaining.items() if name not in whole}
        for name, value in (*((name, remaining[name]) for name in sorted(whole)), *flatten(others, nulls=True)):
            variables.add(environment, environment_variable(name), name, value)
    if is_wandb:
        all_parameters = nest_in_tables(
            {spec.name_in_script(name): value for name, value in spec.parameters.items()}, spec.settings.tables
        )
        # W&B reads the file with PyYAML, which takes JSON's 1e-05 for a text: so it is dumped as YAML.
        files[output / SWEEP_FILE] = config_file.yaml_text(
            {name: {"value": value} for name, value in all_parameters.items()}
        )
        environment = {"WANDB_SWEEP_PARAM_PATH": str(output / SWEEP_FILE), "WANDB_MODE": "offline", **environment}
        environment = {"WANDB_DIR": str(output), "WANDB_SILENT": "true", **environment}
    return ComposedCommand(_inserted(words, passed.words), environment, files, places, passed, unnamed)


def _given_variables(spec: CommandTable, places: Placeholders, variables: _Variables) -> dict[str, str]:
    """Return the variables of `env`: a parameter's value as the script reads it, else the filled text."""
    environment: dict[str, str] = {}
    by_placeholder = variable_forms(spec.settings.env or {}, variables.forms)
    for variable, text in (spec.settings.env or {}).items():
        parameter = text[1:-1]
        if parameter in by_placeholder and parameter in spec.parameters:
            places.placed.add(parameter)
            variables.add(environment, variable, parameter, spec.parameters[parameter])
        else:
            environment[variable] = places.fill(text, f"env.{variable}")
    return environment


def copy_mark(copy: Path) -> Path:
    """Return the empty file that says that a script has read the copy of a file of settings."""
    return copy.with_name(f"{copy.name}.read")


def _refuse_unseen_copy(spec: CommandTable, loaded: config_file.ConfigFileSpec) -> None:
    """Check that a script can be given a copy that no word of its command names.

    Raises: UserError if it cannot.
    """
    hint = 'for instance command = ["python", "train.py", "--config", "{config}"]'
    if loaded.path is None:
        raise UserError("trainer.config: no word of the command is {config}, so the script would not see it", hint=hint)
    if not spec.settings.tap:
        problem = "no word of the command is {config}, and without the tap the script would read its own file"
        raise UserError(f"trainer.config: {problem}", hint=f"leave tap = false out, or {hint}")


@dataclass(frozen=True, slots=True)
class _Variables:
    """Environment variables, each with the text that the script reads as the parameter's value."""

    style: ArgumentStyle
    forms: Forms
    passed: Passed
    owners: dict[str, str] = field(default_factory=dict)

    def add(self, environment: dict[str, str], variable: str, name: str, value: Value) -> None:
        """Set a variable for a parameter.

        Raises: UserError if another parameter has that variable.
        """
        owner = self.owners.setdefault(variable, name)
        if owner != name:
            hint = f'names = {{ {name} = "…" }} gives one of them another variable'
            raise UserError(f"{owner} and {name} would both be the variable {variable}", hint=hint)
        try:
            text = variable_text(self.forms.get(variable.lower()), self.style, value)
        except CannotBePassed as error:
            self.passed.refused[name] = str(error)
            return
        if text is not None:
            environment[variable] = text


def variable_forms(environment: Mapping[str, str], forms: Forms) -> Forms:
    """Return the forms of variables that are one parameter each (`AMP = "{amp}"`), by parameter."""
    return {
        text[1:-1]: form
        for variable, text in environment.items()
        if PLACEHOLDER_PATTERN.fullmatch(text) and (form := forms.get(variable.lower())) is not None
    }


def command_line_words(
    settings: Mapping[str, Value],
    parameters: Mapping[str, Value],
    names: Mapping[str, str],
    directory: Path,
    *,
    hyphens: bool = False,
) -> list[str] | None:
    """Return the words that pass parameters on the command line; None if they are passed in another way.

    `settings` is the `[trainer]` table; `names` are names for parameters that take precedence over those of the table.
    Parameters with a placeholder in the command or in a variable are left out.

    Raises: UserError if two parameters would get one name.
    """
    spec = read_command_spec(settings)
    style = read_style(spec.settings.style)
    if spec.settings.config is not None or not isinstance(style, ArgumentStyle):
        return None
    style = replace(style, names="dash") if hyphens and style.names == "keep" else style
    placed = {
        name
        for text in (*spec.settings.command, *(spec.settings.env or {}).values())
        for name in PLACEHOLDER_PATTERN.findall(text)
    }
    script_names = {name: names.get(name, spec.name_in_script(name)) for name in parameters if name not in placed}
    if len({*script_names.values()}) < len(script_names):
        raise UserError("two settings would have one name", hint="give each a name of its own")
    remaining = nest_in_tables(
        {script_names[name]: value for name, value in parameters.items() if name in script_names}, spec.settings.tables
    )
    forms = forms_in_command(spec.settings.command, directory / spec.settings.workdir)
    return pass_parameters(style, remaining, forms).words


def nest_in_tables(parameters: Mapping[str, Value], tables: Sequence[str]) -> dict[str, Value]:
    """Return parameters with those of each table (`optimizer.lr` of `optimizer`) moved into it.

    Raises: UserError for a name that is a table and a value.
    """
    tree: dict[str, Value] = {}
    for name, value in merge_into_tables(parameters).items():
        table_of_name, key_in_table = tree, name
        for table in sorted(tables, key=len):
            if not name.startswith(f"{table}."):
                continue
            key = key_in_table.removesuffix(name.removeprefix(table))
            inner = table_of_name.setdefault(key, {})
            if not isinstance(inner, dict):
                raise UserError(f"trainer.tables: {table} is a parameter with a value, so it can hold no {name}")
            table_of_name, key_in_table = inner, name.removeprefix(f"{table}.")
        if isinstance(table_of_name.get(key_in_table), dict):
            raise UserError(f"trainer.tables: {name} holds others, so it can have no value of its own")
        table_of_name[key_in_table] = value
    return tree


def merge_into_tables(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Move each dotted parameter (`optimizer.lr`) into the table (`optimizer`) that is given as a whole."""
    merged = deepcopy(dict(parameters))
    tables = [name for name, value in merged.items() if isinstance(value, dict)]
    for name in list(merged):
        table = next((prefix for prefix in tables if name.startswith(f"{prefix}.")), None)
        if table is not None:
            config_file.set_at_path(merged[table], name.removeprefix(f"{table}."), merged.pop(name))
    return merged


def _all_in_one_word(text: str, parameters: Mapping[str, Value], output: Path, files: dict[Path, str]) -> str:
    """Return the word for all parameters at once; a JSON file that it names is added to `files`."""
    if text == "{args_dict}":
        return repr(dict(parameters))
    text_json = json.dumps(parameters)
    if text == "{args_json}":
        return text_json
    files[output / ARGUMENTS_FILE] = text_json
    return str(output / ARGUMENTS_FILE)


def _where_they_are(values: Mapping[str, Value], words: Sequence[str], directory: Path) -> Mapping[str, Value]:
    """Return constants by names that say in which module of the script each is."""
    script = script_of(words, directory)
    if script is None or script.suffix != ".py":
        return values
    from hptui.scripts.inspect.project import qualified_constants

    return qualified_constants(values, script, directory if "-m" in words else script.parent)


def insert_constants_runner(words: Sequence[str], values: Mapping[str, Value]) -> list[str]:
    """Return the command with its Python script run by `with_constants.py`.

    Raises: UserError if no word of the command is a Python script or a module behind `-m`.
    """
    places = [index for index, text in enumerate(words) if index and (text.endswith(".py") or text == "-m")]
    script_index = places[0] if places else 0
    if not script_index:
        hint = 'for instance command = ["python", "train.py"]'
        raise UserError('trainer.style: "constants" needs a Python script in the command', hint=hint)
    return (
        [*words[:script_index], str(CONSTANTS_RUNNER), json.dumps(values), *words[script_index:]]
        if values
        else list(words)
    )


def _inserted(words: list[str], extra: list[str]) -> list[str]:
    """Return the words with `extra` in place of `{args}`, else at the end."""
    if "{args}" not in words:
        return [*words, *extra]
    index = words.index("{args}")
    return [*words[:index], *extra, *words[index + 1 :]]


def environment_variable(name: str) -> str:
    """Return the environment variable for a parameter's name."""
    return re.sub(r"\W", "_", name).upper()
