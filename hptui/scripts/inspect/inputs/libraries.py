"""Options of absl, docopt and jsonargparse (LightningCLI too), read from the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, flag, normal_name, on_off
from hptui.scripts.inspect.inputs.annotations import Annotation, read_annotation
from hptui.scripts.inspect.inputs.functions import (
    plain_default,
    signature_annotations,
    signature_options,
    signature_pairs,
)
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    help_text,
    imported_modules,
    keyword_argument,
    literal_value,
    type_name,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

ABSL_TYPES: Mapping[str, tuple[str, FormKind, Reads]] = {
    "float": ("float", FormKind.VALUE, Reads.FLOAT),
    "integer": ("int", FormKind.VALUE, Reads.INT),
    "string": ("str", FormKind.VALUE, Reads.TEXT),
    "enum": ("str", FormKind.VALUE, Reads.TEXT),
    "list": ("list", FormKind.VALUE, Reads.PARTS),
    "spaceseplist": ("list", FormKind.VALUE, Reads.PARTS),
    "multi_string": ("list", FormKind.APPEND, Reads.TEXT),
    "multi_integer": ("list", FormKind.APPEND, Reads.INT),
    "multi_float": ("list", FormKind.APPEND, Reads.FLOAT),
}
"""Flags of absl by the end of the name that defines them."""


def absl_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `flags.DEFINE_float("lr", 0.1, "rate")` of absl, or of TensorFlow 1; None without them."""
    if not imported_modules(tree) & {"absl", "tensorflow"}:
        return None
    options = []
    for called, call in calls(tree):
        defined = called.rpartition(".")[2].removeprefix("DEFINE_")
        name = literal_value(call.args[0]) if call.args else literal_value(keyword_argument(call, "name"))
        if ".DEFINE_" not in f".{called}" or not isinstance(name, str):
            continue
        default_node = call.args[1] if len(call.args) > 1 else keyword_argument(call, "default")
        default = literal_value(default_node, constants)
        help_node = call.args[3 if defined == "enum" else 2] if len(call.args) > 2 + (defined == "enum") else None
        required = literal_value(keyword_argument(call, "required")) is True
        silent = UNKNOWN if required else default
        choices: tuple[Value, ...] = ()
        if defined in ("bool", "boolean"):
            kind, form = "bool", on_off(f"--{name}", f"--no{name}", silent)
        elif defined in ABSL_TYPES:
            kind, form_kind, reads = ABSL_TYPES[defined]
            form = OptionForm(form_kind, reads, (f"--{name}",), silent=silent)
            if defined == "spaceseplist":
                form = replace(form, separator=" ")
            listed = literal_value(call.args[2], constants) if defined == "enum" and len(call.args) > 2 else None
            choices = tuple(listed) if isinstance(listed, list) else ()
            form = replace(form, choices=choices)
        else:
            kind, form = "any", OptionForm(flags=(f"--{name}",), silent=silent)
        options.append(
            ScriptOption(
                name,
                name,
                kind,
                plain_default(default, kind),
                choices,
                help_text(help_node or keyword_argument(call, "help"), constants),
                required,
                form=form,
            )
        )
    return InspectedScript("absl", "argparse", options) if options else None


DOCOPT_OPTION = re.compile(r"^\s*(-[^\s].*?)(?:\s{2,}(.*))?$")
DOCOPT_DEFAULT = re.compile(r"\[default: (.*?)\]", re.IGNORECASE)


def docopt_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect the usage text of `docopt(__doc__)`; None if the script does not use docopt."""
    call = next((call for name, call in calls(tree) if name in ("docopt", "docopt.docopt")), None)
    if call is None or not call.args:
        return None
    is_own = dotted_name(call.args[0]) == "__doc__"
    text = ast.get_docstring(tree) if is_own else literal_value(call.args[0], constants)
    if not isinstance(text, str):
        return None
    usage = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("-"))
    options = [option for line in text.splitlines() if (option := _docopt_option(line, usage)) is not None]
    options += _docopt_words(usage, tree)
    return InspectedScript("docopt", "argparse", options) if options else None


def _docopt_option(line: str, usage: str) -> ScriptOption | None:
    match = DOCOPT_OPTION.match(line)
    if match is None:
        return None
    parts = re.split(r"[\s,=]+", match[1].strip())
    spellings = sorted((part for part in parts if part.startswith("-")), key=len, reverse=True)
    has_value = any(not part.startswith("-") for part in parts)
    name = spellings[0]
    if name in ("--help", "--version", "-h"):
        return None
    default_match = DOCOPT_DEFAULT.search(match[2] or "")
    help_ = DOCOPT_DEFAULT.sub("", match[2] or "").strip()
    default = default_match[1] if default_match else None
    aliases = tuple(normal_name(spelling) for spelling in spellings)
    if not has_value:
        form, kind, value = flag(*spellings), "bool", False
        return ScriptOption(normal_name(name), name.lstrip("-"), kind, value, help=help_, form=form, aliases=aliases)
    repeated = re.search(rf"{re.escape(name)}[ =]\S+?\s*\]?\s*\.\.\.", usage) is not None
    form = OptionForm(FormKind.APPEND if repeated else FormKind.VALUE, Reads.TEXT, tuple(spellings), silent=default)
    if repeated:
        form = replace(form, silent=[] if default is None else default.split())
    typed = _typed(default)
    return ScriptOption(
        normal_name(name), name.lstrip("-"), type_of(typed), typed, help=help_, form=form, aliases=aliases
    )


DOCOPT_WORD = re.compile(r"(\[?)(?<![=\w-])<([\w-]+)>")


def _docopt_words(usage: str, tree: ast.Module) -> list[ScriptOption]:
    """Return the words by position of a usage, such as `train.py <config> [<out>]`.

    Defaults are those of `words["<out>"] or "a"`. Only the first pattern of a usage counts.
    """
    lines = re.findall(r"usage:\s*((?:.+\n?)+)", usage, re.IGNORECASE)
    first = lines[0].splitlines()[0] if lines else ""
    defaults: dict[str, Value] = {}
    for node in all_nodes(tree):
        match node:
            case ast.BoolOp(op=ast.Or(), values=[ast.Subscript(slice=ast.Constant(value=str() as key)), default]):
                value = literal_value(default)
                defaults[key] = value if value is not UNKNOWN else None
    options = []
    for bracket, name in DOCOPT_WORD.findall(first):
        given = defaults.get(f"<{name}>")
        form = OptionForm(FormKind.POSITIONAL, Reads.TEXT, silent=UNKNOWN if given is None else given)
        own = normal_name(name)
        options.append(
            ScriptOption(own, own, "str", given, required=not bracket, positional=True, form=form, aliases=(own,))
        )
    return options


def _typed(text: str | None) -> Value:
    """Return a default of docopt, which is always a text, as the number that it spells."""
    for kind in (int, float):
        try:
            return kind(text or "")
        except ValueError:
            continue
    return text


JSONARGPARSE_CALLS = ("CLI", "auto_cli", "capture_parser", "LightningCLI")
LIGHTNING_ARGUMENTS = (("model", "model_class"), ("data", "datamodule_class"))


def jsonargparse_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `CLI(main)` of jsonargparse and `LightningCLI(Model, Data)`; values are YAML."""
    modules = imported_modules(tree)
    if not modules & {"jsonargparse", "lightning", "pytorch_lightning"}:
        return None
    for called, call in calls(tree):
        last = called.rpartition(".")[2]
        if last == "LightningCLI":
            return _lightning(tree, call, constants)
        if last in JSONARGPARSE_CALLS and call.args:
            if words := words_of_program(tree):
                note = f"it has the subcommands {', '.join(words)}: hptui new lists the options of one for its module"
                return InspectedScript("jsonargparse", "jsonargparse", notes=[note])
            options = yaml_options(tree, dotted_name(call.args[0]), constants, "")
            return InspectedScript("jsonargparse", "jsonargparse", options) if options else None
    return None


def words_of_program(tree: ast.Module) -> dict[str, str]:
    """Return the subcommands of `CLI({"pretrain": setup})`, with the names of what they start."""
    tables = {
        dotted_name(target): node.value
        for node in nodes_of(tree, ast.Assign)
        for target in node.targets
        if isinstance(node.value, ast.Dict)
    }
    for name, call in calls(tree):
        given = call.args[0] if call.args and name.rpartition(".")[2] in JSONARGPARSE_CALLS else None
        table = given if isinstance(given, ast.Dict) else tables.get(dotted_name(given)) if given is not None else None
        if table is not None:
            pairs = zip(table.keys, table.values, strict=True)
            return {str(key.value): dotted_name(value) for key, value in pairs if isinstance(key, ast.Constant)}
    return {}


def as_yaml(form: OptionForm, declared: Annotation) -> OptionForm:
    """Return the form of an option that jsonargparse reads: YAML, checked against its type."""
    reads = declared.reads if declared.reads is not Reads.UNKNOWN and not declared.count else Reads.YAML
    return replace(
        form,
        reads=reads,
        items=declared.reads,
        count=declared.count or ("?" if declared.is_any else ""),
        words=("false", "true"),
        null="null" if declared.optional else "",
    )


def _lightning(tree: ast.Module, call: ast.Call, constants: Constants) -> InspectedScript:
    script = InspectedScript("LightningCLI", "jsonargparse", words=["fit"])
    for index, (prefix, keyword) in enumerate(LIGHTNING_ARGUMENTS):
        node = call.args[index] if len(call.args) > index else keyword_argument(call, keyword)
        if node is not None:
            script.options += yaml_options(tree, dotted_name(node), constants, f"{prefix}.")
    script.options += _trainer_options(literal_value(keyword_argument(call, "trainer_defaults"), constants))
    if literal_value(keyword_argument(call, "run")) is False:
        script.words = []
    return script


TRAINER_OPTIONS: Mapping[str, tuple[str, Value]] = {
    "max_epochs": ("int", None),
    "max_steps": ("int", -1),
    "gradient_clip_val": ("float", None),
    "accumulate_grad_batches": ("int", 1),
    "precision": ("str", None),
    "limit_train_batches": ("any", None),
    "check_val_every_n_epoch": ("int", 1),
}
"""Options of Lightning's Trainer that are tuned: type and default of each, None where it follows from others."""


def _trainer_options(given: object) -> list[ScriptOption]:
    """Return the options `trainer.…` of a LightningCLI; those of `trainer_defaults` with their values."""
    defaults = given if isinstance(given, dict) else {}
    options = []
    for name, (kind, usual) in TRAINER_OPTIONS.items():
        value = plain_default(defaults.get(name, usual), kind)
        form = OptionForm(reads=Reads.YAML, flags=(f"--trainer.{name}",), silent=UNKNOWN if value is None else value)
        known = value if name in defaults else None  # what nobody set stands as a comment
        help_ = "" if name in defaults or usual is None else f"{usual} if it is not said"
        options.append(ScriptOption(f"trainer.{name}", f"trainer.{name}", kind, known, help=help_, form=form))
    return options


def yaml_options(tree: ast.Module, name: str, constants: Constants, prefix: str) -> list[ScriptOption]:
    """Return the options of a function's or a class's signature, each read as YAML by its type."""
    node = next(
        (item for item in all_nodes(tree) if isinstance(item, ast.FunctionDef | ast.ClassDef) and item.name == name),
        None,
    )
    options = []
    annotations = signature_annotations(node) if node is not None else {}
    classes = {item.name: item for item in all_nodes(tree) if isinstance(item, ast.ClassDef) and item.decorator_list}
    for option in signature_options(node, constants) if node is not None else ():
        silent = option.form.silent if option.form is not None else UNKNOWN
        form = as_yaml(OptionForm(flags=(f"--{prefix}{option.name}",), silent=silent), annotations[option.name])
        options.append(replace(option, name=prefix + option.name, flag=prefix + option.name, form=form))
    return _with_fields(options, node, classes, constants)


MAX_DEPTH = 4
"""Dataclasses within dataclasses that are followed."""


def _with_fields(
    options: list[ScriptOption], node: ast.AST | None, classes: Mapping[str, ast.ClassDef], constants: Constants
) -> list[ScriptOption]:
    """Return the options with fields (`--train.epochs`) in the place of each that is a dataclass."""
    if node is None:
        return options
    arguments = {
        argument.arg: (argument.annotation, default)
        for function in all_nodes(node)
        if isinstance(function, ast.FunctionDef) and (function is node or function.name == "__init__")
        for argument, default in signature_pairs(function)
    }
    expanded: list[ScriptOption] = []
    for option in options:
        annotation, default = arguments.get(option.name.rpartition(".")[2], (None, None))
        inner = classes.get(dotted_name(annotation)) if annotation is not None else None
        fields = _fields(inner, f"{option.name}.", default, classes, constants, 0) if inner is not None else []
        expanded += fields or [option]
    return expanded


def _fields(
    node: ast.ClassDef,
    prefix: str,
    made: ast.expr | None,
    classes: Mapping[str, ast.ClassDef],
    constants: Constants,
    depth: int,
) -> list[ScriptOption]:
    """Return the fields of a dataclass; the arguments of `made`, which makes it, are defaults."""
    given = {word.arg: word.value for word in made.keywords if word.arg} if isinstance(made, ast.Call) else {}
    options: list[ScriptOption] = []
    for line in node.body:
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        name, value = prefix + line.target.id, given.get(line.target.id, line.value)
        if isinstance(value, ast.Call) and dotted_name(value.func).rpartition(".")[2] == "field":
            value = keyword_argument(value, "default") or UNKNOWN_EXPRESSION
        inner = classes.get(dotted_name(line.annotation))
        if inner is not None and depth < MAX_DEPTH:
            options += _fields(inner, f"{name}.", value, classes, constants, depth + 1)
            continue
        kind, default = type_name(line.annotation), literal_value(value, constants)
        silent = UNKNOWN if value is None else default
        form = as_yaml(OptionForm(flags=(f"--{name}",), silent=silent), read_annotation(line.annotation))
        options.append(ScriptOption(name, name, kind, plain_default(default, kind), required=value is None, form=form))
    return options


UNKNOWN_EXPRESSION = ast.Name("", ast.Load())
"""Stands for a default that a `default_factory` makes."""
