"""Constants of a module of settings that a script imports: `config.LR` of `import config`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hptui.scripts.inspect.constants import is_setting, nested_constants, plain_constants
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, top_level_constants, type_of

SETTINGS_MODULE = re.compile(
    r"(?:.*_)?(?:config|configs|conf|cfg|settings|params|parameters|hparams|hyper_?params|hyperparameters|constants|options)",
    re.IGNORECASE,
)
"""Names of modules that hold settings."""
MAX_MODULE_BYTES = 1 << 20


def imported_constant_options(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Inspect the constants of the modules of settings in a script's directory; None without any."""
    options: list[ScriptOption] = []
    for module, file in dict(_modules(tree, path.parent)).items():
        try:
            source = file.read_text(encoding="utf-8-sig") if file.stat().st_size <= MAX_MODULE_BYTES else ""
            inner = ast.parse(source)
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        plain = plain_constants(inner)
        constants = {name: value for name, value in top_level_constants(inner).items() if name in plain}
        values = {name: value for name, value in constants.items() if is_setting(name, value)}
        values |= nested_constants(inner)
        options += [ScriptOption(f"{module}.{name}", f"{module}.{name}", type_of(v), v) for name, v in values.items()]
    return InspectedScript("constants", "constants", options) if options else None


def imported_values(tree: ast.Module, path: Path) -> dict[str, Any]:
    """Return constants of modules of settings by the names that the script has for them."""
    script = imported_constant_options(tree, path)
    values = {option.name: option.default for option in script.options} if script else {}
    named = dict(values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
            for alias in node.names:
                whole, own = prefix + alias.name, alias.asname or alias.name
                named |= {
                    own + name[len(whole) :]: v for name, v in values.items() if f"{name}.".startswith(f"{whole}.")
                }
    return named


def _modules(tree: ast.Module, root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules of settings that are imported by their full name, with their files."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            file = root.joinpath(*name.split(".")).with_suffix(".py")
            if SETTINGS_MODULE.fullmatch(name.rpartition(".")[2]) and file.is_file():
                yield name, file
