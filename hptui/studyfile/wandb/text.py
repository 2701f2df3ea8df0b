"""Parses the YAML of sweep files, repairing numbers that YAML 1.1 reads as text; writes a sweep as a study file."""

from __future__ import annotations

import re
from typing import Any

import yaml

from hptui.core.errors import StudyError, Unsupported
from hptui.studyfile.wandb.convert import Sweep

FLOAT_PATTERN = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+")
"""Pattern of `1e-5`, a number to everybody but YAML 1.1, which requires a dot. In quotes it stays text."""
NUMBER_TAG = "!hptui/number"
"""YAML tag of repaired numbers."""
MAX_VALUES = 1_000_000
"""Values of a sweep file, those of its aliases counted each time."""
MERGE_TAG = "tag:yaml.org,2002:merge"
"""YAML tag of the key `<<`, which copies another table."""


def parse_yaml(text: str) -> tuple[Any, list[str]]:
    """Return the document, and a note for each repaired number.

    Raises: StudyError, which names line and column.
    """
    repaired: list[str] = []

    class Loader(yaml.SafeLoader):
        """SafeLoader, which creates no objects, with one more form of numbers."""

    def number(loader: Loader, node: yaml.ScalarNode) -> float:
        value = str(node.value)
        if "." not in value or not re.search(r"[eE][-+]", value):
            repaired.append(f"line {node.start_mark.line + 1}: {value} is a number here, which YAML takes for text")
        return float(value.replace("_", ""))

    Loader.add_implicit_resolver(NUMBER_TAG, WHOLE_FLOAT_PATTERN, list("-+.0123456789"))
    # Ours must be tried before YAML's own pattern for floats, which does not match all of these.
    for first in "-+.0123456789":
        resolvers = Loader.yaml_implicit_resolvers[first]
        resolvers.sort(key=lambda pair: pair[0] != NUMBER_TAG)
    Loader.add_constructor(NUMBER_TAG, number)
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None, repaired
        _check_aliases(node)
        repaired += _check_keys(loader, node)
        document = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise StudyError(f"is not YAML: {position}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise StudyError(f"is not YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from None
    return document, repaired


def _check_aliases(root: yaml.Node) -> None:
    """Raise StudyError where an anchor contains itself, or aliases of aliases stand for too much.

    Raises: RecursionError for a document that is nested too deeply.
    """
    sizes: dict[int, int] = {}
    begun: set[int] = set()

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            line = node.start_mark.line + 1
            if id(node) in begun:
                raise StudyError(f"line {line}: what is named there contains itself")
            begun.add(id(node))
            items = node.value if isinstance(node, yaml.CollectionNode) else ()
            parts = items if isinstance(node, yaml.SequenceNode) else [part for pair in items for part in pair]
            sizes[id(node)] = 1 + sum(map(size, parts))
            if sizes[id(node)] > MAX_VALUES:
                raise StudyError(f"line {line}: more than {MAX_VALUES:,} values, once its aliases are written out")
        return sizes[id(node)]

    size(root)


def _check_keys(loader: Any, root: yaml.Node) -> list[str]:
    """Return notes on keys that stand in their table twice, of which YAML takes the last; keys must be texts.

    All tables are checked before the first is built: building one copies into it what it merges (`<<: *common`).
    """
    pending, seen, twice = [root], set[int](), list[tuple[int, str]]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        names: set[str] = set()
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            pending.append(value)
            if key.tag == MERGE_TAG:
                continue
            name, line = loader.construct_object(key, deep=True), key.start_mark.line + 1
            if not isinstance(name, str):
                raise StudyError(f"line {line}: the key {name!r} is no text", hint="put it in quotes")
            if name in names:
                twice.append((line, f"line {line}: {name!r} stands in its table twice, and this last one counts"))
            names.add(name)
    return [text for _, text in sorted(twice)]


WHOLE_FLOAT_PATTERN = re.compile(rf"^(?:{FLOAT_PATTERN.pattern})$")
"""The pattern for a whole scalar."""


def to_toml(sweep: Sweep, source: str) -> str:
    """Return the text of an equivalent study file. `source` is named in its first line.

    Raises: Unsupported for a parameter that is null.
    """
    import tomlkit

    for table in ("space", "trainer"):
        if (name := _null(sweep.document.get(table))) is not None:
            hint = f"hptui run {source} runs it as it is"
            raise Unsupported(f"parameters.{name}: is null, for which TOML has no word", hint=hint)
    document = tomlkit.document()
    document.add(tomlkit.comment(f"made from {source}"))
    for note in sweep.notes:
        document.add(tomlkit.comment(_one_line(note)))
    document.add(tomlkit.nl())
    for key, value in sweep.document.items():
        if value in ("", None):
            continue
        document[key] = _space(value) if key == "space" and isinstance(value, dict) else _item(value)
    return tomlkit.dumps(document).rstrip() + "\n"


def _null(table: Any) -> str | None:
    """Return the name of a parameter that is, or can be, null; None if there is none."""
    for name, value in table.items() if isinstance(table, dict) else ():
        choices = value.get("choices") if isinstance(value, dict) else None
        if value is None or None in (choices if isinstance(choices, list) else ()):
            return str(name)
    return None


def _item(value: Any) -> Any:
    """Return a table as TOML; tables inside it are inline."""
    import tomlkit

    if not isinstance(value, dict):
        return value
    table = tomlkit.table()
    for key, item in value.items():
        if item is not None:
            table[key] = _inline(item)
    return table


def _space(value: dict[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.table()
    for name, entry in value.items():
        table[name] = _inline({key: item for key, item in entry.items() if item is not False})
    return table


def _inline(value: Any) -> Any:
    import tomlkit

    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    for key, item in value.items():
        if item is not None:
            table[key] = _inline(item)
    return table


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
