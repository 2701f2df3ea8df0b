"""From a trial's parameters to what is started: words, environment, configuration file. Nothing goes to a shell."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

from hptui.model.errors import UserError, did_you_mean
from hptui.model.trial import Value
from hptui.trainers.command import configfile
from hptui.trainers.command.flags import as_declared
from hptui.trainers.command.program import OURS
from hptui.trainers.command.settings import Spec, read
from hptui.trainers.command.styles import STYLES, Style, arguments, flat, read_style, word

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.]*)\}")
ARGUMENTS, CONFIG = "args", "config"
WHOLE = ("{args_json}", "{args_json_file}", "{args_dict}")
"""Words that stand for all parameters at once: as JSON, as a JSON file's path, as a Python dictionary."""
VARIABLE = "env."
"""`{env.NAME}` is a variable of the environment; where it is not set, its name, as W&B has it."""
SWEEP_FILE = "wandb-parameters.yaml"
ARGUMENTS_FILE = "arguments.json"


@dataclass
class Places:
    """What placeholders stand for: facts of the trial, and the parameters. `used` are the parameters placed by hand."""

    facts: Mapping[str, str]
    parameters: Mapping[str, Value]
    style: Style
    used: set[str] = field(default_factory=set)

    def fill(self, text: str, where: str) -> str:
        """`text` with its placeholders replaced; `{{` is a brace."""

        def one(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                return found[0][0]
            # A parameter first: the script must get what is on record.
            if name in self.parameters:
                self.used.add(name)
                return word(self.style, self.parameters[name])
            if name in self.facts:
                return self.facts[name]
            if name.startswith(VARIABLE):
                variable = name.removeprefix(VARIABLE)
                return os.environ.get(variable, variable)
            known = [*self.facts, *self.parameters, ARGUMENTS, CONFIG]
            raise UserError(f"trainer.{where}: there is nothing called {{{name}}}", hint=did_you_mean(name, known))

        return PLACEHOLDER.sub(one, text)


@dataclass(frozen=True, slots=True)
class Composed:
    """What to start. `files` are to be written first, by path. `places` fills other texts of the same trial."""

    words: list[str]
    environment: dict[str, str]
    files: dict[Path, str]
    places: Places


def compose(spec: Spec, facts: Mapping[str, str], directory: Path, output: Path) -> Composed:
    """The command of a trial. `facts` are placeholders; `directory` is the study file's, `output` the trial's."""
    style = read_style(spec.own.style)
    usual = style if isinstance(style, Style) else STYLES["exact"]
    places = Places(dict(facts), spec.parameters, usual)
    files: dict[Path, str] = {}
    settled: dict[str, str] = {}
    if spec.own.config is not None:
        wanted = configfile.read_wanted(spec.own.config, places.fill, directory)
        settled[CONFIG] = str(output / wanted.name)
    places.facts = {**facts, **settled}
    words = [text if text == "{args}" or text in WHOLE else places.fill(text, "command") for text in spec.own.command]
    environment = {name: places.fill(text, f"env.{name}") for name, text in (spec.own.env or {}).items()}
    left = {spec.called(name): value for name, value in spec.parameters.items() if name not in places.used}
    left = nested(left, spec.own.tables)
    inserted: list[str] = []
    words = [_whole(text, left, output, files) if text in WHOLE else text for text in words]
    if spec.own.config is not None:
        if not any("{config}" in text for text in (*spec.own.command, *(spec.own.env or {}).values())):
            hint = 'for instance command = ["python", "train.py", "--config", "{config}"]'
            raise UserError(
                "trainer.config: no word of the command is {config}, so the script would not see it", hint=hint
            )
        files[output / wanted.name] = configfile.merged(wanted, left)
    elif isinstance(style, Style):
        work = directory / places.fill(spec.own.workdir, "workdir")
        inserted = arguments(as_declared(style, left, words, work), left)
    elif style == "constants":
        words = with_constants(words, left)
    elif style == "env":
        environment |= {variable(name): word(usual, value) for name, value in flat(left)}
    if style == "wandb" or (isinstance(style, Style) and style.also == "wandb"):
        every = nested({spec.called(name): value for name, value in spec.parameters.items()}, spec.own.tables)
        # W&B reads it with PyYAML, to which the 1e-05 of JSON is a text.
        files[output / SWEEP_FILE] = configfile.yaml_text({name: {"value": value} for name, value in every.items()})
        environment = {"WANDB_SWEEP_PARAM_PATH": str(output / SWEEP_FILE), "WANDB_MODE": "offline", **environment}
        environment = {"WANDB_DIR": str(output), "WANDB_SILENT": "true", **environment}
    return Composed(_inserted(words, inserted), environment, files, places)


def said(
    settings: Mapping[str, Value],
    parameters: Mapping[str, Value],
    names: Mapping[str, str],
    directory: Path,
    *,
    hyphens: bool = False,
) -> list[str] | None:
    """Parameters, by our names, as the words behind the script's command; None where it hears of them otherwise.

    `settings` is the `[trainer]` table; `names` are other names for parameters than those that it gives. What has a
    place of its own, in the command or a variable, is left out.
    """
    spec = read(settings)
    style = read_style(spec.own.style)
    if spec.own.config is not None or not isinstance(style, Style):
        return None
    style = replace(style, names="dash") if hyphens and style.names == "keep" else style
    placed = {
        name for text in (*spec.own.command, *(spec.own.env or {}).values()) for name in PLACEHOLDER.findall(text)
    }
    called = {name: names.get(name, spec.called(name)) for name in parameters if name not in placed}
    if len({*called.values()}) < len(called):
        raise UserError("two settings would have one name", hint="give each a name of its own")
    left = nested({called[name]: value for name, value in parameters.items() if name in called}, spec.own.tables)
    return arguments(as_declared(style, left, spec.own.command, directory / spec.own.workdir), left)


def nested(parameters: Mapping[str, Value], tables: Sequence[str]) -> dict[str, Value]:
    """Parameters with those of a table (`optimizer.lr` of `optimizer`) inside it, as the script knows them."""
    found: dict[str, Value] = {}
    for name, value in overlaid(parameters).items():
        above, below = found, name
        for table in sorted(tables, key=len):
            if not name.startswith(f"{table}."):
                continue
            key = below.removesuffix(name.removeprefix(table))
            inner = above.setdefault(key, {})
            if not isinstance(inner, dict):
                raise UserError(f"trainer.tables: {table} is a parameter with a value, so it can hold no {name}")
            above, below = inner, name.removeprefix(f"{table}.")
        if isinstance(above.get(below), dict):
            raise UserError(f"trainer.tables: {name} holds others, so it can have no value of its own")
        above[below] = value
    return found


def overlaid(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Parameters with each dotted one (`optimizer.lr`) inside the table (`optimizer`) that is given as a whole."""
    found = deepcopy(dict(parameters))
    whole = [name for name, value in found.items() if isinstance(value, dict)]
    for name in list(found):
        table = next((one for one in whole if name.startswith(f"{one}.")), None)
        if table is not None:
            configfile.put(found[table], name.removeprefix(f"{table}."), found.pop(name))
    return found


def _whole(text: str, parameters: Mapping[str, Value], output: Path, files: dict[Path, str]) -> str:
    """All parameters in one word."""
    if text == "{args_dict}":
        return repr(dict(parameters))
    said = json.dumps(parameters)
    if text == "{args_json}":
        return said
    files[output / ARGUMENTS_FILE] = said
    return str(output / ARGUMENTS_FILE)


def with_constants(words: Sequence[str], values: Mapping[str, Value]) -> list[str]:
    """The command with its Python script run by `with_constants.py`."""
    at = next((index for index, text in enumerate(words) if index and text.endswith(".py")), 0)
    if not at:
        hint = 'for instance command = ["python", "train.py"]'
        raise UserError('trainer.style: "constants" needs a Python script in the command', hint=hint)
    return [*words[:at], str(OURS), json.dumps(values), *words[at:]] if values else list(words)


def _inserted(words: list[str], extra: list[str]) -> list[str]:
    """The styled arguments in place of `{args}`, else at the end."""
    if "{args}" not in words:
        return [*words, *extra]
    at = words.index("{args}")
    return [*words[:at], *extra, *words[at + 1 :]]


def variable(name: str) -> str:
    """A parameter's name as that of an environment variable."""
    return re.sub(r"\W", "_", name).upper()
