"""The simple commands of a shell script: their words by its quotes, and the variables that it exports before them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from hptui.core.dataclass import dataclass

ASSIGNED = re.compile(
    r"^[ \t]*(?:export[ \t]+|local[ \t]+)?([A-Za-z_]\w*)=(\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|]*)", re.MULTILINE
)
"""`LR=3e-5`, `export TASK="mrpc"`."""
EXPANDED = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
MAX_EXPANSIONS = 5
QUOTED = r"'[^']*'|\"(?:\\.|[^\"\\])*\""
PIECES = re.compile(
    rf"(?P<kept>{QUOTED}|\\.|\$\{{[^}}]*\}})"
    r"|(?P<comment>(?:^|(?<=\s))#.*)"
    rf"|(?P<redirection>(?:(?<=\s)\d|&)?(?:<<<|<<|>>|[<>])(?:&[\d-]|\s*(?:{QUOTED}|[^\s;|&<>])+)?)"
    r"|(?P<end>&&|\|\|?|;|&)"
    r"|(?P<other>.)"
)
"""A line from left to right: quoted text keeps what is an operator elsewhere, as in `--eos '<|end|>'`."""
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """The words of one simple command, and the variables that it is given in addition to the inherited ones."""

    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()


def shell_commands(text: str) -> Iterator[ShellCommand]:
    """Yield the simple commands of a shell script without control structures, its variables expanded."""
    values = {name: value.strip("\"'") for name, value in ASSIGNED.findall(text)}
    exported: dict[str, str] = {}
    for line in text.splitlines():
        for part in _parts(line):
            try:
                words = [_expanded(word, values) for word in shlex.split(part)]
            except ValueError:
                continue
            if words[:1] == ["export"]:
                exported |= _exported(words[1:], values)
                continue
            own: dict[str, str] = {}
            while words and (words[0] == "env" or ASSIGNMENT.fullmatch(words[0])):
                own |= _exported([words.pop(0)], {})
            if words:
                yield ShellCommand(tuple(words), tuple({**exported, **own}.items()))


def _parts(line: str) -> Iterator[str]:
    """Yield the commands of one line, without redirections and comments."""
    part = ""
    for piece in PIECES.finditer(line):
        if piece["end"]:
            yield part
            part = ""
        elif not piece["redirection"] and not piece["comment"]:
            part += piece[0]
    yield part


def _exported(words: list[str], values: dict[str, str]) -> dict[str, str]:
    """Return the variables that words of `export` set; a name alone has the value assigned before."""
    given = {match[1]: match[2] for word in words if (match := ASSIGNMENT.fullmatch(word))}
    return {**{word: values[word] for word in words if word in values}, **given}


def _expanded(word: str, values: dict[str, str]) -> str:
    for _ in range(MAX_EXPANSIONS):
        word = EXPANDED.sub(lambda match: values.get(match[1] or match[2], match[0]), word)
    return word
