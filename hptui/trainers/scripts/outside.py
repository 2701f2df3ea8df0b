"""Scripts without a parser: parameters from `wandb.config`, the environment, `sys.argv`, or constants."""

from __future__ import annotations

import ast
import re
from typing import Any

from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.tree import UNKNOWN, calls, dotted, keyword, literal, type_name, type_of

SECRET = re.compile(r"TOKEN|SECRET|PASSW|API_?KEY|CREDENTIAL", re.IGNORECASE)
SURROUNDINGS = re.compile(
    r"(?:HOME|PATH|USER|PWD|TMPDIR|RANK|LOCAL_RANK|WORLD_SIZE|MASTER_\w+|CUDA_\w+|NCCL_\w+|OMP_\w+|HF_\w+|SLURM_\w+|"
    r"TOKENIZERS_\w+|WANDB_\w+|PYTHON\w*|HPTUI_\w+)"
)
"""Variables that belong to the machine and not to the experiment."""
LOOKS = ("os.environ.get", "os.getenv", "environ.get", "getenv")


def wandb(tree: ast.Module) -> Found | None:
    """`wandb.init(config={…})` and then `wandb.config.lr`: parameters reach it through W&B's own file."""
    aliases = {"config"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "config":
            aliases |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    reads = {name for node in ast.walk(tree) if (name := _read(node, aliases))}
    for name, call in calls(tree):
        if name == "wandb.init":
            given = literal(keyword(call, "config"))
            config: dict[str, Any] = given if isinstance(given, dict) else {}
            if not config and not reads:
                return None
            values = {**dict.fromkeys(sorted(reads - {"update", "get", "keys", "items", "as_dict"})), **config}
            return Found("wandb", "wandb", [Option(key, key, type_of(value), value) for key, value in values.items()])
    return None


def _read(node: ast.AST, aliases: set[str]) -> str:
    """`lr` of `wandb.config.lr`, `config["lr"]`, or of a name that `wandb.config` was given."""
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return ""
    above = node.value
    said = above.attr if isinstance(above, ast.Attribute) else above.id if isinstance(above, ast.Name) else ""
    if said not in aliases:
        return ""
    if isinstance(node, ast.Attribute):
        return node.attr
    key = literal(node.slice)
    return key if isinstance(key, str) else ""


def environment(tree: ast.Module) -> Found | None:
    """`float(os.environ.get("LR", 1e-3))`, `os.getenv("LR", "1e-3")`, `int(os.environ["WIDTH"])`."""
    options: dict[str, Option] = {}
    converted = {id(call.args[0]): name for name, call in calls(tree) if call.args and name in ("int", "float", "bool")}
    for node in sorted(ast.walk(tree), key=lambda one: (getattr(one, "lineno", 0), getattr(one, "col_offset", 0))):
        variable, default, demanded = _variable(node)
        if not variable or variable in options or SECRET.search(variable) or SURROUNDINGS.fullmatch(variable):
            continue
        kind, value = converted.get(id(node), ""), _number(default)
        if value is None and not kind:
            continue
        if kind == "float" and isinstance(value, int):
            value = float(value)
        options[variable] = Option(variable.lower(), variable, kind or type_of(value), value, required=demanded)
    if not options:
        return None
    found = Found("environment", "none", list(options.values()))
    known = {variable: one for variable, one in options.items() if one.required or one.default is not None}
    found.settings["env"] = {variable: f"{{{one.name}}}" for variable, one in known.items()}
    return found


def _variable(node: ast.AST) -> tuple[str, Any, bool]:
    """(name, default, whether the script cannot do without) of one look at the environment."""
    if isinstance(node, ast.Subscript) and dotted(node.value) in ("os.environ", "environ"):
        name = literal(node.slice)
        return (name, None, True) if isinstance(name, str) and isinstance(node.ctx, ast.Load) else ("", None, False)
    if not isinstance(node, ast.Call) or not node.args or dotted(node.func) not in LOOKS:
        return "", None, False
    name = literal(node.args[0])
    return (name if isinstance(name, str) else "", literal(node.args[1]) if node.args[1:] else None, False)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return None if value is UNKNOWN else value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def argv(tree: ast.Module) -> Found | None:
    """`lr, width = float(sys.argv[1]), int(sys.argv[2])`: words in their places."""
    places: dict[int, Option] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=False))
        for name, given in pairs:
            at, kind = _place(given)
            if at and isinstance(name, ast.Name) and at not in places:
                places[at] = Option(name.id, name.id, kind, required=True, positional=True)
    if not places or sorted(places) != list(range(1, len(places) + 1)):
        return None
    return Found("sys.argv", "none", [places[at] for at in sorted(places)])


def _place(node: ast.AST) -> tuple[int, str]:
    kind = "str"
    if isinstance(node, ast.Call) and len(node.args) == 1:
        kind, node = type_name(node.func), node.args[0]
    if isinstance(node, ast.Subscript) and dotted(node.value) in ("sys.argv", "argv"):
        at = literal(node.slice)
        return (at, kind) if isinstance(at, int) and at > 0 else (0, "")
    return 0, ""


def constants_of(tree: ast.Module, text: str, known: dict[str, Any]) -> Found:
    """Constants alone: a configurator may overwrite them, else hptui starts the script with others in their place."""
    if "configurator" in text and "exec(" in text:
        found = Found("configurator", "exact")
        found.options = [
            Option(name, name, type_of(value), value) for name, value in known.items() if not name.startswith("_")
        ]
        return found
    settings = {name: value for name, value in known.items() if is_setting(name, value)}
    if elsewhere := _parsed_elsewhere(tree):
        return Found(
            notes=[f"its command line is read by {elsewhere}, which is not looked into; hptui check asks --help"]
        )
    if not settings or any(name in ("sys.argv", "argv") for name in _names(tree)):
        return Found()
    options = [Option(name, name, type_of(value), value) for name, value in settings.items()]
    return Found("constants", "constants", options)


PARSES = re.compile(
    r"(?:^|[._])(?:(?:get|make|build|create|arg|argument)_?(?:arg_?)?parser|(?:parse|get)_(?:known_)?args)$"
)
LIBRARIES = ("argparse", "click", "typer", "fire", "hydra", "absl", "docopt", "jsonargparse", "simple_parsing", "tyro")


def _parsed_elsewhere(tree: ast.Module) -> str:
    """The library, or the call, behind a command line that is declared in another file, or in a way unknown here."""
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.partition(".")[0] in LIBRARIES:
                return name.partition(".")[0]
    found = next((name for name, _ in calls(tree) if PARSES.search(name)), "")
    return f"{found}()" if found else ""


def _names(tree: ast.Module) -> set[str]:
    return {dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)}


def is_setting(name: str, value: Any) -> bool:
    """Whether a constant of the top level may be a parameter."""
    return not name.startswith("_") and isinstance(value, bool | int | float | str) and name != "__version__"
