"""Scripts that a shell script starts by its one Python command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.gpu_variables import GPU_VARIABLES
from hptui.core.masking import is_secret
from hptui.core.trial import Value
from hptui.scripts.inspect.forms import FormKind
from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.look import inspect_script
from hptui.scripts.inspect.shell_commands import EXPANDED, ShellCommand, shell_commands
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, type_of

CONTROL = re.compile(
    r"^[ \t]*(?:for|while|until|case|if|function|cd|pushd|source|\.|eval)\b|\w+[ \t]*\(\)[ \t]*\{", re.MULTILINE
)
"""Lines after which a command is not started once as it stands, from where the shell script is."""
INTERPRETER = re.compile(r"python[\d.]*|\$\{?PYTHON\w*\}?")


@dataclass(frozen=True, slots=True)
class StartedScript:
    """A Python script that a shell script starts, with the words and variables that it gets."""

    path: Path
    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    """What else the shell script does with it."""


LOOP = re.compile(
    r"(?:^|(?<=;)|(?<=do))[ \t]*for[ \t]+(\w+)[ \t]+in[ \t]+([^;$`*?\n{}()]+?)[ \t]*(?:;|\n)\s*do\b", re.MULTILINE
)
"""The head of a loop over words that stand there: `for SEED in 0 1 2; do`."""
END_OF_LOOP = re.compile(r"^[ \t]*done\b[ \t]*;?|;[ \t]*done\b", re.MULTILINE)


def _first_rounds(text: str) -> tuple[str, list[str]]:
    """Return a shell script whose loops over fixed words run once, and what that leaves out."""
    heads = [(match[1], shlex.split(match[2])) for match in LOOP.finditer(text)]
    if not heads or len(heads) != len(END_OF_LOOP.findall(text)):
        return text, []
    notes = [
        f"its loop over {n} runs {len(words)} times: the study takes {words[0]}" for n, words in heads if words[1:]
    ]
    return END_OF_LOOP.sub("", LOOP.sub(lambda match: f"{match[1]}={shlex.split(match[2])[0]}\n", text)), notes


def started_by_shell(path: Path) -> StartedScript | None:
    """Return the Python script that a shell script starts with fixed words; None for any other.

    Of loops over fixed words the first round counts, of several starts of one script the first.
    """
    text = re.sub(r"\\\r?\n", " ", path.read_text(errors="replace"))
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    text, notes = _first_rounds(text)
    if CONTROL.search(text) or re.search(r"\$[@*\d]|\$\{\d|\$\(|`|:-|:=", text):
        return None
    commands = [started for command in shell_commands(text) if (started := _started_python(command))]
    if len({command.words[0] for command in commands}) != 1:
        return None
    if len(commands) > 1:
        notes.append(f"it starts {commands[0].words[0]} {len(commands)} times: the study takes the values of the first")
    script, *words = commands[0].words
    file = next((place for place in (Path(script), path.parent / script) if place.is_file()), None)
    return StartedScript(file, tuple(words), commands[0].variables, tuple(notes)) if file is not None else None


def _started_python(command: ShellCommand) -> ShellCommand | None:
    """Return a command that starts a Python file, from that file on; None for any other."""
    if not INTERPRETER.fullmatch(command.words[0]):
        return None
    words = tuple(word for word in command.words[1:] if word != "-u")
    return replace(command, words=words) if words and words[0].endswith(".py") else None


def inspect_started(path: Path) -> tuple[InspectedScript, Path] | None:
    """Return the script that a shell script starts, with its values, and its path; None for none."""
    started = started_by_shell(path)
    if started is None:
        return None
    script = with_given_words(inspect_script(started.path), started.words)
    script = _with_given_variables(script, dict(started.variables), path.name)
    script.notes.append(f"the study starts {started.path.name} with the values of {path.name}, not {path.name} itself")
    script.notes += started.notes
    return script, started.path


MAX_SHELL_SCRIPTS = 50
"""Shell scripts next to a script that are looked at."""


def with_demanded_values(script: InspectedScript, path: Path) -> InspectedScript:
    """Return a script with the values that a shell script next to it gives for options that it demands.

    The first by name that starts it and gives all of them counts; options with a default keep it.
    """
    demanded = [option for option in script.options if option.required]  # a default that stands there never counts
    folders = (path.parent, path.parent / "scripts", path.parent / "examples") if demanded else ()
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.sh"))]
    for file in files[:MAX_SHELL_SCRIPTS]:
        started = started_by_shell(file)
        if started is None or started.path.resolve() != path.resolve():
            continue
        copy = replace(script, options=[replace(option, default=None) for option in demanded], settings={})
        given = {option.name: option.default for option in with_given_words(copy, started.words).options}
        if any(given[option.name] is None for option in demanded):
            continue
        script.give_defaults({option.name: given[option.name] for option in demanded})
        names = ", ".join(option.name for option in demanded)
        script.notes.append(f"the script demands {names}: as {file.name} starts it")
        break
    return script


def with_given_words(script: InspectedScript, words: tuple[str, ...]) -> InspectedScript:
    """Return a script with the values that words give it; words of no option stay in the command."""
    by_flag = {flag: option for option in script.options for flag in _flags(option)}
    places = iter([option for option in script.options if option.positional])
    given: dict[str, Value] = {}
    extra: list[str] = []
    remaining = list(words)
    while remaining:
        flag, equals, text = remaining.pop(0).partition("=")
        option = by_flag.get(flag) if flag.startswith("-") else next(places, None)
        values = [text] if equals else [] if flag.startswith("-") else [flag]
        while flag.startswith("-") and not equals and remaining and not re.match(r"-{1,2}[A-Za-z]", remaining[0]):
            if option is not None and values and not option.listed and option.type != "list":
                break
            values.append(remaining.pop(0))
        if option is None and flag.startswith("--") and len(values) == 1 and "$" not in values[0]:
            option = _unknown(flag, values[0])
            script.options.append(option)
        value = _value(option, values) if option is not None else None
        if option is None or (value is None and not any("$" in word for word in values)):
            extra += [f"{flag}={text}"] if equals else [flag, *values] if flag.startswith("-") else [flag]
        elif value is not None:
            given[option.name] = value
    script.options = [
        replace(option, default=given[option.name], required=False) if option.name in given else option
        for option in script.options
    ]
    if extra and not any("$" in word for word in extra):
        script.settings["command_extra"] = [*extra]
    return script


def _with_given_variables(script: InspectedScript, variables: Mapping[str, str], source: str) -> InspectedScript:
    """Return a script with the variables that the shell script `source` exports.

    Those that are parameters become their values, others stay as they are.
    """
    settings = script.settings.get("env")
    known = settings if isinstance(settings, dict) else {}
    options = {str(text)[1:-1]: variable for variable, text in known.items()}
    taken = {name: text for name, text in variables.items() if not _is_left_out(name, text)}
    given = {
        option.name: value
        for option in script.options
        if (text := taken.get(options.get(option.name, ""))) and (value := _value(option, [text])) is not None
    }
    script.options = [
        replace(option, default=given[option.name], required=False) if option.name in given else option
        for option in script.options
    ]
    fixed = {name: EXPANDED.sub(r"{env.\1\2}", text) for name, text in taken.items() if name not in known}
    if fixed:
        script.settings["env"] = {**known, **fixed}
    if left := sorted(variables.keys() - taken.keys()):
        script.notes.append(f"{source} sets {', '.join(left)}, the study does not")
    return script


DISTRIBUTED_VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "RANK", "LOCAL_RANK", "WORLD_SIZE")
"""Variables of processes that belong together: one value for trials at the same time would join them."""


def _is_left_out(name: str, text: str) -> bool:
    """Return whether a variable is given by hptui itself, is a secret, or cannot be written as text."""
    is_ours = name in GPU_VARIABLES or name in DISTRIBUTED_VARIABLES
    return (
        is_ours
        or is_secret(name, text)
        or bool({"{", "}"} & {*EXPANDED.sub("", text)})
        or "$" in EXPANDED.sub("", text)
    )


def _unknown(flag: str, text: str) -> ScriptOption:
    """Return the option of a flag that the script's source does not show: one of a library's class."""
    value = _number_or_text(text)
    return ScriptOption(flag.lstrip("-"), flag.lstrip("-"), type_of(value), value)


def _flags(option: ScriptOption) -> tuple[str, ...]:
    written = option.form.flags if option.form is not None else ()
    names = (option.name, *option.aliases, option.flag)
    return (*written, *(f"--{name}" for name in names), *(f"--{name.replace('_', '-')}" for name in names))


def _value(option: ScriptOption, values: list[str]) -> Value:
    """Return what words mean as the setting of an option; None for what is not known."""
    if any("$" in word for word in values):
        return None
    if not values:
        is_off = option.form is not None and option.form.kind is FormKind.STORE_FALSE
        return not is_off if option.type == "bool" else None
    if option.type == "bool":
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(values[0].lower())
    if option.listed or option.type == "list":
        return None
    if option.type == "any":  # by a converter of the script's own
        return _number_or_text(values[0])
    value = plain_default(values[0], option.type)
    return values[0] if value is None and option.type == "str" else value


def _number_or_text(text: str) -> Value:
    number = plain_default(text, "int") if re.fullmatch(r"-?\d+", text) else plain_default(text, "float")
    return text if number is None else number
