"""Scripts whose command line is a function's signature: fire and typer."""

from __future__ import annotations

import ast
from typing import Any

from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.subcommands import chosen, told
from hptui.trainers.scripts.tree import UNKNOWN, Known, calls, dotted, keyword, literal, type_name, type_of


def functions(tree: ast.Module, known: Known) -> Found | None:
    """`fire.Fire(main)` (of a class, a table or the whole module, too), `typer.run(main)`, `@app.command()`."""
    for name, call in calls(tree):
        if name in ("fire.Fire", "Fire"):
            return _fire(tree, call, known)
        if name == "typer.run" and call.args and (node := _function(tree, dotted(call.args[0]))):
            return Found("typer", "click", _arguments(node, known, typer=True))
        if name == "typer.Typer":
            return _typer(tree, known)
    return None


def _fire(tree: ast.Module, call: ast.Call, known: Known) -> Found | None:
    found = Found("fire", "fire")
    given = call.args[0] if call.args else keyword(call, "component")
    if node := _function(tree, dotted(given) if given is not None else ""):
        found.options = _arguments(node, known)
        return found
    made = isinstance(given, ast.Call)
    name = dotted(given.func) if isinstance(given, ast.Call) else dotted(given) if given is not None else ""
    one = next((one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == name), None)
    if one is not None:
        several = {each.name: each for each in one.body if isinstance(each, ast.FunctionDef)}
        first = several.get("__init__")
        found.options = _arguments(first, known, bound=True) if first and not made else []
    elif isinstance(given, ast.Dict):
        keys = [literal(key) for key in given.keys]
        values = [_function(tree, dotted(value)) for value in given.values]
        several = {str(key): node for key, node in zip(keys, values, strict=True) if node}
    elif given is None:
        several = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    else:
        return found
    several = {key: node for key, node in several.items() if not key.startswith("_")}
    if several:
        choice = chosen(list(several))
        found.words, found.notes = [choice], told(list(several), choice)
        mine = {option.name for option in found.options}
        more = _arguments(several[choice], known, bound=one is not None)
        found.options += [option for option in more if option.name not in mine]
    return found


def _typer(tree: ast.Module, known: Known) -> Found | None:
    several: dict[str, ast.FunctionDef] = {}
    for node in ast.walk(tree):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            call = decorator if isinstance(decorator, ast.Call) else None
            if dotted(call.func if call else decorator).endswith(".command"):
                assert isinstance(node, ast.FunctionDef)
                said = literal(call.args[0]) if call and call.args else None
                several[said if isinstance(said, str) else node.name.replace("_", "-")] = node
    if not several:
        return None
    choice = chosen(list(several))
    found = Found("typer", "click", _arguments(several[choice], known, typer=True))
    if len(several) > 1:
        found.words, found.notes = [choice], told(list(several), choice)
    return found


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    return next((one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == name), None)


def _arguments(node: ast.FunctionDef, known: Known, *, bound: bool = False, typer: bool = False) -> list[Option]:
    spec = node.args
    args = [*spec.posonlyargs, *spec.args]
    defaults: list[ast.expr | None] = [None] * (len(args) - len(spec.defaults)) + list(spec.defaults)
    pairs = [*zip(args, defaults, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    return [_option(arg, given, known, typer=typer) for arg, given in pairs[1 if bound else 0 :]]


def _option(arg: ast.arg, given: ast.expr | None, known: Known, *, typer: bool) -> Option:
    help_, annotation, declared = "", arg.annotation, given is not None
    if isinstance(annotation, ast.Subscript) and dotted(annotation.value).endswith("Annotated"):
        inner = annotation.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        annotation = parts[0]
        for part in parts[1:]:
            if isinstance(part, ast.Call):
                help_ = _help(part)
                declared |= dotted(part.func).endswith("Option")
    if isinstance(given, ast.Call) and dotted(given.func).rpartition(".")[2] in ("Option", "Argument"):
        help_ = _help(given)
        declared = dotted(given.func).endswith("Option")
        given = given.args[0] if given.args else keyword(given, "default")
        given = None if isinstance(given, ast.Constant) and given.value is ... else given
    default = literal(given, known)
    kind = type_name(annotation)
    if kind == "any" and default is not UNKNOWN:
        kind = type_of(default)
    return Option(
        arg.arg,
        arg.arg,
        kind,
        plain(default, kind),
        help=help_,
        required=given is None,
        positional=typer and not declared,
    )


def _help(call: ast.Call) -> str:
    said = literal(keyword(call, "help"))
    return " ".join(said.split()) if isinstance(said, str) else ""


def plain(value: Any, kind: str) -> Any:
    """A default as a setting has it: 1 for a float parameter is 1.0."""
    if value is UNKNOWN:
        return None
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in ("int", "float") and isinstance(value, str):
        try:
            return float(value) if kind == "float" else int(value)
        except ValueError:
            return None
    return value
