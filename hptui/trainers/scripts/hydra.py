"""`@hydra.main`: its configuration with the groups that its defaults list chooses, read and never run."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.model.trial import Value
from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.tree import calls, keyword, literal, type_of
from hptui.trainers.scripts.usual import usual

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+")
"""To PyYAML `1e-3` is a text, to Hydra a number."""
DEEPEST = 8


def hydra(tree: ast.Module, path: Path) -> Found | None:
    """The leaves of a Hydra configuration by dotted name, and its groups as choices."""
    for name, call in calls(tree):
        if name not in ("hydra.main", "main") or keyword(call, "config_name") is None:
            continue
        folder, config = literal(keyword(call, "config_path")), literal(keyword(call, "config_name"))
        if not isinstance(config, str):
            continue
        found = Found("hydra", "hydra")
        composed = _Composed(path.parent / (folder if isinstance(folder, str) else "."), found.notes)
        composed.file(config, "", 0)
        leaves = [composed.told(_option(name, value)) for name, value in composed.leaves.items()]
        found.options = [*composed.groups.values(), *leaves]
        found.settings["command_extra"] = ["hydra.run.dir={trial_dir}/hydra"]
        return found
    return None


def _option(name: str, value: Value) -> Option:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = float(value)
    demanded = value == "???"
    if demanded or (isinstance(value, str) and "${" in value):  # computed by Hydra itself: not ours to fix
        return Option(name, name, "str", None, help="" if demanded else f"is {value}", required=demanded)
    return Option(name, name, type_of(value), value)


class _Composed:
    """Files put together as Hydra does: by the defaults list, each group under its own name."""

    def __init__(self, root: Path, notes: list[str]) -> None:
        self.root, self._notes = root, notes
        self.leaves: dict[str, Value] = {}
        self.groups: dict[str, Option] = {}

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
        if found := re.search(r"^#\s*@package\s+(\S+)", text, re.MULTILINE):
            package = "" if found[1] == "_global_" else package if "_group_" in found[1] else found[1]
        listed = values.get("defaults")
        entries = listed if isinstance(listed, list) else []
        own_first = "_self_" in entries and entries.index("_self_") == 0
        if own_first:
            self._own(values, package)
        for entry in entries if depth < DEEPEST else ():
            self._entry(entry, str(Path(name).parent), package, depth)
        if not own_first:
            self._own(values, package)

    def told(self, option: Option) -> Option:
        """A parameter of a group that may be chosen differently: named, but not fixed at the value of one choice."""
        group = next((name for name in self.groups if option.name.startswith(f"{name.replace('/', '.')}.")), "")
        entry = usual(option)
        if not group or option.default is None or (entry is not None and entry[2]):
            return option
        return replace(option, default=None, help=f"{option.default} with {group}={self.groups[group].default}")

    def _own(self, values: dict[str, Any], package: str) -> None:
        self.leaves |= dict(_leaves(values, f"{package}." if package else ""))

    def _entry(self, entry: Any, folder: str, package: str, depth: int) -> None:
        """One line of a defaults list: `model: small`, `optional data@train: mnist`, `base`."""
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
        group, _, at = words[-1].lstrip("/").partition("@")
        below = str(Path(folder) / group) if not words[-1].startswith("/") else group
        place = self.root / below
        if "optional" in words and not (place / f"{choice}.yaml").is_file():
            return
        target = at.removeprefix("_global_") if at else ".".join(part for part in (package, *Path(group).parts) if part)
        self.file(f"{below}/{choice}", target, depth + 1)
        choices = tuple(sorted(file.stem for file in place.glob("*.yaml")))
        if len(choices) > 1 and depth == 0:
            name = words[-1].lstrip("/")
            self.groups[name] = Option(name, name, "str", choice, choices, "a group of the configuration")


def _leaves(value: Any, above: str) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    for key, item in value.items():
        if not isinstance(key, str) or key in ("defaults", "hydra") or key.startswith("_target"):
            continue
        if isinstance(item, dict):
            found += _leaves(item, f"{above}{key}.")
        elif item is None or isinstance(item, bool | int | float | str | list):
            found.append((above + key, item))
    return found
