"""Options of classes with annotated fields: of typed-argument-parser, simple_parsing, pydantic-settings."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, flag
from hptui.scripts.inspect.inputs.annotations import read_annotation
from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    imported_modules,
    keyword_argument,
    literal_value,
    type_name,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes

MAX_DEPTH = 4
"""Classes within classes that are followed."""
NO_FIELDS = ("model_config", "Config")
"""Names in a class of settings that are no settings."""


def class_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect classes of typed-argument-parser, simple_parsing or pydantic-settings; None without."""
    modules = imported_modules(tree)
    reader = FieldReader(tree, constants)
    if "tap" in modules:
        return _tap(tree, reader)
    if "simple_parsing" in modules:
        return _simple_parsing(tree, reader)
    return _pydantic(tree, reader) if "pydantic_settings" in modules else None


def _tap(tree: ast.Module, reader: FieldReader) -> InspectedScript | None:
    options = [option for node in reader.derived("Tap") for option in reader.fields(node)]
    options = [replace(option, form=_tap_form(option)) for option in options]
    return InspectedScript("typed-argument-parser", "argparse", options) if options else None


def _tap_form(option: ScriptOption) -> OptionForm:
    """Return the form of a field of Tap: a bool is a flag that sets what its default is not."""
    form = option.form or OptionForm()
    spelled = f"--{option.name}"
    if option.type == "bool":
        if option.default is True:
            return OptionForm(FormKind.STORE_FALSE, flags=(spelled,), sets=((False, spelled),), silent=True)
        return flag(spelled, silent=False)
    return replace(form, kind=FormKind.NARGS if form.count else FormKind.VALUE)


def _simple_parsing(tree: ast.Module, reader: FieldReader) -> InspectedScript | None:
    """Inspect `parser.add_arguments(Options, dest="options")` and `simple_parsing.parse(Options)`."""
    used = [
        dotted_name(call.args[0])
        for name, call in calls(tree)
        if call.args and name.rpartition(".")[2] in ("add_arguments", "parse", "parse_known_args")
    ]
    nodes = [reader.classes[name] for name in dict.fromkeys(used) if name in reader.classes]
    options = [option for node in nodes for option in reader.fields(node, is_flat=True)]
    words = ("false", "true")
    for index, option in enumerate(options):
        form = option.form or OptionForm()
        kind = FormKind.NARGS if form.count else FormKind.VALUE
        options[index] = replace(option, form=replace(form, kind=kind, words=words))
    return InspectedScript("simple_parsing", "argparse", options) if options else None


def _pydantic(tree: ast.Module, reader: FieldReader) -> InspectedScript | None:
    """Inspect `class Settings(BaseSettings)` with `cli_parse_args=True`, or `CliApp.run(Settings)`."""
    parses = any(
        (literal_value(keyword_argument(call, "cli_parse_args")) not in (None, False)) for _, call in calls(tree)
    )
    run = [dotted_name(call.args[0]) for name, call in calls(tree) if name.endswith("CliApp.run") and call.args]
    nodes = (
        reader.derived("BaseSettings") if parses else [reader.classes[name] for name in run if name in reader.classes]
    )
    options = [option for node in nodes for option in reader.fields(node)]
    for index, option in enumerate(options):
        form = option.form or OptionForm()
        reads = Reads.YAML if form.count else form.reads  # a list is one word of JSON
        null = "null" if option.default is None else ""
        flags = (f"-{option.name}",) if len(option.name) == 1 else form.flags
        given = replace(form, reads=reads, items=form.reads, flags=flags, words=("false", "true"), null=null)
        options[index] = replace(option, form=given)
    return InspectedScript("pydantic-settings", "jsonargparse", options) if options else None


class FieldReader:
    """Reads the annotated fields of a script's classes, those of classes within them by dotted name."""

    def __init__(self, tree: ast.Module, constants: Constants) -> None:
        self.classes: Mapping[str, ast.ClassDef] = {
            node.name: node for node in all_nodes(tree) if isinstance(node, ast.ClassDef)
        }
        self._constants = constants

    def derived(self, base: str) -> list[ast.ClassDef]:
        """Return the classes that derive from a library's class, without those that others derive from."""
        bases = {
            name: [dotted_name(parent).rpartition(".")[2] for parent in node.bases]
            for name, node in self.classes.items()
        }
        names = {name for name in bases if base in bases[name]}
        for _ in range(MAX_DEPTH):
            names |= {name for name in bases if names & set(bases[name])}
        parents = {parent for name in names for parent in bases[name]}
        return [node for name, node in self.classes.items() if name in names and name not in parents]

    def fields(
        self, node: ast.ClassDef, prefix: str = "", depth: int = 0, *, is_flat: bool = False
    ) -> list[ScriptOption]:
        """Return the options of a class, those of its base classes first.

        `is_flat`: fields of classes within it have the last part of their name.
        """
        options: list[ScriptOption] = []
        for base in node.bases:
            if (parent := self.classes.get(dotted_name(base))) is not None and depth < MAX_DEPTH:
                options += self.fields(parent, prefix, depth + 1, is_flat=is_flat)
        for line in node.body:
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
                continue
            name = line.target.id
            if name in NO_FIELDS or name.startswith("_") or "ClassVar" in ast.unparse(line.annotation):
                continue
            inner = self.classes.get(dotted_name(line.annotation))
            if inner is not None and depth < MAX_DEPTH and any(isinstance(item, ast.AnnAssign) for item in inner.body):
                options += self.fields(inner, "" if is_flat else f"{prefix}{name}.", depth + 1, is_flat=is_flat)
            else:
                options.append(self._field(prefix + name, line.annotation, line.value))
        return list({option.name: option for option in options}.values())

    def _field(self, name: str, annotation: ast.expr, value: ast.expr | None) -> ScriptOption:
        required = value is None or (isinstance(value, ast.Constant) and value.value is ...)
        required |= dotted_name(value).rpartition(".")[2] == "MISSING" if value is not None else False
        if isinstance(value, ast.Call) and dotted_name(value.func).rpartition(".")[2] in (
            "field",
            "Field",
            "arg",
            "mutable_field",
        ):
            factory = keyword_argument(value, "default_factory")
            made = factory.body if isinstance(factory, ast.Lambda) else None
            given = keyword_argument(value, "default") or (value.args[0] if value.args else None)
            required = factory is None and given is None
            value = given or made
        kind, default = type_name(annotation), literal_value(value, self._constants)
        kind = type_of(default) if kind == "any" and default is not UNKNOWN else kind
        choices = literal_choices(annotation)
        declared = read_annotation(annotation)
        silent = UNKNOWN if required else default
        form = OptionForm(
            reads=declared.reads, flags=(f"--{name}",), silent=silent, count=declared.count, choices=choices
        )
        return ScriptOption(name, name, kind, plain_default(default, kind), choices, required=required, form=form)


def literal_choices(annotation: ast.AST | None) -> tuple[str | int | float | bool | None, ...]:
    """Return the values of a `Literal[…]`; () for any other annotation."""
    if isinstance(annotation, ast.Subscript) and dotted_name(annotation.value).rpartition(".")[2] == "Literal":
        listed = literal_value(annotation.slice)
        values = listed if isinstance(listed, list) else [] if listed is UNKNOWN else [listed]
        return tuple(value for value in values if value is None or isinstance(value, bool | int | float | str))
    return ()
