"""Parses YAML into plain values, and repairs numbers that YAML 1.1 reads as text, with a note for each."""

from __future__ import annotations

import re
from typing import Any

import yaml

from hptui.model.errors import StudyError

FLOAT_PATTERN = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+")
"""Pattern of `1e-5`, a number to everybody but YAML 1.1, which requires a dot. In quotes it stays text."""
NUMBER_TAG = "!hptui/number"
"""YAML tag of repaired numbers."""


def parse_yaml(text: str) -> tuple[Any, list[str]]:
    """Return the document, and a note for each repaired number.

    Raises: StudyError, which names line and column.
    """
    repaired: list[str] = []

    class Loader(yaml.SafeLoader):
        """SafeLoader, which creates no objects, with one more form of numbers and without duplicate keys."""

    def number(loader: Loader, node: yaml.ScalarNode) -> float:
        value = str(node.value)
        if "." not in value or not re.search(r"[eE][-+]", value):
            repaired.append(f"line {node.start_mark.line + 1}: {value} is a number here, which YAML takes for text")
        return float(value.replace("_", ""))

    def table(loader: Loader, node: yaml.MappingNode) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = loader.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise StudyError(
                    f"line {key.start_mark.line + 1}: the key {name!r} is no text", hint="put it in quotes"
                )
            if name in seen:
                raise StudyError(f"line {key.start_mark.line + 1}: {name!r} stands there twice", where=name)
            seen.add(name)
        document: dict[Any, Any] = loader.construct_mapping(node, deep=True)
        return document

    Loader.add_implicit_resolver(NUMBER_TAG, WHOLE_FLOAT_PATTERN, list("-+.0123456789"))
    # Ours must be tried before YAML's own pattern for floats, which does not match all of these.
    for first in "-+.0123456789":
        resolvers = Loader.yaml_implicit_resolvers[first]
        resolvers.sort(key=lambda pair: pair[0] != NUMBER_TAG)
    Loader.add_constructor(NUMBER_TAG, number)
    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, table)
    try:
        document = yaml.load(text, Loader=Loader)  # noqa: S506  a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise StudyError(f"is not YAML: {position}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise StudyError(f"is not YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from None
    return document, repaired


WHOLE_FLOAT_PATTERN = re.compile(rf"^(?:{FLOAT_PATTERN.pattern})$")
"""The pattern for a whole scalar."""
