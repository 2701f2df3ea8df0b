"""The whole look at a script: its parser, else a configuration, the environment, or constants; and what it measures."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from hptui.model.errors import UserError
from hptui.model.trial import Value
from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.parsers import PARSERS
from hptui.trainers.scripts.tree import UNKNOWN, calls, constants, keyword, literal, type_of

LARGEST = 4 * 1024 * 1024
MEASURED = re.compile(
    r"(?:[A-Za-z]+[/_ .-])*"
    r"(?:loss|acc|accuracy|ppl|perplexity|bleu|rouge[\w]*|f1|reward|mse|mae|score|error)",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z_][\w/.-]*")
HELD_OUT = ("eval", "val", "dev", "test")
UPWARDS = ("acc", "bleu", "rouge", "f1", "reward", "score")
"""Names of metrics that are made large."""


def look(path: Path) -> Found:
    """What `path`, a Python script, takes and measures. `UserError` where it cannot be read as Python."""
    text = _text(path)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{path}{line}: is not Python: {error.args[0] if error.args else error}") from None
    known = constants(tree)
    found = next((one for parser in PARSERS if (one := parser(tree, known)) is not None), None)
    found = found or _hydra(tree, path) or _wandb(tree) or _environment(tree) or _constants(tree, text, known)
    found.constants = {} if found.parser else {name: value for name, value in known.items() if _is_setting(name, value)}
    found.metrics = metrics(tree, found)
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than {LARGEST >> 20} MiB, which no script is")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text") from None


# -- scripts without a parser of their own


def _hydra(tree: ast.Module, path: Path) -> Found | None:
    """`@hydra.main(config_path=…, config_name=…)`: the leaves of its configuration file by dotted name."""
    for name, call in calls(tree):
        if name not in ("hydra.main", "main") or keyword(call, "config_name") is None:
            continue
        folder = literal(keyword(call, "config_path"))
        config = literal(keyword(call, "config_name"))
        if not isinstance(config, str):
            continue
        found = Found("hydra", "hydra")
        file = path.parent / (folder if isinstance(folder, str) else ".") / config
        file = file if file.suffix in (".yaml", ".yml") else file.with_suffix(".yaml")
        try:
            import yaml

            leaves = yaml.safe_load(file.read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            found.notes.append(f"{file} cannot be read, so its parameters are not listed: {str(error).splitlines()[0]}")
            return found
        found.options = [Option(name, name, type_of(value), value) for name, value in _leaves(leaves, "")]
        found.settings["command_extra"] = ["hydra.run.dir={trial_dir}/hydra"]
        return found
    return None


def _leaves(value: Any, above: str) -> list[tuple[str, Value]]:
    if not isinstance(value, dict):
        return []
    found: list[tuple[str, Value]] = []
    for key, item in value.items():
        if not isinstance(key, str) or key in ("defaults", "hydra"):
            continue
        if isinstance(item, dict):
            found += _leaves(item, f"{above}{key}.")
        elif item is None or isinstance(item, bool | int | float | str | list):
            found.append((above + key, item))
    return found


def _wandb(tree: ast.Module) -> Found | None:
    """`wandb.init(config={…})` and then `wandb.config.lr`: parameters reach it through W&B's own file."""
    reads = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute | ast.Name)
        and (node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id) == "config"
    }
    for name, call in calls(tree):
        if name == "wandb.init":
            given = literal(keyword(call, "config"))
            config: dict[str, Any] = given if isinstance(given, dict) else {}
            if not config and not reads:
                return None
            values = {**dict.fromkeys(sorted(reads - {"update", "get", "keys", "items"})), **config}
            return Found("wandb", "wandb", [Option(key, key, type_of(value), value) for key, value in values.items()])
    return None


def _environment(tree: ast.Module) -> Found | None:
    """`float(os.environ.get("LR", 1e-3))`, `os.getenv("LR", "1e-3")`."""
    options: dict[str, Option] = {}
    for name, call in calls(tree):
        if name not in ("os.environ.get", "os.getenv", "environ.get", "getenv") or not call.args:
            continue
        variable = literal(call.args[0])
        if not isinstance(variable, str) or variable in options:
            continue
        default = literal(call.args[1]) if len(call.args) > 1 else None
        value = _number(default)
        options[variable] = Option(variable.lower(), variable, type_of(value), value)
    used = {variable: one for variable, one in options.items() if one.default is not None}
    if not used:
        return None
    found = Found("environment", "none", list(used.values()))
    found.settings["env"] = {variable: f"{{{one.name}}}" for variable, one in used.items()}
    return found


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return None if value is UNKNOWN else value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _constants(tree: ast.Module, text: str, known: dict[str, Any]) -> Found:
    """Constants alone: only a script that lets a configurator overwrite them can be told others."""
    if "configurator" in text and "exec(" in text:
        found = Found("configurator", "exact")
        found.options = [
            Option(name, name, type_of(value), value) for name, value in known.items() if not name.startswith("_")
        ]
        return found
    return Found()


def _is_setting(name: str, value: Any) -> bool:
    return not name.startswith("_") and isinstance(value, bool | int | float)


# -- metrics


def metrics(tree: ast.Module, found: Found) -> list[str]:
    """Names that the script seems to measure, held-out losses first."""
    names: dict[str, None] = {}
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last in ("log", "report", "log_metric", "log_dict", "log_metrics", "add_scalar", "dump", "write"):
            for argument in [*call.args, *(word.value for word in call.keywords)]:
                names |= dict.fromkeys(_keys(argument))
            names |= dict.fromkeys(word.arg for word in call.keywords if word.arg and MEASURED.fullmatch(word.arg))
        elif last == "print":
            for argument in call.args:
                names |= dict.fromkeys(_printed(argument))
    uses_trainer = any(name.rsplit(".", 1)[-1].endswith("Trainer") for name, _ in calls(tree))
    if uses_trainer:
        names = {"eval_loss": None, **names}
    return sorted(names, key=lambda name: (not name.lower().startswith(HELD_OUT), "loss" not in name.lower()))


def _keys(node: ast.AST) -> list[str]:
    """Keys of a dictionary, or a text, that name a metric."""
    found = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            found += [key.value for key in inner.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found.append(node.value)
    return [name for name in found if MEASURED.fullmatch(name.rsplit("/", 1)[-1]) or MEASURED.fullmatch(name)]


def _printed(node: ast.AST) -> list[str]:
    """Names of metrics in what is printed: `val_loss: 0.1`, `val loss 0.1`."""
    texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    found = []
    for text in texts:
        found += [word for word in WORD.findall(text) if MEASURED.fullmatch(word.rstrip(".:-"))]
        if isinstance(node, ast.Dict):
            found += _keys(node)
    return [name.rstrip(".:-") for name in found]
