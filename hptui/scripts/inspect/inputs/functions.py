"""Scripts whose command line is a function's signature (fire, typer), and scripts with subcommands.

Of several subcommands, the one that trains is taken."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, normal_name
from hptui.scripts.inspect.inputs.annotations import Annotation, enumeration_values, read_annotation
from hptui.scripts.inspect.inputs.any_keywords import any_keywords
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_name,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes

TRAINING_NAME = re.compile(r"(?:pre)?_?-?train.*|fit|fine_?-?tune.*|sft|learn|run|main|.*train.*", re.IGNORECASE)


def training_command(names: list[str]) -> str:
    """Return the name that looks like training, else the first; '' of none."""
    return next((name for name in names if TRAINING_NAME.fullmatch(name)), names[0] if names else "")


def choice_note(names: list[str], name: str) -> list[str]:
    """Return a note on which of several subcommands was taken."""
    others = [other for other in names if other != name]
    return [f"the script has subcommands; `{name}` was taken, not {', '.join(others)}"] if others else []


def function_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `fire.Fire(main)` (of a class, table or module, too), `typer.run(main)`, `@app.command()`."""
    for name, call in calls(tree):
        if name in ("fire.Fire", "Fire"):
            script = _fire(tree, call, constants)
            if script is not None:
                script.options = [_as_fire_reads(option) for option in script.options]
            return script
        if name == "typer.run" and call.args and (node := _function(tree, dotted_name(call.args[0]))):
            return InspectedScript(
                "typer", "click", _arguments(node, {**constants, **enumeration_values(tree)}, typer=True)
            )
        if name == "typer.Typer":
            return _typer(tree, {**constants, **enumeration_values(tree)})
    return None


def _as_fire_reads(option: ScriptOption) -> ScriptOption:
    """Return an option of fire, which reads each word as a literal, whatever the annotation."""
    if option.form is None:
        return option
    return replace(option, form=replace(option.form, reads=Reads.FIRE, null="None"))


def _fire(tree: ast.Module, call: ast.Call, constants: Constants) -> InspectedScript | None:
    script = InspectedScript("fire", "fire")
    component = call.args[0] if call.args else keyword_argument(call, "component")
    if node := _function(tree, dotted_name(component) if component is not None else ""):
        script.options = [*_arguments(node, constants), *any_keywords(tree, node, _arguments)]
        return script
    is_instance = isinstance(component, ast.Call)
    name = (
        dotted_name(component.func)
        if isinstance(component, ast.Call)
        else dotted_name(component)
        if component is not None
        else ""
    )
    class_node = next(
        (
            class_node
            for class_node in all_nodes(tree)
            if isinstance(class_node, ast.ClassDef) and class_node.name == name
        ),
        None,
    )
    if class_node is not None:
        targets = {member.name: member for member in class_node.body if isinstance(member, ast.FunctionDef)}
        first = targets.get("__init__")
        script.options = _arguments(first, constants, bound=True) if first and not is_instance else []
    elif isinstance(component, ast.Dict):
        keys = [literal_value(key) for key in component.keys]
        values = [_function(tree, dotted_name(value)) for value in component.values]
        targets = {str(key): node for key, node in zip(keys, values, strict=True) if node}
    elif component is None:
        targets = {member.name: member for member in tree.body if isinstance(member, ast.FunctionDef)}
    else:
        return script
    targets = {key: node for key, node in targets.items() if not key.startswith("_")}
    if targets:
        target = training_command(list(targets))
        script.words, script.notes = [target], choice_note(list(targets), target)
        names = {option.name for option in script.options}
        arguments = _arguments(targets[target], constants, bound=class_node is not None)
        arguments += any_keywords(tree, targets[target], _arguments)
        script.options += [option for option in arguments if option.name not in names]
    return script


def _typer(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    commands: dict[str, ast.FunctionDef] = {}
    for node in all_nodes(tree):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            call = decorator if isinstance(decorator, ast.Call) else None
            if dotted_name(call.func if call else decorator).endswith(".command"):
                assert isinstance(node, ast.FunctionDef)
                command_name = literal_value(call.args[0]) if call and call.args else None
                commands[command_name if isinstance(command_name, str) else node.name.replace("_", "-")] = node
        match node:  # app.command()(main)
            case ast.Call(func=ast.Call(func=ast.Attribute(attr="command"), args=named), args=[ast.Name(id=function)]):
                given = literal_value(named[0]) if named else None
                if (decorated := _function(tree, function)) is not None:
                    commands[given if isinstance(given, str) else function.replace("_", "-")] = decorated
    if not commands:
        return None
    command = training_command(list(commands))
    script = InspectedScript("typer", "click", _arguments(commands[command], constants, typer=True))
    if len(commands) > 1:
        script.words, script.notes = [command], choice_note(list(commands), command)
    return script


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    return next((node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef) and node.name == name), None)


def signature_pairs(node: ast.FunctionDef, *, bound: bool = False) -> list[tuple[ast.arg, ast.expr | None]]:
    """Return a function's arguments, each with the expression of its default (None: it has none)."""
    spec = node.args
    args = [*spec.posonlyargs, *spec.args]
    defaults: list[ast.expr | None] = [None] * (len(args) - len(spec.defaults)) + list(spec.defaults)
    pairs = [*zip(args, defaults, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    return pairs[1 if bound else 0 :]


def signature_options(node: ast.FunctionDef | ast.ClassDef, constants: Constants) -> list[ScriptOption]:
    """Return the options of a function, or of a class that is called."""
    if isinstance(node, ast.FunctionDef):
        return _arguments(node, constants)
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _arguments(member, constants, bound=True)
    return []


def signature_annotations(node: ast.FunctionDef | ast.ClassDef) -> dict[str, Annotation]:
    """Return the annotations of a function's arguments, or of a class that is called."""
    functions = [node] if isinstance(node, ast.FunctionDef) else node.body
    return {
        argument.arg: read_annotation(argument.annotation)
        for function in functions
        if isinstance(function, ast.FunctionDef) and (function is node or function.name == "__init__")
        for argument, _ in signature_pairs(function)
    }


def _arguments(
    node: ast.FunctionDef, constants: Constants, *, bound: bool = False, typer: bool = False
) -> list[ScriptOption]:
    pairs = signature_pairs(node, bound=bound)
    return [
        _option(arg, default, constants, typer=typer)
        for arg, default in pairs
        if not (typer and arg.annotation is not None and _is_context(arg.annotation))
    ]


def _is_context(annotation: ast.expr) -> bool:
    """Return whether typer fills a parameter itself; no word of the command line does."""
    text = annotation.value if isinstance(annotation, ast.Constant) else dotted_name(annotation)
    return str(text).rpartition(".")[2] in ("Context", "CallbackParam")


def _option(arg: ast.arg, default_node: ast.expr | None, constants: Constants, *, typer: bool) -> ScriptOption:
    annotation, declared = arg.annotation, default_node is not None
    settings: ast.Call | None = None
    if isinstance(annotation, ast.Subscript) and dotted_name(annotation.value).endswith("Annotated"):
        inner = annotation.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        annotation = parts[0]
        for part in parts[1:]:
            if isinstance(part, ast.Call):
                settings = part
                declared = not dotted_name(part.func).endswith("Argument")
    if isinstance(default_node, ast.Call) and dotted_name(default_node.func).rpartition(".")[2] in (
        "Option",
        "Argument",
    ):
        settings = default_node
        declared = dotted_name(default_node.func).endswith("Option")
        default_node = settings.args[0] if settings.args else keyword_argument(settings, "default")
        default_node = None if isinstance(default_node, ast.Constant) and default_node.value is ... else default_node
    default = literal_value(default_node, constants)
    if isinstance(default_node, ast.Attribute):
        default = constants.get(dotted_name(default_node), default)
    kind = type_name(annotation)
    if kind == "any" and default is not UNKNOWN:
        kind = type_of(default)
    positional = typer and not declared
    texts = [value for item in settings.args if isinstance(value := literal_value(item), str)] if settings else []
    spellings = [text for text in texts if text.startswith("-")]
    silent = UNKNOWN if default_node is None else default
    form = _typer_form(arg.arg, read_annotation(annotation), silent, spellings) if typer else None
    if form is None:
        form = OptionForm(reads=read_annotation(annotation).reads, flags=(f"--{arg.arg}",), silent=silent)
    name = normal_name(form.flags[0]) if typer else arg.arg
    return ScriptOption(
        name,
        form.flags[0].lstrip("-") if typer else arg.arg,
        kind,
        plain_default(default, kind),
        help=_help(settings) if settings is not None else "",
        required=default_node is None,
        positional=positional,
        form=replace(form, kind=FormKind.POSITIONAL) if positional else form,
        aliases=(arg.arg,),
    )


def _typer_form(name: str, declared: Annotation, silent: object, spellings: list[str]) -> OptionForm:
    """Return the form of an option of typer: a bool is a pair of flags, if no single one is given."""
    dashed = name.replace("_", "-")
    longest = max((text for text in spellings if not text.startswith("/")), key=len, default=f"--{dashed}")
    on, _, off = longest.partition("/")
    flags = tuple(sorted({on, *(text.partition("/")[0] for text in spellings)}, key=lambda text: (-len(text), text)))
    if declared.reads is Reads.BOOL and not declared.count:
        if off or not spellings:
            return OptionForm(
                FormKind.ON_OFF, flags=flags, sets=((True, on), (False, off or f"--no-{dashed}")), silent=silent
            )
        return OptionForm(FormKind.FLAG, flags=flags, sets=((True, on),) if silent is not True else (), silent=silent)
    kind = FormKind.APPEND if declared.count == "*" else FormKind.NARGS if declared.count else FormKind.VALUE
    return OptionForm(kind, declared.reads, flags, silent=silent, count=declared.count)


def _help(call: ast.Call) -> str:
    text = literal_value(keyword_argument(call, "help"))
    return " ".join(text.split()) if isinstance(text, str) else ""


def plain_default(value: Any, kind: str) -> Any:
    """Return a default as a setting of this kind: 1 of a float parameter as 1.0; None if it is not known."""
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
