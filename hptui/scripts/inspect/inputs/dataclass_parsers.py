"""Options of dataclasses: behind HfArgumentParser, TrlParser and tyro."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, on_off
from hptui.scripts.inspect.inputs.annotations import read_annotation
from hptui.scripts.inspect.inputs.functions import plain_default, signature_pairs
from hptui.scripts.inspect.inputs.library_dataclasses import is_training_class, other_options, training_options
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    help_text,
    keyword_argument,
    literal_value,
    type_name,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes


def dataclass_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `HfArgumentParser((A, B, TrainingArguments))` or `tyro.cli(A)` of the script's dataclasses."""
    used: list[str] = []
    parser = ""
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        given = call.args[0] if call.args else keyword_argument(call, "dataclass_types")
        if (last in ("HfArgumentParser", "TrlParser") or _is_of_recipes(last, call)) and given is not None:
            parser = last
            items = _listed(given, tree)
            used += [dotted_name(item).rsplit(".", 1)[-1] for item in items]
        elif name == "tyro.cli" and call.args:
            parser, used = "tyro", [*used, *_of_tyro(call.args[0])]
    if not used:
        return None
    classes = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.ClassDef)}
    used = [name if name in classes else _imported_as(name, classes, tree) for name in used]
    functions = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)}
    is_tyro = parser == "tyro"
    script = InspectedScript(parser, {"preset": "argparse", "names": "dash"} if is_tyro else "hf")
    reader = _FieldReader(classes, constants, is_tyro)
    for name in used:
        node = classes.get(name)
        bases = reader.bases_of([dotted_name(base) for base in node.bases]) if node else [name]
        libraries = [base.rpartition(".")[2] for base in bases if base not in classes]
        script.options += next((training_options(base) for base in libraries if is_training_class(base)), [])
        if parser == "TrlParser" and node is None:
            script.options += other_options(name)
        if node is not None:
            prefix = f"{used.index(name)}." if is_tyro and len(used) > 1 else ""  # tuple[A, B]: --0.lr, --1.lr
            script.options += reader.fields_of(node, prefix)
        elif is_tyro and name in functions:
            script.options += reader.arguments_of(functions[name])
    script.options = list({option.name: option for option in script.options}.values())
    return script if script.options else None


def _imported_as(name: str, classes: Mapping[str, ast.ClassDef], tree: ast.Module) -> str:
    """Return what a class of a module is called that is imported under another name; else the name."""
    imported = [alias for node in all_nodes(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    return next((alias.name for alias in imported if alias.asname == name and alias.name in classes), name)


def _is_of_recipes(name: str, call: ast.Call) -> bool:
    """Return whether a parser is one of dataclasses that a project has made of HfArgumentParser."""
    is_named = re.fullmatch(r"\w+(?:Argument|Args)Parser", name) is not None and name != "ArgumentParser"
    return is_named and len(call.args) == 1 and isinstance(call.args[0], ast.Tuple | ast.List)


def _listed(given: ast.expr, tree: ast.Module) -> list[ast.expr]:
    """Return the classes of a tuple, of a single class, or of a variable that holds such a tuple."""
    if isinstance(given, ast.Name):
        assigned = [n for n in all_nodes(tree) if isinstance(n, ast.Assign) and given.id in map(dotted_name, n.targets)]
        held = [node.value for node in assigned if isinstance(node.value, ast.Tuple | ast.List)]
        given = held[0] if held else given
    return given.elts if isinstance(given, ast.Tuple | ast.List) else [given]


def _of_tyro(node: ast.expr) -> list[str]:
    """Return the classes or functions that tyro is given: one, or those of `tuple[A, B]`."""
    match node:
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple"), slice=ast.Tuple(elts=parts)):
            return [dotted_name(part).rpartition(".")[2] for part in parts]
    return [dotted_name(node).rpartition(".")[2]]


MAX_DEPTH = 4
"""Dataclasses within dataclasses that are followed."""


class _FieldReader:
    """Reads fields of dataclasses; with tyro those of dataclasses within them, too (`--optimizer.lr`)."""

    def __init__(self, classes: Mapping[str, ast.ClassDef], constants: Constants, is_tyro: bool) -> None:
        self._classes, self._constants, self._is_tyro = classes, constants, is_tyro

    def bases_of(self, names: list[str], depth: int = 0) -> list[str]:
        """Return classes with those that they derive from, as far as the script and its modules define them.

        Names have their modules before them: `transformers.TrainingArguments` may be the base of a class so called.
        """
        parents = [
            dotted_name(base)
            for name in names
            if name in self._classes and depth < MAX_DEPTH
            for base in self._classes[name].bases
        ]
        return [*names, *(self.bases_of(parents, depth + 1) if parents else [])]

    def fields_of(self, node: ast.ClassDef, prefix: str = "", depth: int = 0) -> list[ScriptOption]:
        """Return the options of one dataclass, those of its base classes in this file first."""
        options: list[ScriptOption] = []
        for base in node.bases:
            if (parent := self._classes.get(dotted_name(base))) is not None and depth < MAX_DEPTH:
                options += self.fields_of(parent, prefix, depth + 1)
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                inner = self._classes.get(dotted_name(line.annotation))
                if self._is_tyro and inner is not None and _is_dataclass(inner) and depth < MAX_DEPTH:
                    options += self.fields_of(inner, f"{prefix}{line.target.id}.", depth + 1)
                else:
                    options.append(self._field(prefix, line.target.id, line.annotation, line.value))
        return options

    def arguments_of(self, node: ast.FunctionDef) -> list[ScriptOption]:
        """Return the options of a function that tyro calls."""
        options: list[ScriptOption] = []
        for argument, default in signature_pairs(node):
            inner = self._classes.get(dotted_name(argument.annotation)) if argument.annotation is not None else None
            if inner is not None and _is_dataclass(inner):
                options += self.fields_of(inner, f"{argument.arg}.")
            else:
                options.append(self._field("", argument.arg, argument.annotation, default))
        return options

    def _field(self, prefix: str, name: str, annotation: ast.AST | None, value: ast.expr | None) -> ScriptOption:
        help_, required, listed = "", value is None, tuple[Any, ...]()
        if isinstance(value, ast.Call) and dotted_name(value.func).rsplit(".", 1)[-1] in ("field", "HfArg"):
            metadata = _entries_of(keyword_argument(value, "metadata"), self._constants)
            given = metadata.get("choices")
            listed = tuple(given) if isinstance(given, list) else ()
            help_ = str(metadata.get("help") or help_text(keyword_argument(value, "help"), self._constants))
            required = not any(word.arg in ("default", "default_factory") for word in value.keywords)
            factory = keyword_argument(value, "default_factory")
            value = keyword_argument(value, "default") if factory is None else _made_by(factory)
        kind, default = type_name(annotation), literal_value(value, self._constants)
        if kind == "any" and default is not UNKNOWN:
            kind = type_of(default)
        choices = _literal_choices(annotation) or listed
        form = replace(self._form(prefix, name, annotation, UNKNOWN if required else default), choices=choices)
        return ScriptOption(
            prefix + name,
            prefix + name,
            kind,
            plain_default(default, kind),
            choices,
            " ".join(help_.split()),
            required,
            form=form,
        )

    def _form(self, prefix: str, name: str, annotation: ast.AST | None, silent: object) -> OptionForm:
        declared = read_annotation(annotation)
        if not self._is_tyro:
            kind = FormKind.NARGS if declared.count else FormKind.VALUE
            return OptionForm(kind, declared.reads, (f"--{name}",), silent=silent, count="+" if declared.count else "")
        dashed = f"--{prefix}{name}".replace("_", "-")
        is_flag = declared.reads is Reads.BOOL and not declared.count and not declared.optional
        if is_flag and isinstance(silent, bool):
            group = prefix.replace("_", "-")
            return on_off(dashed, f"--{group}no-{name.replace('_', '-')}", silent)
        null = "None" if declared.optional else ""
        kind = FormKind.NARGS if declared.count else FormKind.VALUE
        return OptionForm(kind, declared.reads, (dashed,), silent=silent, count=declared.count, null=null)


def _entries_of(node: ast.expr | None, constants: Constants) -> dict[str, Any]:
    """Return the entries of a literal dictionary, those that are known."""
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    known = {literal_value(key): literal_value(value, constants) for key, value in pairs if key is not None}
    return {name: value for name, value in known.items() if isinstance(name, str) and value is not UNKNOWN}


def _is_dataclass(node: ast.ClassDef) -> bool:
    names = [dotted_name(item.func if isinstance(item, ast.Call) else item) for item in node.decorator_list]
    return any(name.rpartition(".")[2] in ("dataclass", "define", "frozen", "attrs") for name in names)


def _made_by(factory: ast.expr) -> ast.expr | None:
    """Return the expression that a `default_factory` evaluates; an unknown one for a name that is no list."""
    if isinstance(factory, ast.Lambda):
        return factory.body
    return ast.List([], ast.Load()) if dotted_name(factory) == "list" else factory


def _literal_choices(annotation: ast.AST | None) -> tuple[Any, ...]:
    if isinstance(annotation, ast.Subscript) and dotted_name(annotation.value).rsplit(".", 1)[-1] == "Literal":
        listed = literal_value(annotation.slice)
        return tuple(listed) if isinstance(listed, list) else () if listed is UNKNOWN else (listed,)
    return ()
