"""Settings that a script with a command line keeps elsewhere: defaults in a table, or all that matters in constants."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

from hptui.scripts.inspect.inputs.constants import all_constants, literal_tables
from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.inputs.guesses import guess_value
from hptui.scripts.inspect.inputs.imported_constants import with_imported_constants
from hptui.scripts.inspect.inputs.outside import options_of_constants
from hptui.scripts.inspect.ranges import rule_of, typical_range
from hptui.scripts.inspect.syntax import Constants, InspectedScript, ScriptOption, type_of

TABLE_OF_DEFAULTS = re.compile(r"(?:.*_)?(?:defaults?|config|cfg|hparams)(?:_.*)?", re.IGNORECASE)
"""Names of dictionaries that hold the defaults of options."""
MIN_SHARED = 3
"""Options without a default that a dictionary must know before it is taken for their defaults."""


def with_defaults_of_table(script: InspectedScript, tree: ast.Module) -> InspectedScript:
    """Return the script with the defaults that a dictionary (`DEFAULTS = {"lr": 1e-5}`) holds."""
    for name, table in literal_tables(tree).items():
        without = {option.name for option in script.options if option.default is None and option.name in table}
        if not TABLE_OF_DEFAULTS.fullmatch(name) or len(without) < MIN_SHARED:
            continue
        script.options = [
            _with_default(option, table[option.name]) if option.name in without else option for option in script.options
        ]
    return script


def _with_default(option: ScriptOption, value: object) -> ScriptOption:
    default = plain_default(value, option.type)
    form = replace(option.form, silent=default) if option.form is not None else None
    return replace(option, default=default, required=False, form=form)


def constants_instead(script: InspectedScript, tree: ast.Module, constants: Constants, path: Path) -> InspectedScript:
    """Return what is in a script's constants and dictionaries, where its command line has nothing to tune.

    The constants may be those of a module of settings that it imports.

    In a script with `config = {"lr": 2e-5}`, `--cpu` and `--epochs` the flag keeps its default, and the other option
    its place in the command.
    """
    known = script.parser in WITH_WORDS
    if not known or script.words or any(map(_is_searched_at_once, script.options)):
        return script
    settings = all_constants(tree, constants)
    given = InspectedScript("constants", "constants", options_of_constants(tree, settings))
    options = with_imported_constants(given, tree, path).options
    beside = [option for option in script.options if _stands_beside(option, script)]
    if any(option.required and option not in beside for option in script.options):
        return script
    is_tuned_alone = any(rule_of(o) and typical_range(o) for o in options) and not any(map(typical_range, beside))
    if not is_tuned_alone and not any(map(_is_searched_at_once, options)):
        return script
    dashes = "" if script.parser in ("environment", "sys.argv") else "--"
    flags = ", ".join(f"{dashes}{option.flag}" for option in script.options if option not in beside)
    has_rate = any(map(_is_searched_at_once, options))
    note = (
        f"{'its learning rate is a constant' if has_rate else 'what is tuned are constants'}, so its constants are set"
    )
    note += f"; {flags} keep their defaults" if flags else ""
    names = {option.name for option in beside}
    options = [*beside, *(option for option in options if option.name not in names)]
    parser = f"{script.parser} and constants" if beside else "constants"
    return InspectedScript(parser, "constants", options, notes=[note], outputs=script.outputs)


def _stands_beside(option: ScriptOption, script: InspectedScript) -> bool:
    """Return whether an option keeps its place in the command: it has one value, and a flag or a place."""
    has_value = option.default not in (None, []) or (option.required and guess_value(option) is not None)
    is_list = option.type == "list" or isinstance(option.default, list) or option.listed
    is_single = option.type != "bool" and not is_list and not option.before
    is_named = option.form is not None or option.positional
    return script.parser in WITH_WORDS and script.parser != "environment" and has_value and is_single and is_named


WITH_WORDS = ("argparse", "optparse", "click", "typer", "fire", "absl", "docopt", "environment", "sys.argv",
              "jsonargparse", "tyro", "simple_parsing", "HfArgumentParser")  # fmt: skip
"""Ways of reading parameters that leave it open to set constants as well."""


def with_constants_of_modules(script: InspectedScript, project: ast.Module | None) -> InspectedScript:
    """Return the script with the constants of its modules, if there is one among them that is tuned first.

    Plain variables of modules are left out: most are no settings.
    """
    if project is None or script.parser not in ("", "constants") or script.notes:
        return script
    settings = {name: value for name, value in all_constants(project, {}).items() if "." in name}
    options = [ScriptOption(name, name, type_of(value), value) for name, value in settings.items()]
    if not any(map(_is_searched_at_once, options)):
        return script
    known = {option.name for option in script.options}
    return InspectedScript(
        "constants", "constants", [*script.options, *(option for option in options if option.name not in known)]
    )


def _is_searched_at_once(option: ScriptOption) -> bool:
    entry = typical_range(option)
    return entry is not None and entry[2]
