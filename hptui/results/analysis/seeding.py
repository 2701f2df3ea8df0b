"""Whether the seed of a trial reaches what trains: without it, repeats differ only by randomness of a script's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from hptui.core.command_settings import COMMAND_KIND, script_names, script_parameters
from hptui.core.dataclass import dataclass
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import canonical_json

SEED_MARK = "{seed}"
"""What stands for the seed in the command of a script, its environment or its parameters."""
GIVING_KEYS = ("command", "env", "launch", "evaluate")
"""Keys of a command's table whose texts reach the script; a file that `config` names may hold the mark, too."""
SEED_NAME = re.compile(r"(?:(?:random|rng|global|manual|torch|np|numpy|main|train|training)[_-]?)?seed|random_state")
"""Names of a setting that is the seed of a whole run, without the tables that it is in."""


@dataclass(frozen=True, slots=True)
class Seeding:
    """Whether trials are given their seed; if not, the setting that gives a repeat the same one, and its value.

    `value` is None where it is that of the configuration.
    """

    is_given: bool
    name: str = ""
    value: Value | None = None


def seeding_of(study: Study) -> Seeding:
    """Return how runs are seeded.

    hptui seeds a trainer in Python; a script gets its seed where the study file passes it.
    """
    kind, settings = study.trainer.kind, study.trainer.settings
    if kind != COMMAND_KIND:
        return Seeding(True)
    parameters = script_parameters(kind, settings)
    texts = canonical_json({**parameters, **{key: settings.get(key) for key in GIVING_KEYS}})
    if SEED_MARK in texts:
        return Seeding(True)
    names = script_names(kind, settings)
    searched = ((name, None) for name in study.space.names)
    for name, value in (*searched, *_words(settings.get("command")), *parameters.items()):
        if is_seed_name(names.get(name, name)):
            return Seeding(False, name, value)
    return Seeding(settings.get("config") is not None)  # what the file says is not known


def is_seed_name(name: str) -> bool:
    """Return whether a setting is the seed of a whole run, by its name."""
    return SEED_NAME.fullmatch(re.split(r"[./]", name.lower())[-1]) is not None


def _words(command: object) -> Iterator[tuple[str, Value]]:
    """Yield the options of a command that have a number: `--seed 42`, `--seed=42`, `seed=42`."""
    words = [str(word) for word in command] if isinstance(command, list | tuple) else str(command or "").split()
    for word, after in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        value = value if equals else after if word.startswith("-") else ""
        if re.fullmatch(r"\d+", value):
            yield name.lstrip("-+"), int(value)
