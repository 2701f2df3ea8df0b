"""The study file that `hptui new` writes for a script: command, parameters with their defaults, usual ranges."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hptui.core.errors import HptuiError, UserError
from hptui.core.trial import Value
from hptui.operations.new_automatic import automatic_value
from hptui.operations.new_command import (
    how_to_start,
    inspected_file,
    one_line,
    package_variable,
    placed_name,
    stem_of,
    study_name,
)
from hptui.operations.new_draft import Draft
from hptui.operations.new_notes import notes_for_user
from hptui.operations.new_objective import objective_lines
from hptui.operations.new_place import at_own_place
from hptui.results.export.text_formats import toml_key, toml_value
from hptui.studyfile.wandb.naming import study_names_for
from hptui.trainers import registry

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript, ScriptOption

SEARCH_LINES = ["[search]", 'sampler = "auto"', "trials = 20", "baseline = true  # trial 0 runs [trainer] as it stands"]
"""The `[search]` table of a new study file."""


def study_file_of_script(path: Path, place: Path) -> tuple[str, list[str]]:
    """Return (study file for a script, notes for the user); the file will be written to directory `place`."""

    if not path.is_file():
        raise UserError(f"there is no script {str(path)!r}")
    inspected, started = inspected_file(path)
    start_directory, words = how_to_start(started)
    if variable := package_variable(started, start_directory, place):
        inspected.settings["env"] = {**_texts(inspected.settings.get("env")), **variable}
    return study_file_of(inspected, path, (start_directory, words), place)


def study_file_of(
    inspected: InspectedScript, path: Path, start: tuple[Path, list[str]], place: Path
) -> tuple[str, list[str]]:
    """Return the study file for what was read of `path`, and notes.

    `start` is the directory and the command that start it.
    """
    start_directory, words = start
    # The script starts as it would from here, though the study file may be in another directory.
    workdir = os.path.relpath(start_directory, place.absolute())
    if workdir != ".":
        inspected.settings["workdir"] = workdir
    words = at_own_place(inspected, start_directory, words, place)
    draft = _draft(inspected, place)
    trainer, space = _trainer_lines(draft, words, place), _space_lines(draft)
    lines = [*_head_lines(path, draft), "", *objective_lines(inspected), "", *trainer, "", *space, "", *SEARCH_LINES]
    if any(draft.automatic.get(name) == "{seed}" for name in inspected.untrue_at_zero):
        lines.append("seed = 1  # of the first trials: 0 is no seed to the script")
    text = "\n".join(lines) + "\n"
    return text, [*notes_for_user(draft, path), *_problems(text, place)]


def _problems(text: str, place: Path) -> list[str]:
    """Return why the file cannot run as it stands, as a note."""
    from hptui import studyfile

    try:
        studyfile.read_text(text, directory=str(place.absolute()), schema=registry.schema)
    except HptuiError as error:
        return [f"the file is not complete yet: {one_line(str(error))}"]
    return []


def _draft(inspected: InspectedScript, place: Path) -> Draft:
    names = study_names_for([option.name for option in inspected.options])
    given = ((option.name, automatic_value(option, inspected, place)) for option in inspected.options)
    automatic = {name: value for name, value in given if value}
    placed: set[str] = set()
    in_file: dict[str, str] = {}
    if inspected.config is not None:
        # All that is not placed in the command goes into the copy of the file.
        flags = [option for option in inspected.options if _is_flag_beside_file(inspected, option)]
        placed = {option.name for option in flags} - automatic.keys()
        in_file = {
            option.name: automatic.pop(option.name) for option in inspected.options if _is_in_file(option, automatic)
        }
        automatic |= {option.name: f"{{{names[option.name]}}}" for option in flags if option.name in placed}
        if inspected.config_option is not None:
            automatic[inspected.config_option.name] = "{config}"
        # Flags and lists that are not in the file keep their defaults: they have no place in its copy.
        inspected.options = [
            option
            for option in inspected.options
            if (option.form is None or option.name in automatic or option.positional or option.before)
            and option.name not in in_file
        ]
    if inspected.style == "constants":  # a path stands in the place of the constant
        beside = [option.name for option in inspected.options if option.form is not None or option.positional]
        in_file = {n: value for n, value in automatic.items() if value.startswith("{trial_dir}") and n not in beside}
        automatic = {name: value for name, value in automatic.items() if name in beside}
        placed = set(beside) - automatic.keys()
        automatic |= {name: f"{{{names[name]}}}" for name in beside if name in placed}
        inspected.options = [option for option in inspected.options if option.name not in in_file]
    leading = {
        option.name: f"{{{names[option.name]}}}" for option in inspected.options if _is_leading(option, automatic)
    }
    return Draft(inspected, names, automatic, frozenset(placed), leading, in_file)


def _is_in_file(option: ScriptOption, automatic: Mapping[str, str]) -> bool:
    """Return whether hptui gives the value of a parameter that stands in the file of settings."""
    return option.name in automatic and option.form is None and not option.positional


def _is_flag_beside_file(inspected: InspectedScript, option: ScriptOption) -> bool:
    """Return whether an option stands next to a file of settings, and has a value to give."""
    from hptui.scripts.inspect.inputs.guesses import guess_value

    has_value = option.default not in (None, []) or (option.required and guess_value(option) is not None)
    is_single = option.type not in ("bool", "list") and not isinstance(option.default, list) and not option.listed
    return option.form is not None and has_value and is_single


def _head_lines(path: Path, draft: Draft) -> list[str]:
    inspected = draft.inspected
    source = f"read by {inspected.parser}" if inspected.parser else "which reads no parameters"
    lines = [
        f"# {len(inspected.options)} parameters of {path.name}, {source}. In [space], uncomment what is to be searched."
    ]
    return [*lines, f"name = {toml_value(study_name(stem_of(path)))}"]


def _trainer_lines(draft: Draft, script: list[str], place: Path) -> list[str]:
    inspected, automatic = draft.inspected, draft.automatic
    before = {option.name for option in inspected.options if option.before}
    variables = {placed_name(text) for text in _texts(inspected.settings.get("env")).values()}
    places = [option for option in inspected.options if option.positional and not option.before]
    in_place = {option.name for option in places}
    trailing = {name: value for name, value in automatic.items() if name not in before | variables | in_place}
    leading = {**draft.leading, **{name: value for name, value in automatic.items() if name in before}}
    command: list[Any] = [*script, *_command_words(draft, leading), *inspected.words]
    given_places = takewhile(lambda option: option.required or option.default not in (None, []), places)
    command += [automatic.get(option.name) or f"{{{draft.names[option.name]}}}" for option in given_places]
    command += _command_words(draft, trailing)
    extra = inspected.settings.get("command_extra")
    command += extra if isinstance(extra, list) else []
    if inspected.parser == "LightningCLI":
        command.append("--trainer.default_root_dir={trial_dir}")
    if any(option.positional for option in inspected.options) and inspected.style not in ("none", "constants"):
        command.append("{args}")
    lines = [
        "[trainer]",
        'kind = "command"',
        f"command = {toml_value(command)}",
        f"style = {toml_value(inspected.style)}",
    ]
    settings = {key: value for key, value in inspected.settings.items() if key != "command_extra"}
    if inspected.config is not None:
        settings["config"] = Path(os.path.relpath(inspected.config.absolute(), place.absolute())).as_posix()
    if inspected.metric_files:
        settings["metrics"] = [_metric_file(draft, text) for text in inspected.metric_files]
    if "env" in settings:  # its placeholders are written with the script's names
        settings["env"] = {variable: _placeholder(draft, text) for variable, text in _texts(settings["env"]).items()}
    settings |= {draft.names[name]: value for name, value in draft.in_file.items()}
    lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in {**settings, **_names_setting(draft)}.items()]
    given = automatic.keys() - draft.placed
    remaining = [option for option in inspected.options if option.name not in {*settings, *given}]
    return lines + [_setting_line(draft, o) for o in remaining if not o.before or o.name in draft.leading]


def _texts(value: Value) -> dict[str, str]:
    return {name: str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _placeholder(draft: Draft, text: str) -> str:
    """Return the text of a variable: what hptui gives for a parameter; other texts stay."""
    if not (name := placed_name(text)):
        return text
    return draft.automatic.get(name) or f"{{{draft.names.get(name, name)}}}"


def _metric_file(draft: Draft, text: str) -> str:
    """Return the path of a file of metrics: in the trial's directory, where an option says, or as it is."""
    if draft.inspected.parser == "LightningCLI":
        return f"{{trial_dir}}/{text}"
    if text.startswith("{trial_dir}"):
        return text
    name, _, rest = text[1:].partition("}") if text.startswith("{") else ("", "", text)
    is_ours = name in draft.automatic and name not in draft.placed
    return ("{trial_dir}" if is_ours else f"{{{draft.names[name]}}}" if name else "") + rest


def _names_setting(draft: Draft) -> dict[str, Value]:
    """Return `names`: what the script calls parameters that have another name in the study."""
    given = draft.inspected.settings.get("names")
    known = dict(given) if isinstance(given, dict) else {}
    names = {draft.names.get(name, name): text for name, text in known.items()}
    names |= {
        ours: str(known.get(name, name))
        for name, ours in draft.names.items()
        if ours != name and name not in draft.automatic
    }
    return {"names": names} if names else {}


def _is_leading(option: ScriptOption, automatic: Mapping[str, str]) -> bool:
    """Return True when a parameter is given explicitly before the subcommand."""
    has_value = option.default is not None or option.required
    return option.before and option.name not in automatic and has_value and option.type not in ("bool", "list")


def _command_words(draft: Draft, automatic: Mapping[str, str]) -> list[str]:
    """Return the command's words for parameters that hptui gives explicitly."""
    from hptui.scripts.styles import ArgumentStyle, arguments, read_style

    style = read_style(draft.inspected.style)
    file = draft.inspected.config_option
    if not isinstance(style, ArgumentStyle):  # its words have a place, and no names
        forms = {option.name: option.form for option in draft.inspected.options}
        flags = [
            f"{form.flags[0]}={text}" for name, text in automatic.items() if (form := forms.get(name)) and form.flags
        ]
        return [automatic[file.name]] if file is not None and file.positional and file.name in automatic else flags
    known = draft.inspected.settings.get("names")
    renamed = known if isinstance(known, dict) else {}
    options = {option.name: option for option in draft.inspected.options}
    if draft.inspected.config_option is not None:
        options[draft.inspected.config_option.name] = draft.inspected.config_option
    words: list[str] = []
    for name, value in automatic.items():
        form = options[name].form if name in options else None
        if name in options and options[name].positional:
            words.append(value)
        elif form is not None and form.flags and draft.inspected.parser != "fire":
            words.append(f"{form.flags[0]}={value}")
        else:
            # Bare: a placeholder may stand for a number, which quotes would turn into a text. A path is none.
            strings = style.strings if value.startswith("{trial_dir}") and style.strings == "quoted" else "bare"
            words += arguments(replace(style, strings=strings), {str(renamed.get(name, name)): value})
    return words


def _setting_line(draft: Draft, option: ScriptOption) -> str:
    """Return `lr = 1e-3  # help`; a parameter without a readable default becomes a comment."""
    from hptui.scripts.inspect.inputs.guesses import guess_value

    key = draft.key(option)
    is_one = any(option.name in group for group in draft.inspected.needs_one_of)
    demand = "(the script demands it)" if option.required else "(the script demands one of them)" if is_one else ""
    help_text = " ".join(part for part in (option.help, demand) if part)
    note = f"  # {one_line(help_text)}" if help_text else ""
    if option.default is None and option.required and (middle := guess_value(option)) is not None:
        return f"{key} = {toml_value(middle)}  # a guess: {one_line(help_text)}"
    if option.default is None or option.default == []:  # no command line has an empty list
        value = toml_value(option.choices[0]) if option.choices else "0" if option.type in ("int", "float") else '"…"'
        return f"# {key} = {value}{note}"
    return f"{key} = {toml_value(option.default)}{note}"


def _space_lines(draft: Draft) -> list[str]:
    """Return `[space]`: usual ranges as comments, and one that is searched at once."""
    from hptui.scripts.inspect.ranges import range_of_length, suggested_first, typical_range

    options = [o for o in draft.inspected.options if not draft.automatic.get(o.name, "").startswith("{t")]
    suggestions = [(option, entry) for option in options if (entry := typical_range(option)) is not None]
    suggestions = suggestions or [(o, entry) for o in options if (entry := range_of_length(o)) is not None][:1]
    first = suggested_first([option for option, _ in suggestions])
    lines = ["[space]"]
    for option, (value, reason, _) in suggestions:
        note = f"  # {reason}" if reason else ""
        lines.append(f"{'' if option is first else '# '}{draft.key(option)} = {toml_value(value)}{note}")
    if len(lines) == 1:
        lines.append('# learning_rate = "1e-5..1e-3 log"')
    return lines
