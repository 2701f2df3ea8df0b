"""What was read of a script, with the names and values that its study file gives its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.results.export.text_formats import toml_key

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript, ScriptOption


@dataclass
class Draft:
    """A study file in the making. `names` are the study's names of parameters by those of the script.

    `automatic` are the words that hptui gives for parameters; those that are `placed` have a value in `[trainer]`.
    """

    inspected: InspectedScript
    names: Mapping[str, str]
    automatic: Mapping[str, str] = field(default_factory=dict)
    placed: frozenset[str] = frozenset()
    leading: Mapping[str, str] = field(default_factory=dict)
    in_file: Mapping[str, str] = field(default_factory=dict)
    """What hptui gives for parameters of a file of settings, in whose copy they stand."""

    def key(self, option: ScriptOption) -> str:
        """Return the key of a parameter in a study file."""
        return toml_key(self.names[option.name])
