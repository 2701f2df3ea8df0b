"""`@hydra.main`: its configuration with the groups that its defaults list selects, read without running the script."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import UNKNOWN, OptionForm, Reads
from hptui.scripts.inspect.inputs.class_parsers import FieldReader
from hptui.scripts.inspect.ranges import typical_range
from hptui.scripts.inspect.syntax import (
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_of,
)

NUMBER_PATTERN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+")
"""PyYAML reads `1e-3` as a text, Hydra as a number."""
MAX_DEPTH = 8


def hydra_options(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Return the leaves of a Hydra configuration by dotted name, and its groups as choices."""
    for name, call in calls(tree):
        if name not in ("hydra.main", "main") or keyword_argument(call, "config_name") is None:
            continue
        folder, config = (
            literal_value(keyword_argument(call, "config_path")),
            literal_value(keyword_argument(call, "config_name")),
        )
        if not isinstance(config, str):
            continue
        script = InspectedScript("hydra", "hydra")
        if folder is None and (stored := _stored_options(tree, config)):
            script.options = [_as_hydra_reads(option) for option in stored]
            script.settings["command_extra"] = ["hydra.run.dir={trial_dir}/hydra"]
            return script
        configuration = _HydraConfig(path.parent / (folder if isinstance(folder, str) else "."), script.notes)
        configuration.file(config, "", 0)
        leaves = [
            configuration.without_group_default(_option(name, value)) for name, value in configuration.leaves.items()
        ]
        script.options = [_as_hydra_reads(option) for option in (*configuration.groups.values(), *leaves)]
        script.settings["command_extra"] = ["hydra.run.dir={trial_dir}/hydra"]
        return script
    return None


def _stored_options(tree: ast.Module, config: str) -> list[ScriptOption]:
    """Return the fields of the class that a ConfigStore has under a name; [] if it has none."""
    reader = FieldReader(tree, {})
    for name, call in calls(tree):
        if not name.endswith(".store"):
            continue
        given = literal_value(keyword_argument(call, "name") or (call.args[0] if call.args else None))
        node = keyword_argument(call, "node") or (call.args[1] if call.args[1:] else None)
        made = node.func if isinstance(node, ast.Call) else node
        fields = reader.classes.get(dotted_name(made)) if made is not None else None
        if given == config and fields is not None:
            return reader.fields(fields)
    return []


def _as_hydra_reads(option: ScriptOption) -> ScriptOption:
    """Return an option with its form: Hydra's own grammar, in which null is a value."""
    silent: object = UNKNOWN if option.required or option.default is None else option.default
    return replace(option, form=OptionForm(reads=Reads.HYDRA, silent=silent, null="null"))


def _option(name: str, value: Value) -> ScriptOption:
    if isinstance(value, str) and NUMBER_PATTERN.fullmatch(value):
        value = float(value)
    is_required = value == "???"
    if is_required or (isinstance(value, str) and "${" in value):  # Hydra computes it: a fixed value would be wrong
        return ScriptOption(name, name, "str", None, help="" if is_required else f"is {value}", required=is_required)
    return ScriptOption(name, name, type_of(value), value)


class _HydraConfig:
    """Files composed as Hydra does: by the defaults list, each group under its own name."""

    def __init__(self, root: Path, notes: list[str]) -> None:
        self.root, self._notes = root, notes
        self.leaves: dict[str, Value] = {}
        self.groups: dict[str, ScriptOption] = {}
        self._shared: set[str] = set()
        """Parameters of groups that several choices have."""

    def file(self, name: str, package: str, depth: int) -> None:
        """Read one file of the configuration into `package`."""
        import yaml

        path = self.root / name
        path = path if path.suffix in (".yaml", ".yml") else path.with_name(f"{path.name}.yaml")
        try:
            text = path.read_text()
            values = yaml.safe_load(text) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            why = str(error).splitlines()[0]
            self._notes.append(f"{path} cannot be read, so its parameters are not listed: {why}")
            return
        if not isinstance(values, dict):
            return
        if match := re.search(r"^#\s*@package\s+(\S+)", text, re.MULTILINE):
            package = "" if match[1] == "_global_" else package if "_group_" in match[1] else match[1]
        listed = values.get("defaults")
        entries = listed if isinstance(listed, list) else []
        own_first = "_self_" in entries and entries.index("_self_") == 0
        if own_first:
            self._own(values, package)
        for entry in entries if depth < MAX_DEPTH else ():
            self._entry(entry, str(Path(name).parent), package, depth)
        if not own_first:
            self._own(values, package)

    def without_group_default(self, option: ScriptOption) -> ScriptOption:
        """Return a parameter without its default, where another choice of its group has another one.

        A parameter that no other choice has is returned as it is: with another choice, Hydra refuses it.
        """
        group = next((name for name in self.groups if option.name.startswith(f"{name.replace('/', '.')}.")), "")
        entry = typical_range(option)
        if option.name not in self._shared or option.default is None or (entry is not None and entry[2]):
            return option
        return replace(option, default=None, help=f"{option.default} with {group}={self.groups[group].default}")

    def _own(self, values: dict[str, Any], package: str) -> None:
        self.leaves |= dict(_leaves(values, f"{package}." if package else ""))

    def _entry(self, entry: Any, folder: str, package: str, depth: int) -> None:
        """Read one line of a defaults list: `model: small`, `optional data@train: mnist`, `base`."""
        if isinstance(entry, str):
            if entry != "_self_":
                self.file(str(Path(folder) / entry.lstrip("/")), package, depth + 1)
            return
        if not isinstance(entry, dict) or len(entry) != 1:
            return
        [(key, choice)] = entry.items()
        words = str(key).split()
        if "override" in words or not isinstance(choice, str) or words[-1].startswith("hydra"):
            return
        group, _, package_given = words[-1].lstrip("/").partition("@")
        group_path = str(Path(folder) / group) if not words[-1].startswith("/") else group
        directory = self.root / group_path
        if "optional" in words and not (directory / f"{choice}.yaml").is_file():
            return
        target = (
            package_given.removeprefix("_global_")
            if package_given
            else ".".join(part for part in (package, *Path(group).parts) if part)
        )
        self.file(f"{group_path}/{choice}", target, depth + 1)
        choices = tuple(sorted(file.stem for file in directory.glob("*.yaml")))
        if len(choices) > 1 and depth == 0:
            name = words[-1].lstrip("/")
            self.groups[name] = ScriptOption(name, name, "str", choice, choices, "a group of the configuration")
            others = (_names_in(directory / f"{other}.yaml", target) for other in choices if other != choice)
            self._shared |= {name for names in others for name in names}


def _names_in(path: Path, package: str) -> list[str]:
    """Return the parameters in one file of a group; [] if it cannot be read."""
    import yaml

    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    return [name for name, _ in _leaves(values, f"{package}." if package else "")] if isinstance(values, dict) else []


def _leaves(value: Any, prefix: str) -> list[tuple[str, Value]]:
    leaves: list[tuple[str, Value]] = []
    for key, item in value.items():
        if not isinstance(key, str) or key in ("defaults", "hydra") or key.startswith("_target"):
            continue
        if isinstance(item, dict):
            leaves += _leaves(item, f"{prefix}{key}.")
        elif item is None or isinstance(item, bool | int | float | str | list):
            leaves.append((prefix + key, item))
    return leaves
