"""Reads the settings that a script reports to have used, from a file or a line of its log, by our parameters' names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.model.values import read_value
from hptui.trainers.command.settings import CommandSpec
from hptui.trainers.metrics_in.files import compile_pattern, value_at_path

EFFECTIVE_KEY = "trainer.effective_from"
EFFECTIVE_KEYS = ("file", "line", "fields")


class EffectiveSettings:
    """Finds the settings that `trainer.effective_from` describes; `fields` maps our parameters to their paths.

    Raises: UserError.
    """

    def __init__(self, spec: CommandSpec, fill: Callable[[str, str], str], directory: Path) -> None:
        value = spec.settings.effective_from
        if isinstance(value, str):
            value = {"line": value} if "(?P<" in value else {"file": value}
        if value is not None and not isinstance(value, dict):
            raise UserError(f"{EFFECTIVE_KEY}: must be a file, a pattern or a table, got {value!r}")
        table: dict[str, Any] = value or {}
        for key in table:
            if key not in EFFECTIVE_KEYS:
                raise UserError(f"{EFFECTIVE_KEY}: unknown key {key!r}", hint=did_you_mean(key, EFFECTIVE_KEYS))
        self._file = directory / fill(str(table["file"]), "effective_from") if "file" in table else None
        self._line = compile_pattern(str(table["line"]), EFFECTIVE_KEY) if "line" in table else None
        self._fields = {spec.name_in_script(name): name for name in spec.parameters} | {
            str(path): name for name, path in (table.get("fields") or {}).items()
        }

    def read_line(self, text: str) -> dict[str, Any]:
        """Return the settings that a line reports; a group named `json` holds all of them."""
        match = self._line.search(text) if self._line else None
        if match is None:
            return {}
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        if "json" in groups:
            try:
                return self.select(json.loads(groups["json"]))
            except ValueError:
                return {}
        return {self._fields.get(name, name): read_value_or_text(value) for name, value in groups.items()}

    def read_file(self) -> dict[str, Any]:
        """Return the settings that the file reports; {} if no file is named or readable."""
        if self._file is None:
            return {}
        try:
            content = _parse(self._file)
        except (OSError, ValueError):
            return {}
        return self.select(content)

    def select(self, values: Any) -> dict[str, Any]:
        """Return the settings that are parameters of the trial, or listed in `fields`."""
        if not isinstance(values, Mapping):
            return {}
        return {
            name: value for path, name in self._fields.items() if (value := value_at_path(values, path)) is not None
        }


def _parse(path: Path) -> Any:
    text = path.read_text()
    if path.suffix in (".yaml", ".yml"):
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None
    if path.suffix == ".toml":
        import tomllib

        return tomllib.loads(text)
    return json.loads(text)


def read_value_or_text(text: str) -> Any:
    """Read `1e-4` as a number, `true` as a boolean, other words as text."""
    try:
        return read_value(re.sub(r"[,;]$", "", text))
    except ValueError:
        return text
