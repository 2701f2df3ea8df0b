"""What a script says that it really used: read from a file or a line of its log, by the names of our parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.model.values import read_value
from hptui.trainers.command.settings import Spec
from hptui.trainers.metrics_in.files import at, pattern

WHERE = "trainer.effective_from"
KEYS = ("file", "line", "fields")


class Effective:
    """Looks out for effective settings. `fields` name what our parameters are called there."""

    def __init__(self, spec: Spec, fill: Callable[[str, str], str], directory: Path) -> None:
        value = spec.own.effective_from
        if isinstance(value, str):
            value = {"line": value} if "(?P<" in value else {"file": value}
        if value is not None and not isinstance(value, dict):
            raise UserError(f"{WHERE}: must be a file, a pattern or a table, got {value!r}")
        given: dict[str, Any] = value or {}
        for key in given:
            if key not in KEYS:
                raise UserError(f"{WHERE}: unknown key {key!r}", hint=did_you_mean(key, KEYS))
        self._file = directory / fill(str(given["file"]), "effective_from") if "file" in given else None
        self._line = pattern(str(given["line"]), WHERE) if "line" in given else None
        self._fields = {spec.called(name): name for name in spec.parameters} | {
            str(path): name for name, path in (given.get("fields") or {}).items()
        }

    def line(self, text: str) -> dict[str, Any]:
        """The settings that a line says; a group named `json` holds all of them."""
        found = self._line.search(text) if self._line else None
        if found is None:
            return {}
        groups = {name: value for name, value in found.groupdict().items() if value is not None}
        if "json" in groups:
            try:
                return self.chosen(json.loads(groups["json"]))
            except ValueError:
                return {}
        return {self._fields.get(name, name): read_value_or_text(value) for name, value in groups.items()}

    def file(self) -> dict[str, Any]:
        """The settings that the file says; {} when there is none, or nothing was named."""
        if self._file is None:
            return {}
        try:
            found = _parse(self._file)
        except (OSError, ValueError):
            return {}
        return self.chosen(found)

    def chosen(self, values: Any) -> dict[str, Any]:
        """Those settings that are our parameters, or were named."""
        if not isinstance(values, Mapping):
            return {}
        return {name: value for path, name in self._fields.items() if (value := at(values, path)) is not None}


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
    """`1e-4` is a number, `true` is true, other words are text."""
    try:
        return read_value(re.sub(r"[,;]$", "", text))
    except ValueError:
        return text
