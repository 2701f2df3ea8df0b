"""Scripts without a parser: parameters from `wandb.config`, the environment, or constants."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hptui.scripts.constant_slots import find_slots
from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads
from hptui.scripts.inspect.inputs.configurator import configurator_options, is_configurator
from hptui.scripts.inspect.inputs.constants import all_constants, literal_tables
from hptui.scripts.inspect.inputs.converters import TRUE_WORDS, expression_form, words_like
from hptui.scripts.inspect.inputs.roles import with_roles
from hptui.scripts.inspect.syntax import (
    LOOK_UP_CALLS,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes

SECRET_VARIABLE = re.compile(r"TOKEN(?!S)|SECRET|PASSW|API_?KEY|CREDENTIAL", re.IGNORECASE)
MACHINE_VARIABLE = re.compile(
    r"(?:HOME|PATH|USER|PWD|TMPDIR|RANK|LOCAL_RANK|WORLD_SIZE|MASTER_\w+|CUDA_\w+|NCCL_\w+|OMP_\w+|HF_\w+|SLURM_\w+|"
    r"TOKENIZERS_\w+|WANDB_\w+|PYTHON\w*|HPTUI_\w+)"
)
"""Variables of the machine, not of the experiment."""


def wandb_options(tree: ast.Module) -> InspectedScript | None:
    """Inspect a script with `wandb.init(config={…})` and `wandb.config.lr`: W&B's file passes parameters."""
    sources = _config_objects(tree)
    reads = {name for node in all_nodes(tree) if (name := _config_key(node, sources))}
    for name, call in calls(tree):
        if name == "wandb.init":
            config_node = keyword_argument(call, "config")
            if isinstance(config_node, ast.Name) and not reads:
                return None  # a table that the script itself reads: what W&B has is a copy
            config_literal = literal_value(config_node, literal_tables(tree))
            config: dict[str, Any] = config_literal if isinstance(config_literal, dict) else {}
            if not config and not reads:
                return None
            values = {**dict.fromkeys(sorted(reads - CONFIG_METHODS)), **config}
            return InspectedScript(
                "wandb", "wandb", [ScriptOption(key, key, type_of(value), value) for key, value in values.items()]
            )
    return None


CONFIG_METHODS = {"update", "get", "keys", "items", "as_dict", "values", "setdefault"}
"""Methods of `wandb.config`, which are no parameters."""


def _config_objects(tree: ast.Module) -> set[str]:
    """Return the expressions that are W&B's config: of the module, of a run, or assigned from one.

    `model.config` of another object is none of them.
    """
    runs = {"wandb", "wandb.run", "run", "self.run", "wandb_run"}
    nodes = [node for node in all_nodes(tree) if isinstance(node, ast.Assign | ast.withitem)]
    pairs = [
        (target, node.value if isinstance(node, ast.Assign) else node.context_expr)
        for node in nodes
        for target in (node.targets if isinstance(node, ast.Assign) else [node.optional_vars])
        if target is not None
    ]
    runs |= {
        dotted_name(target)
        for target, value in pairs
        if isinstance(value, ast.Call) and dotted_name(value.func) == "wandb.init"
    }
    sources = {f"{run}.config" for run in runs if run}
    for _ in range(2):  # an alias of an alias
        sources |= {
            dotted_name(target)
            for target, value in pairs
            if dotted_name(value) in sources
            or (isinstance(value, ast.Call) and value.args and dotted_name(value.args[0]) in sources)
        }
    return sources - {""}


def _config_key(node: ast.AST, sources: set[str]) -> str:
    """Return `lr` of `wandb.config.lr`, `cfg["lr"]` or `cfg.get("lr")`; '' for any other expression."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        key = literal_value(node.args[0]) if node.args and dotted_name(node.func.value) in sources else None
        return key if isinstance(key, str) else ""
    if not isinstance(node, ast.Attribute | ast.Subscript) or dotted_name(node.value) not in sources:
        return ""
    if isinstance(node, ast.Attribute):
        return node.attr
    key = literal_value(node.slice)
    return key if isinstance(key, str) else ""


def environment_options(tree: ast.Module) -> InspectedScript | None:
    """Inspect a script with `float(os.environ.get("LR", 1e-3))`, `os.getenv(…)`, `os.environ["WIDTH"]`."""
    options: dict[str, ScriptOption] = {}
    parents = {id(child): node for node in all_nodes(tree) for child in ast.iter_child_nodes(node)}
    helpers = dict(_look_up_functions(tree))
    converted = {id(call.args[0]): name for name, call in calls(tree) if call.args and name in ("int", "float", "bool")}
    for node in sorted(all_nodes(tree), key=lambda item: (getattr(item, "lineno", 0), getattr(item, "col_offset", 0))):
        variable, default, is_required = _environment_look_up(node)
        if not variable and isinstance(node, ast.Call):
            variable, default, is_required = _through_function(node, helpers)
        if (
            not variable
            or variable in options
            or SECRET_VARIABLE.search(variable)
            or MACHINE_VARIABLE.fullmatch(variable)
        ):
            continue
        kind, value = converted.get(id(node), ""), _number(default)
        if value is None and not kind:
            continue
        if kind == "float" and isinstance(value, int):
            value = float(value)
        form = _variable_form(node, parents, UNKNOWN if is_required else value)
        if form.reads is Reads.BOOL and isinstance(value, str):  # os.getenv("AMP", "true").lower() == "true"
            kind, value = "bool", value.lower() in {word.lower() for word in TRUE_WORDS}
            form = replace(form, silent=UNKNOWN if is_required else value)
        options[variable] = ScriptOption(
            variable.lower(), variable, kind or type_of(value), value, required=is_required, form=form
        )
    if not options:
        return None
    script = InspectedScript("environment", "none", list(options.values()))
    settable = {
        variable: option for variable, option in options.items() if option.required or option.default is not None
    }
    script.settings["env"] = {variable: f"{{{option.name}}}" for variable, option in settable.items()}
    return script


def _variable_form(node: ast.AST, parents: dict[int, ast.AST], silent: object) -> OptionForm:
    """Return what the expression around a look-up (`== "1"`, `float(…)`) makes of the variable's text."""
    outer = node
    while isinstance(parent := parents.get(id(outer)), ast.expr) and not _holds_others(parent, outer):
        outer = parent
    form = OptionForm(FormKind.VARIABLE, Reads.TEXT, silent=silent)
    if outer is node and isinstance(parent, ast.If | ast.While):
        return replace(form, reads=Reads.ANY_TEXT)
    default = literal_value(node.args[1]) if isinstance(node, ast.Call) and node.args[1:] else None
    return expression_form(outer, replace(form, words=words_like(default, (), form.words)))


def _holds_others(parent: ast.expr, part: ast.AST) -> bool:
    """Return whether an expression reads more values than this part of it."""
    if isinstance(parent, ast.Call) and part is not parent.func:
        return len(parent.args) + len(parent.keywords) > 1 and dotted_name(parent.func) not in ("int", "float", "bool")
    return isinstance(parent, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.FormattedValue)


def _look_up_functions(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Yield the functions that look up the variable that they are given (`def env(name, default)`)."""
    for node in all_nodes(tree):
        arguments = [argument.arg for argument in node.args.args] if isinstance(node, ast.FunctionDef) else []
        for _, call in calls(node) if arguments else ():
            if dotted_name(call.func) in LOOK_UP_CALLS and call.args and dotted_name(call.args[0]) == arguments[0]:
                assert isinstance(node, ast.FunctionDef)
                yield node.name, arguments


def _through_function(call: ast.Call, helpers: dict[str, list[str]]) -> tuple[str, Any, bool]:
    """Return (name, default, whether it is required) of a call of such a function."""
    arguments = helpers.get(dotted_name(call.func), [])
    name = literal_value(call.args[0]) if call.args and arguments else None
    default = next((word.value for word in call.keywords if word.arg == "default"), None)
    default = default or next((part for part in call.args[1:] if literal_value(part) is not UNKNOWN), None)
    return (name, literal_value(default), default is None) if isinstance(name, str) else ("", None, False)


def _environment_look_up(node: ast.AST) -> tuple[str, Any, bool]:
    """Return (name, default, whether it is required) of a look-up in the environment."""
    if isinstance(node, ast.Subscript) and dotted_name(node.value) in ("os.environ", "environ"):
        name = literal_value(node.slice)
        return (name, None, True) if isinstance(name, str) and isinstance(node.ctx, ast.Load) else ("", None, False)
    if not isinstance(node, ast.Call) or not node.args or dotted_name(node.func) not in LOOK_UP_CALLS:
        return "", None, False
    name = literal_value(node.args[0])
    return (name if isinstance(name, str) else "", literal_value(node.args[1]) if node.args[1:] else None, False)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return None if value is UNKNOWN else value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def constant_options(tree: ast.Module, text: str, constants: dict[str, Any]) -> InspectedScript:
    """Inspect a script that has constants alone.

    A configurator may overwrite them; else hptui starts the script with others in their place.
    """
    if is_configurator(text):
        return configurator_options(tree, constants)
    settings = all_constants(tree, constants)
    if elsewhere := _parsed_elsewhere(tree):
        return InspectedScript(
            notes=[f"its command line is read by {elsewhere}, which is not looked into; hptui check asks --help"]
        )
    if not settings or _reads_words(tree):
        return InspectedScript()
    return InspectedScript("constants", "constants", options_of_constants(tree, settings))


def options_of_constants(tree: ast.Module, settings: Mapping[str, Any]) -> list[ScriptOption]:
    """Return constants as options; the help of one that sets several places names their number."""
    places = {name: len(find_slots(tree, name)) if "." in name else 1 for name in settings}
    notes = {name: f"in {count} places, which have one value" for name, count in places.items() if count > 1}
    options = [
        ScriptOption(name, name, type_of(value), value, help=notes.get(name, "")) for name, value in settings.items()
    ]
    return with_roles(options, tree)


PARSING_CALL = re.compile(
    r"(?:^|[._])(?:(?:get|make|build|create|arg|argument)_?(?:arg_?)?parser|(?:parse|get)_(?:known_)?args)$"
)
PARSER_LIBRARIES = (
    "argparse",
    "click",
    "typer",
    "fire",
    "hydra",
    "absl",
    "docopt",
    "jsonargparse",
    "simple_parsing",
    "tyro",
)


def _name_in(node: ast.AST) -> str:
    """Return the name that an expression reads, or that an import brings; '' of any other."""
    is_name = isinstance(node, ast.Name | ast.Attribute)
    return dotted_name(node) if is_name else node.name if isinstance(node, ast.alias) else ""


def leaves_typer_out(tree: ast.Module) -> bool:
    """Return whether a script calls the function of a typer command itself, and starts no app.

    With `train()` in the place of `app()` it runs with its defaults, whatever the command line says.
    """
    nodes = list(all_nodes(tree))
    apps = {
        dotted_name(node.targets[0])
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if dotted_name(node.value.func) == "typer.Typer"
    }
    commands = {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef)
        if any(dotted_name(getattr(item, "func", item)).partition(".")[0] in apps for item in node.decorator_list)
    }
    called = {name for name, _ in calls(tree)}
    starts = {*apps, "typer.run", *(f"{app}.add_typer" for app in apps)}
    return bool(commands & called) and not starts & called


def _parsed_elsewhere(tree: ast.Module) -> str:
    """Return the library or call behind a command line declared in another file or an unknown way."""
    uses_flags = any("flags" in _name_in(node).lower() for node in all_nodes(tree))
    for node in all_nodes(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            first = name.partition(".")[0]
            if first == "argparse" and not any(name.endswith("Parser") for name, _ in calls(tree)):
                continue  # for its Namespace alone
            if first == "absl" and not uses_flags:
                continue  # for `app.run` and its logging alone
            if first in PARSER_LIBRARIES and not (first == "typer" and leaves_typer_out(tree)):
                return first
    parser_call = next((name for name, _ in calls(tree) if PARSING_CALL.search(name)), "")
    return f"{parser_call}()" if parser_call else ""


def _reads_words(tree: ast.Module) -> bool:
    """Return whether a script reads words of its command line; `sys.argv[0]` is its own path."""
    nodes = [node for node in all_nodes(tree) if isinstance(node, ast.Attribute | ast.Name)]
    own = {id(n.value) for n in all_nodes(tree) if isinstance(n, ast.Subscript) and literal_value(n.slice) == 0}
    return any(dotted_name(node) in ("sys.argv", "argv") and id(node) not in own for node in nodes)
