"""Writes a configuration file for one trial: the script's own file with the trial's parameters set by dotted path."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import Value
from hptui.scripts.config_formats import ini_read, ini_text, python_read, python_text

FORMATS = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".ini": "ini",
    ".cfg": "ini",
    ".py": "python",
}


@dataclass(frozen=True, slots=True)
class ConfigFileSpec:
    """The file to write: its format, its name in the trial's directory, and the content that it starts from.

    `path` is the file that holds this content, None where it starts from nothing.
    """

    format: str
    name: str
    base: Mapping[str, Any]
    path: Path | None = None


def read_config_spec(value: Value, fill: Callable[[str, str], str], directory: Path) -> ConfigFileSpec:
    """Read `trainer.config`: `"conf/base.yaml"`, `"yaml"` (from nothing), or a table.

    The table is `{ base = …, format = …, name = … }`.

    Raises: UserError.
    """
    table = {"base": value} if isinstance(value, str) else value
    if not isinstance(table, dict) or not all(isinstance(item, str) for item in table.values()):
        hint = 'for instance "conf/base.yaml", "json", or { base = "base.yaml", name = "run.yaml" }'
        raise UserError(f"trainer.config: must be a file or a table of texts, got {value!r}", hint=hint)
    for key in table:
        if key not in ("base", "format", "name"):
            raise UserError(f"trainer.config: unknown key {key!r}", hint=did_you_mean(key, ("base", "format", "name")))
    base, format_ = str(table.get("base", "")), str(table.get("format", ""))
    if base in FORMATS.values():
        base, format_ = "", format_ or base
    path = directory / fill(base, "config") if base else None
    format_ = format_ or FORMATS.get(Path(base).suffix.lower(), "")
    if format_ not in FORMATS.values():
        raise UserError(f"trainer.config: is {base!r} YAML, JSON, TOML, INI or Python?", hint='say format = "yaml"')
    name = str(table.get("name", "")) or (path.name if path else f"config.{format_}")
    if Path(name).name != name:
        raise UserError(f"trainer.config.name: {name!r} is no plain file name")
    return ConfigFileSpec(format_, name, _parse(path, format_) if path else {}, path)


def _parse(path: Path, format_: str) -> Mapping[str, Any]:
    try:
        text = path.read_text()
    except OSError as error:
        raise UserError(f"trainer.config: {path} cannot be read: {error.strerror}") from None
    try:
        content = _READERS[format_](text)
    except Exception as error:  # noqa: BLE001  three parsers raise unrelated classes of errors
        raise UserError(f"trainer.config: {path} is not {format_.upper()}: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise UserError(f"trainer.config: {path} holds no table of settings")
    return content


def _yaml_read(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def _toml_read(text: str) -> Any:
    import tomlkit

    return tomlkit.parse(text)


def yaml_text(value: Any) -> str:
    """Return YAML whose floats readers of YAML 1.1 take for floats, too."""
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def _toml_write(value: Any) -> str:
    import tomlkit

    return tomlkit.dumps(value)


_READERS: dict[str, Callable[[str], Any]] = {
    "yaml": _yaml_read,
    "json": json.loads,
    "toml": _toml_read,
    "ini": ini_read,
    "python": python_read,
}
_WRITERS: dict[str, Callable[[Any], str]] = {
    "yaml": yaml_text,
    "json": lambda value: json.dumps(value, indent=2) + "\n",
    "toml": _toml_write,
    "ini": ini_text,
}


def merged_text(spec: ConfigFileSpec, parameters: Mapping[str, Value], fill: Callable[[Any], Any]) -> str:
    """Return the text of the file: the base with each parameter set at its dotted path.

    `fill` returns a value with its placeholders replaced.
    """
    content = merged_content(spec, parameters, fill)
    if spec.format == "python":
        return python_text(spec.path, {name: value for name, value in content.items() if spec.base.get(name) != value})
    return _WRITERS[spec.format](content)


def merged_content(spec: ConfigFileSpec, parameters: Mapping[str, Value], fill: Callable[[Any], Any]) -> Any:
    """Return what the file holds, with placeholders filled in."""
    content = deepcopy(dict(spec.base)) if spec.format != "toml" else deepcopy(spec.base)
    _fill_in_place(content, fill)
    for name, value in parameters.items():
        if value is not None or spec.format != "toml":
            set_at_path(content, name, value)
    return content


def _fill_in_place(content: Any, fill: Callable[[Any], Any]) -> None:
    """Replace the texts that change; the others keep their form and, in TOML, their comments."""
    items = content.items() if isinstance(content, Mapping) else enumerate(content)
    for key, value in list(items):
        if isinstance(value, Mapping | list):
            _fill_in_place(value, fill)
        elif isinstance(value, str) and (filled := fill(value)) != value:
            content[key] = filled


def set_at_path(content: Any, name: str, value: Value) -> None:
    """Set one parameter in nested tables and lists.

    A key that contains dots and exists as it is takes precedence over the path.

    Raises: UserError if the path leads into a value that is no table.
    """
    if name in content:
        content[name] = value
        return
    *path, last = name.split(".")
    table = content
    for part in path:
        if isinstance(table, list) and part.isdigit() and int(part) < len(table):
            table = table[int(part)]
            continue
        if not isinstance(table, Mapping):
            raise UserError(f"trainer.config: {name} leads into {part!r}, which is no table in the base file")
        if part not in table or table[part] is None:
            table[part] = {}  # type: ignore[index]  # a dict or tomlkit's table
        table = table[part]
    if isinstance(table, list) and last.isdigit() and int(last) < len(table):
        table[int(last)] = value
    elif isinstance(table, Mapping):
        table[last] = value  # type: ignore[index]
    else:
        raise UserError(f"trainer.config: {name} leads into a value that is no table in the base file")


def dotted_paths(base: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted paths of a base file, tables included."""
    names = []
    for key, value in base.items():
        name = f"{prefix}{key}"
        names.append(name)
        if isinstance(value, Mapping):
            names += dotted_paths(value, f"{name}.")
    return names
