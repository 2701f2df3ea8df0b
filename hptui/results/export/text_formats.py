"""Text formats of exports (CSV, JSON, Python, shell, TOML, YAML), their quoting, and atomic writing of files.

Untrusted texts are quoted: nothing in them is run by a shell, a spreadsheet or a terminal. YAML is written so that
readers of versions 1.1 and 1.2 parse it alike: `1e-05` without a dot is a text in YAML 1.1."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.core.errors import MachineError, UserError
from hptui.core.sanitize import sanitize

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a text that spreadsheets evaluate."""


def csv_text(rows: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> str:
    """Return rows as CSV, with the columns `names` or all keys of the rows."""
    names = list(names) or list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in names])
    writer.writerows([[csv_cell(row.get(name)) for name in names] for row in rows])
    return text.getvalue()


def csv_cell(value: Any) -> str:
    """Return the text of one cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        value = json.dumps(value)
    if not isinstance(value, str):
        return str(value)
    text = f"'{value}" if value.startswith(FORMULA_STARTS) else str(value)
    if text.isascii() and text.isprintable():
        return text
    # CSV has no escapes: what a terminal would obey is spelled out, as `\x1b`.
    return CONTROL.sub(_spelled_out, text.replace("\r\n", "\n"))


def _spelled_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def python_text(value: Any, name: str) -> str:
    """Return an assignment to `name` that Python evaluates to the same value."""
    if isinstance(value, Mapping):
        lines = "".join(f"    {key!a}: {_literal(item)},\n" for key, item in value.items())
        return f"{name} = {{\n{lines}}}\n"
    lines = "".join(f"    {_literal(item)},\n" for item in value)
    return f"{name} = [\n{lines}]\n"


def _literal(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!a}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return ascii(str(value) if isinstance(value, str) else value)  # str() of a StrEnum: its repr is no literal


INVISIBLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control, bidirectional and invisible characters, and surrogates: escaped in every export."""
CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f{INVISIBLE.pattern[1:-1]}]")
"""Those, and all other controls but line breaks and tabs."""
UNQUOTABLE = re.compile(f"[\x00-\x1f{INVISIBLE.pattern[1:-1]}]")
"""Characters that quotes of a shell do not make harmless on a terminal, line breaks included."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""Lone surrogates, which cannot be encoded as UTF-8."""


def comment_lines(lines: Sequence[str]) -> str:
    """Return lines as `# ` comments; a line break within a text cannot end its comment."""
    return "".join(f"# {sanitize(line)}\n" for line in lines)


def escape_invisible(text: str) -> str:
    """Return JSON, YAML or TOML with invisible characters in its quoted texts escaped."""
    return INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def quote_text(text: str) -> str:
    """Return a text in double quotes that JSON, YAML and TOML read alike."""
    return escape_invisible(json.dumps(SURROGATE.sub("\ufffd", text), ensure_ascii=False))


def json_text(value: Any) -> str:
    """Return indented JSON; a non-finite number becomes null, since JSON has no notation for it."""
    return escape_invisible(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


PROTECTED_VARIABLES = re.compile(
    r"PATH|HOME|USER|SHELL|IFS|ENV|BASH.*|PS[0-9]|PWD|TERM|LANG|LC_.*|LD_.*|PYTHON.*|CUDA_.*"
    r"|SECONDS|S?RANDOM|LINENO|HISTCMD|EPOCHSECONDS|EPOCHREALTIME|E?UID|PPID|GROUPS|DIRSTACK|FUNCNAME|PIPESTATUS"
    r"|OPTIND|OPTARG|REPLY|OLDPWD|SHELLOPTS|SHLVL|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|COLUMNS|LINES|CDPATH|COMP_.*|_"
)
"""Environment variables that would change the shell, or the programs that it starts, and those in which a shell keeps
something of its own: what is assigned to `SECONDS`, `RANDOM` or `GROUPS` is not what is read there."""


def flags_text(value: Mapping[str, Any], *, hyphens: bool = False) -> str:
    """Return `--learning_rate=0.0002 --lr_steps=10000,20000` for a shell; None values are left out."""
    return shell_line(flag_arguments(value, hyphens=hyphens))


def flag_arguments(value: Mapping[str, Any], *, hyphens: bool = False) -> list[str]:
    """Return the flags as a list of arguments."""
    named = {key.replace("_", "-") if hyphens else key: item for key, item in value.items() if item is not None}
    return [f"--{key}={argument_text(item)}" for key, item in named.items()]


def shell_line(words: Iterable[str]) -> str:
    """Return words as one quoted line of a shell."""
    return " ".join(map(shell_word, words)) + "\n"


def shell_word(text: str) -> str:
    r"""Return a word quoted for a shell; one with control characters as `$'\033[31m'`."""
    if UNQUOTABLE.search(text) is None:
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{UNQUOTABLE.sub(_escaped_bytes, escaped)}'"


def _escaped_bytes(match: re.Match[str]) -> str:
    # In octal: a shell would read on after the two digits of \x1b if a digit follows.
    return "".join(f"\\{byte:03o}" for byte in match[0].encode("utf-8", "surrogatepass"))


def env_text(value: Mapping[str, Any], *, prefix: str = "") -> str:
    """Return `LEARNING_RATE=0.0002`, one per line, for `set -a; . FILE` and programs that read such files.

    Raises: UserError for a name that would change the shell itself, for two settings of one name, and for a value with
    control characters, which programs read differently.
    """
    lines: dict[str, str] = {}
    for key, item in value.items():
        name = prefix + re.sub(r"[^A-Za-z0-9_]", "_", key).upper()
        name = f"_{name}" if name[:1].isdigit() else name
        if PROTECTED_VARIABLES.fullmatch(name):
            raise UserError(f"{key!r} would set {name}, which the shell itself needs", hint="--prefix HP_")
        if name in lines:
            raise UserError(f"two settings would be called {name}: one is {key!r}", hint="--rename gives another name")
        if item is not None and UNQUOTABLE.search(argument_text(item)):
            problem = f"{key!r} has control characters, which readers of such files take differently"
            raise UserError(problem, hint="--format flags or json keeps them")
        if item is not None:
            lines[name] = f"{name}={shlex.quote(argument_text(item))}\n"
    return "".join(lines.values())


def argument_text(value: Any) -> str:
    """Return a value as one word: `true`, `10000,20000`, JSON for a nested value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ",".join(argument_text(item) for item in value)
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
"""Keys that need no quotes."""


def toml_text(value: Mapping[str, Any]) -> str:
    """Return one `key = value` per line; None becomes a comment, since TOML has no null."""
    lines = []
    for key, item in value.items():
        name = toml_key(key)
        lines.append(f"# {name} is none" if item is None else f"{name} = {toml_value(item)}")
    return "".join(f"{line}\n" for line in lines)


def toml_key(key: str) -> str:
    """Return a key, quoted if necessary."""
    return key if BARE_KEY.fullmatch(key) else quote_text(key)


def toml_value(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # nan and inf are valid TOML
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value if item is not None)}]"
    if isinstance(value, Mapping):
        entries = [f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None]
        return f"{{ {', '.join(entries)} }}" if entries else "{}"
    return quote_text(value) if isinstance(value, str) else str(value)


PLAIN_SCALAR = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
"""Texts that need no quotes, unless `RESERVED`."""
RESERVED_SCALARS = {"true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf", "y", "n"}
"""Words that YAML 1.1 or 1.2 does not read as text."""


def yaml_text(value: Mapping[str, Any] | Sequence[Any], indent: str = "") -> str:
    """Return block style with two spaces; lists of scalars are on one line."""
    text = ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            text += f"{indent}{_scalar_text(str(key))}:{_nested(item, indent)}"
        return text
    for item in value:
        block = _nested(item, indent)
        text += f"{indent}- {block.removeprefix(chr(10)).removeprefix(indent + '  ').removeprefix(' ')}"
    return text


def _nested(item: Any, indent: str) -> str:
    if isinstance(item, Mapping) and item:
        return "\n" + yaml_text(item, indent + "  ")
    if isinstance(item, list | tuple) and any(isinstance(entry, Mapping | list | tuple) for entry in item):
        return "\n" + yaml_text(item, indent + "  ")
    return f" {_scalar_text(item)}\n"


def _scalar_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_scalar_text(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar_text(str(key))}: {_scalar_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return (
            str(value) if PLAIN_SCALAR.fullmatch(value) and value.lower() not in RESERVED_SCALARS else quote_text(value)
        )
    return str(value)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}" if e else mantissa


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and rename it.

    A symbolic link in its place is replaced, not followed.

    Raises: MachineError if the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        # O_EXCL and O_NOFOLLOW: nobody else's file or link at the temporary name is written to.
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error
