"""The parameters of a study's script that could be searched, and a first range for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.errors import nearest
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import value_text

if TYPE_CHECKING:
    from hptui.scripts.inspect.syntax import ScriptOption


def script_options(study: Study) -> dict[str, ScriptOption]:
    """Return the script's parameters by the names that the study uses.

    They are those of `[trainer]` and all that the script reads. hptui's own keys of `[trainer]`, such as `command`, are
    no parameters.
    """
    from hptui.scripts.inspect.syntax import ScriptOption

    read = read_options(study)
    given = {name: value for name, value in study.trainer.settings.items() if name not in COMMAND_KEYS}
    return {name: read.get(name) or ScriptOption(name, default=value) for name, value in given.items()} | read


def read_options(study: Study) -> dict[str, ScriptOption]:
    """Return the parameters that the source of the study's script shows, by the names that the study uses."""
    from hptui.scripts.help_check import inspect_command_script
    from hptui.scripts.links import source_directory

    settings = study.trainer.settings
    words, names, workdir = (settings.get(key) for key in ("command", "names", "workdir"))
    in_study = {str(theirs): str(ours) for ours, theirs in names.items()} if isinstance(names, dict) else {}
    directory, command = Path(study.directory), [str(word) for word in words] if isinstance(words, list) else []
    command = [word.replace("{study_dir}", str(directory.absolute())) for word in command]
    work = source_directory(settings.get("links"), command, directory, directory / str(workdir or ""))
    inspected = inspect_command_script(command, work) if command else None
    return {
        in_study.get(option.name, option.name): option
        for option in (inspected.options if inspected is not None else ())
        if not option.positional and option.name not in COMMAND_KEYS
    }


def option_help(option: ScriptOption, value: Value) -> str:
    """Return what a script says of a parameter, and the value that it has without a search."""
    stated = "" if value is None else f"now {value_text(value)}"
    return (
        f"{option.help} ({stated})" if option.help and stated else option.help or stated or "a parameter of the script"
    )


def unknown_settings(study: Study, values: Mapping[str, Value]) -> Iterator[str]:
    """Yield warnings of settings that neither the study nor the source of its script knows."""
    from hptui.scripts.inspect.inputs.library_dataclasses import OF_LIBRARY
    from hptui.scripts.inspect.inputs.training_fields import TRAINING_FIELDS

    settings = study.trainer.settings
    read = read_options(study) if study.trainer.kind == "command" and settings.get("config") is None else {}
    of_library = TRAINING_FIELDS if any(option.help == OF_LIBRARY for option in read.values()) else ()
    known = {*read, *settings, *COMMAND_KEYS, *of_library, *(parameter.name for parameter in study.space.parameters)}
    for name in values if read else ():
        is_place = settings.get("style") == "constants" and "." in name  # of a call or table that need not be listed
        if name not in known and not is_place:
            close = nearest(name, [*read])
            meant = f"; did you mean {close!r}?" if close else ""
            yield f"{name}: the script's source shows no such parameter{meant}"


def first_entry(name: str, option: ScriptOption) -> dict[str, Value] | None:
    """Return the usual range of a script's parameter as an entry of `[space]`; None without one."""
    from hptui.scripts.inspect.ranges import typical_range
    from hptui.studyfile.space_entries import expand_short_entry

    suggestion = typical_range(option)
    if suggestion is None:
        return None
    entry = suggestion[0]
    return (
        expand_short_entry(name, entry) if isinstance(entry, str) else dict(entry) if isinstance(entry, dict) else None
    )
