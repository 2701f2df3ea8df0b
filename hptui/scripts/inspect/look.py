"""Inspects a whole Python script: its parameters, and what it measures."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.core.errors import UserError
from hptui.scripts.inspect.forms import OptionForm, forms_by_name
from hptui.scripts.inspect.inputs.assigned_again import several_values_notes
from hptui.scripts.inspect.inputs.attributes import ALL_WORDS, attribute_options
from hptui.scripts.inspect.inputs.config_file import file_by_option, merged_by_omegaconf
from hptui.scripts.inspect.inputs.config_flags import with_config_flags
from hptui.scripts.inspect.inputs.configurator import is_configurator
from hptui.scripts.inspect.inputs.constants import known_values
from hptui.scripts.inspect.inputs.decorated_recipes import decorated_options
from hptui.scripts.inspect.inputs.demanded import with_demanded
from hptui.scripts.inspect.inputs.elsewhere import constants_instead, with_constants_of_modules, with_defaults_of_table
from hptui.scripts.inspect.inputs.fixed_file import file_by_name, fixed_file, without_other_tables
from hptui.scripts.inspect.inputs.hydra import hydra_options
from hptui.scripts.inspect.inputs.hyperpyyaml import hyperpyyaml_options
from hptui.scripts.inspect.inputs.imported_constants import (
    imported_values,
    with_imported_constants,
    with_modules_as_choices,
)
from hptui.scripts.inspect.inputs.keyed_words import keyed_words
from hptui.scripts.inspect.inputs.libraries import words_of_program
from hptui.scripts.inspect.inputs.library_dataclasses import OF_LIBRARY
from hptui.scripts.inspect.inputs.outside import (
    constant_options,
    environment_options,
    wandb_options,
)
from hptui.scripts.inspect.inputs.own_parsers import own_options
from hptui.scripts.inspect.inputs.parsers import PARSERS
from hptui.scripts.inspect.inputs.positional_words import argv_options
from hptui.scripts.inspect.inputs.read_paths import read_paths
from hptui.scripts.inspect.inputs.recipes import with_recipe
from hptui.scripts.inspect.inputs.roles import with_roles
from hptui.scripts.inspect.inputs.subparsers import hands_subparsers_on
from hptui.scripts.inspect.inputs.unmade_folders import unmade_folders
from hptui.scripts.inspect.inputs.yacs_nodes import yacs_options
from hptui.scripts.inspect.inputs.zero_seeds import untrue_at_zero
from hptui.scripts.inspect.launched import needs_launcher
from hptui.scripts.inspect.modes import mode_words, with_modes
from hptui.scripts.inspect.objective_notes import notes_on_objective
from hptui.scripts.inspect.outputs.metric_files import event_files, lightning_files, saved_options, written_file
from hptui.scripts.inspect.outputs.metrics import Measured, best_rank, measured
from hptui.scripts.inspect.outputs.patterns import add_patterns
from hptui.scripts.inspect.outputs.ranking import HELD_OUT_SPLITS, is_training_metric, rank
from hptui.scripts.inspect.outputs.second_programs import started_by_script
from hptui.scripts.inspect.outputs.selected import by_family
from hptui.scripts.inspect.outputs.trainer_output import evaluates_by_itself
from hptui.scripts.inspect.project import with_imported_modules, without_libraries
from hptui.scripts.inspect.questions import asks, short_texts
from hptui.scripts.inspect.ranges import is_learning_rate
from hptui.scripts.inspect.reached import leaves_parsing_to, reaches_parsing, without_other_parsers, without_unused
from hptui.scripts.inspect.shared_files import shared_files
from hptui.scripts.inspect.syntax import (
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    top_level_constants,
)
from hptui.scripts.inspect.training_choice import with_training_choice
from hptui.scripts.syntax_nodes import all_nodes

MAX_SCRIPT_BYTES = 4 * 1024 * 1024
"""Bytes of a script that is read."""


def inspect_script(path: Path) -> InspectedScript:
    """Return what a Python script takes and measures.

    Raises: UserError if it cannot be read as Python.
    """
    script, tree, project = _inspected(path)
    _add_metrics(script, tree, project, path)
    whole = project or tree
    if needs_launcher(whole):
        script.settings["launch"] = "torchrun"
        script.notes.append("the script reads its rank, which a launcher sets: torchrun starts it")
    script.asks, script.shared_files, script.texts = asks(whole), shared_files(whole), short_texts(whole)
    return script


def inspect_options(path: Path) -> InspectedScript:
    """Return what a Python script takes: to look for what it measures would take four times as long.

    Raises: as `inspect_script`.
    """
    return _inspected(path)[0]


def _inspected(path: Path) -> tuple[InspectedScript, ast.Module, ast.Module | None]:
    """Return what a script takes, its syntax tree, and that of its own modules."""
    text = _text(path)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{path}{line}: is not Python: {error.args[0] if error.args else error}") from None
    values = top_level_constants(tree)
    script = None if is_configurator(text) else _parsed(tree, path)
    project = with_imported_modules(tree, path)
    project = without_other_parsers(tree, project) if project is not None else None
    if not is_configurator(text) and project is not None:
        reached = _calls_imported(tree) and reaches_parsing(tree, project)
        is_weak = script is None or script.parser == "environment"  # which a log level may be read from
        if (is_weak and (reached or _reads_on_import(project))) or (
            script is not None
            and (_needs_project(tree, project, script) or not (script.options or words_of_program(tree)))
        ):
            script = _parsed(project, path) or script
        elif script is not None and script.parser in OF_SIGNATURES:
            script = _fuller(script, _parsed(project, path))
    if script is None or script.parser in ("sys.argv", "KEY=VALUE words"):
        script = keyed_words(project or tree, path) or script
    if script is None or (script.parser == "argparse" and not is_configurator(text)):
        script = yacs_options(project or tree, path) or script
    script = with_config_flags(script, tree, path) if script is not None else None
    if script is None:
        script = with_imported_constants(constant_options(tree, text, values), tree, path)
        if not any(is_learning_rate(option) for option in script.options):
            script = fixed_file(project or tree, path) or with_constants_of_modules(script, project)
    script = with_recipe(script, tree, path)
    script = file_by_name(file_by_option(script, project or tree, path), project or tree, path)
    script = without_other_tables(script)
    script.options = with_roles(script.options, project or tree)
    words = mode_words(script.options, project or tree)
    kept = _defaults_of_flags(script.options, words)
    script = constants_instead(with_modules_as_choices(script, tree, path), tree, values, path)
    script.defaults = kept
    script = with_modes(with_defaults_of_table(script, project or tree), project or tree)
    script = with_training_choice(with_demanded(script, project or tree), project or tree)
    if words and (script.config is not None or script.style == "constants"):
        script.settings["command_extra"] = [*words]
    script.notes += several_values_notes(script, tree)
    whole, names = project or tree, [option.name for option in script.options]
    script.outputs += saved_options(script.options, whole)
    read = read_paths(whole)
    script.read = [name for name in names if name in read and name not in script.outputs]
    script.untrue_at_zero, script.unmade = untrue_at_zero(whole, names), unmade_folders(whole, names)
    return script, tree, project


def _defaults_of_flags(options: list[ScriptOption], words: list[str]) -> dict[str, Any]:
    """Return what flags are by default; those among the `words` of the command are set."""
    given = {word.partition("=")[0] for word in words}
    flags = [option for option in options if option.type == "bool" and option.form is not None]
    return {o.name: True if o.form and not given.isdisjoint(o.form.flags) else o.default for o in flags}


def _parsed(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Return what a parser, a configuration, the environment or `sys.argv` gives a script."""
    values = {**known_values(tree), **imported_values(tree, path), **top_level_constants(tree)}
    script = next((parsed for parser in PARSERS if (parsed := parser(tree, values)) is not None), None)
    script = script or hydra_options(tree, path) or merged_by_omegaconf(tree, path) or wandb_options(tree)
    script = script or hyperpyyaml_options(tree, path) or decorated_options(tree, path) or own_options(tree, values)
    return script or attribute_options(tree) or environment_options(tree) or argv_options(tree)


OF_SIGNATURES = ("HfArgumentParser", "TrlParser", "tyro", "fire", "typer", "click", "jsonargparse", "LightningCLI",
                 "typed-argument-parser", "simple_parsing", "pydantic-settings", "OmegaConf")  # fmt: skip
"""Parsers whose options are those of classes and functions, which may stand in other modules."""


def _fuller(script: InspectedScript, whole: InspectedScript | None) -> InspectedScript:
    """Return what the script with its modules shows, where that is more than the script itself does."""
    own = {option.name for option in script.options if option.help != OF_LIBRARY}
    names = {option.name for option in whole.options} if whole is not None else set()
    own -= {name for name in own if any(other.startswith(f"{name}.") for other in names)}  # a class, now its fields
    is_more = whole is not None and whole.parser == script.parser and own < names
    return whole if whole is not None and is_more else script


def _reads_on_import(project: ast.Module) -> bool:
    """Return whether a module reads the command line while it is imported."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    lines = [node for node in project.body if not isinstance(node, definitions)]
    names = [_last_name(inner) for line in lines for inner in all_nodes(line) if isinstance(inner, ast.Call)]
    return any(name in ("parse_args", "parse_known_args") for name in names)


def _last_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else dotted_name(call.func)


def _calls_imported(tree: ast.Module) -> bool:
    """Return whether the script itself starts the reading of a command line that another module declares."""
    if any(ast.unparse(argument) == ALL_WORDS for _, call in calls(tree) for argument in call.args):
        return True
    called = [node.func for node in all_nodes(tree) if isinstance(node, ast.Call)]
    names = [func.attr if isinstance(func, ast.Attribute) else dotted_name(func) for func in called]
    return any(PARSING_WORDS.search(name) for name in names)


def _needs_project(tree: ast.Module, project: ast.Module, script: InspectedScript) -> bool:
    """Return whether other modules declare options, too: with the parser, or in a base of a dataclass."""
    classes = {node.name for node in all_nodes(tree) if isinstance(node, ast.ClassDef)}
    bases = {
        dotted_name(base).rpartition(".")[2]
        for node in all_nodes(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    }
    others = {node.name for node in all_nodes(project) if isinstance(node, ast.ClassDef)} - classes
    inherits = script.parser != "argparse" and not others.isdisjoint(bases)
    return (
        inherits
        or _hands_its_parser_on(tree, script)
        or (script.parser == "argparse" and leaves_parsing_to(project, tree))
    )


def _hands_its_parser_on(tree: ast.Module, script: InspectedScript) -> bool:
    """Return whether functions or classes of another module get the script's parser."""
    if script.parser != "argparse":
        return False
    own = {node.name for node in all_nodes(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    parsers = {
        dotted_name(node.targets[0])
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and dotted_name(node.value.func).endswith("Parser")
    }
    if hands_subparsers_on(tree):
        return True
    given = [(name.rpartition(".")[2], call.args) for name, call in calls(tree) if call.args]
    parents = [word.value for _, call in calls(tree) for word in call.keywords if word.arg == "parents"]
    parents += [
        base for node in all_nodes(tree) if isinstance(node, ast.ClassDef) and _adds(node) for base in node.bases
    ]
    makers = [dotted_name(getattr(part, "func", part)) for node in parents for part in getattr(node, "elts", [node])]
    imported = {
        alias.asname or alias.name
        for node in all_nodes(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    if any(name.partition(".")[0] in imported for name in makers):
        return True
    return any(
        name not in own
        and (ADDING_WORDS.fullmatch(name) or any(dotted_name(part) in parsers - {""} for part in arguments))
        for name, arguments in given
    )


def _adds(node: ast.ClassDef) -> bool:
    """Return whether a class adds options to a parser."""
    return any(name.endswith(".add_argument") for name, _ in calls(node))


ADDING_WORDS = re.compile(r"add_\w*(?:args|arguments|options|flags|params)|register_\w*(?:args|arguments|options)")
"""Names of functions that add options to a parser, but for those of parsers themselves."""
PARSING_WORDS = re.compile(r"pars|args|options|opts|conf|cfg|cli|flags|setup|main|tyro|fire|^app$", re.IGNORECASE)
"""Words in the names of functions that read a command line."""


def _add_metrics(script: InspectedScript, tree: ast.Module, project: ast.Module | None, path: Path) -> None:
    """Add the metrics that a script measures, and how they are read where its output does not hold them."""
    defaults = {**script.defaults, **{option.name: option.default for option in script.options}}
    metrics = measured(tree, defaults)
    others = [measured(other, defaults) for other in started_by_script(tree, path)]
    is_otherwise = project is not None and evaluates_by_itself(project)
    if project is not None and (is_otherwise or best_rank(metrics) > (0,)):  # what it prints itself is not held out
        of_all = measured(without_unused(tree, without_libraries(project)), defaults)
        # Of two metrics of equally held-out data the script's own is the one that it is about.
        is_better = best_rank(of_all)[0] < best_rank(metrics)[0] or _only_trains(metrics, of_all)
        metrics = of_all if is_better or is_otherwise or of_all.of_runs else metrics
    for other in others:  # a second program, which tests what this one has trained
        metrics.readable = by_family([*other.readable, *metrics.readable], tree)
        metrics.maximized |= other.maximized
        metrics.minimized |= other.minimized
    script.chance = metrics.chance
    script.notes += metrics.notes
    script.metrics, script.maximized, script.minimized = metrics.readable, metrics.maximized, metrics.minimized
    best = rank(metrics.readable[0])[0] if metrics.readable else len(HELD_OUT_SPLITS)
    best = 0 if metrics.is_held_out else best  # what is printed is of all of the data
    if metrics.tagged and rank(metrics.tagged[0])[0] < best:
        script.metrics = [*metrics.tagged, *metrics.readable]
        script.metric_files = (lightning_files if metrics.lightning else event_files)(metrics, script)
    elif metrics.in_files and rank(metrics.in_files[0])[0] < best:
        script.metrics = [*metrics.in_files, *metrics.readable]
        script.metric_files = list(dict.fromkeys(written_file(file, script) for file in metrics.files))
    add_patterns(script, tree)
    _add_unread(script, metrics.unread)
    script.of_training, script.indistinct = metrics.of_training, metrics.indistinct
    script.notes += notes_on_objective(script)


def _add_unread(script: InspectedScript, unread: Mapping[str, str]) -> None:
    """Add what goes to a tracker alone, where nothing that is read would be a better objective."""
    first = next(iter(unread), "")
    if not first or (script.metrics and rank(script.metrics[0])[0] <= rank(first)[0]):
        return
    script.unread = {**unread}
    script.notes.append(
        f"what the script sends to {unread[first]} is not read ({', '.join(list(unread)[:5])}): let it print"
        f" {first} as well"
    )


def _only_trains(own: Measured, of_all: Measured) -> bool:
    """Return whether all that a script measures itself is of training data, and its modules measure other."""
    is_of_training = bool(own.readable) and all(map(is_training_metric, own.readable))
    return is_of_training and not (own.tagged or own.in_files) and not all(map(is_training_metric, of_all.readable))


def declared_forms(path: Path) -> dict[str, OptionForm]:
    """Return how a Python script declares each of its options, by every name that a study may use.

    Options that are declared in two ways are left out. Raises: UserError if the file cannot be read as Python.
    """
    return forms_of(inspect_options(path))


def forms_of(script: InspectedScript) -> dict[str, OptionForm]:
    """Return the forms of an inspected script's options by name, of those whose source shows it."""
    return forms_by_name(
        ((option.name, *option.aliases), option.form) for option in script.options if option.form is not None
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SCRIPT_BYTES:
            raise UserError(f"{path} is larger than {MAX_SCRIPT_BYTES >> 20} MiB, which no script is")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text") from None
