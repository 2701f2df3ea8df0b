"""Placeholders such as `{trial_dir}`: in the words of a command, in variables, in values, in configuration files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from difflib import get_close_matches
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import Value
from hptui.scripts.styles import ArgumentStyle, value_word

PLACEHOLDER_PATTERN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.]*)\}")
VALUE_PATTERN = re.compile(r"(?<![{$])\{([A-Za-z_]\w*)\}(?!\})")
"""A placeholder in a value: `{{ x }}` of a template and `${x}` of OmegaConf are the script's own."""
ARGUMENTS_NAME, CONFIG_NAME = "args", "config"
ALL_PARAMETERS_WORDS = ("{args_json}", "{args_json_file}", "{args_dict}")
"""Words that stand for all parameters at once: as JSON, as the path of a JSON file, as a Python dictionary."""
ENVIRONMENT_PREFIX = "env."
"""Prefix of placeholders for environment variables: `{env.NAME}`; an unset one yields its name, as in W&B."""
DIRECTORY_FACTS = ("trial_dir", "study_dir", "cache")
"""Placeholders that are ours in any text, even among others that are not."""
INTEGER_FACTS = ("number", "attempt", "seed", "threads", "port", "nproc", "gpus")
"""Placeholders that are whole numbers where they are a value by themselves."""
MIN_SIMILARITY = 0.8
"""Similarity (0 to 1) from which a name in braces is taken for a misspelt placeholder."""


@dataclass
class Placeholders:
    """What placeholders stand for: facts of the trial, and its parameters.

    `placed` collects the parameters that a placeholder has put somewhere; they are not passed a second time.
    """

    facts: Mapping[str, str]
    parameters: Mapping[str, Value]
    style: ArgumentStyle
    placed: set[str] = field(default_factory=set)

    def fill(self, text: str, where: str) -> str:
        """Return `text` with its placeholders replaced; `{{` is a brace. `where` names the key in errors.

        Raises: UserError for an unknown placeholder.
        """

        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                return match[0][0]
            # A parameter takes precedence over a fact: the script must get the value that is recorded.
            if name in self.parameters:
                self.placed.add(name)
                return value_word(self.style, self._own_value(name))
            if name in self.facts:
                return self.facts[name]
            if name.startswith(ENVIRONMENT_PREFIX):
                variable = name.removeprefix(ENVIRONMENT_PREFIX)
                return os.environ.get(variable, variable)
            names = [*self.facts, *self.parameters, ARGUMENTS_NAME, CONFIG_NAME]
            raise UserError(f"trainer.{where}: there is nothing called {{{name}}}", hint=did_you_mean(name, names))

        return PLACEHOLDER_PATTERN.sub(replacement, text)

    def fill_value(self, value: Any) -> Any:
        """Return a value with the placeholders in its texts replaced.

        A text with names in braces that are none of ours is the script's own template: only directories are filled in.
        """
        if isinstance(value, Mapping):
            return {name: self.fill_value(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.fill_value(item) for item in value]
        if not isinstance(value, str):
            return value
        names = VALUE_PATTERN.findall(value)
        if len(names) == 1 and value == f"{{{names[0]}}}":
            return self._whole(names[0], value)
        is_ours = all(name in self.facts or name in self.parameters for name in names)
        return VALUE_PATTERN.sub(lambda match: self._part(match[1], match[0], is_ours), value)

    def _whole(self, name: str, text: str) -> Any:
        if name in self.parameters and self.parameters[name] != text:
            return self._own_value(name)
        fact = self.facts.get(name, text)
        return int(fact) if name in INTEGER_FACTS and fact.isdigit() else fact

    def _own_value(self, name: str) -> Any:
        """Return a parameter's value, in which a placeholder may stand, too."""
        return Placeholders(self.facts, {}, self.style).fill_value(self.parameters[name])

    def _part(self, name: str, text: str, is_ours: bool) -> str:
        if is_ours and name in self.parameters:
            return value_word(self.style, self._own_value(name))
        return self.facts.get(name, text) if is_ours or name in DIRECTORY_FACTS else text

    def unfilled(self, value: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
        """Yield (place, name in braces, nearest placeholder) of what seems to be meant as a placeholder."""
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield from self.unfilled(item, f"{place}.{name}" if place else str(name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.unfilled(item, f"{place}.{index}")
        elif isinstance(value, str):
            for name in VALUE_PATTERN.findall(value):
                near = get_close_matches(name, [*self.facts, CONFIG_NAME], n=1, cutoff=MIN_SIMILARITY)
                yield from [(place, name, near[0])] if near else []
