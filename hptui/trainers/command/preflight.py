"""Before a study starts: is everything there that the command needs, and does the script know its parameters?

The script is asked with `--help` (or as the study says), which runs its imports and nothing else.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hptui.model.errors import nearest
from hptui.model.trial import Value
from hptui.trainers.command import configfile
from hptui.trainers.command.compose import Composed, compose
from hptui.trainers.command.flags import as_declared
from hptui.trainers.command.hearing import DEAF, deaf, declared, listed, seen, unknown_constants
from hptui.trainers.command.program import absolute, hides_the_tap, resolve, script_of
from hptui.trainers.command.settings import Spec, misspelt, read
from hptui.trainers.command.styles import STYLES, Style, flat, read_style, spelled
from hptui.trainers.metrics_in.files import read_specs
from hptui.trainers.outcome import Failure

PATIENCE = 120.0
FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][\w.-]*)")
CONFIG_KEY = re.compile(r"^(\s*)(?:- )?([A-Za-z_][\w.-]*):(?:\s|$)")
POSITIONAL = re.compile(r"^\s+([A-Z][A-Z0-9_]*)\s*$", re.MULTILINE)
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found: `warnings` are sentences for a person, `words` the command of the configuration looked at."""

    words: Sequence[str]
    warnings: list[str] = field(default_factory=list)


def preflight(
    settings: Mapping[str, Value], directory: str, *, parallel: int = 1, repeated: bool = False, ask: bool = True
) -> Looked:
    """Look at a configuration of a study. What cannot be right at all is a `UserError`, what is doubtful a warning."""
    spec, place = read(settings), Path(directory or ".").absolute()
    output = place / "TRIAL"
    composed = compose(spec, _facts(place, output), place, output)
    read_specs(spec.own.metrics)
    warnings = [
        f"trainer.{name}: goes to the script as a parameter; {hint}" for name, hint in misspelt(settings).items()
    ]
    try:
        work = _work(spec, composed, place)
        program = absolute(composed.words[0], resolve(composed.words[:1]), work or place)
    except Failure as failure:
        return Looked(composed.words, [*warnings, f"trainer.command: {failure}"])
    words = [program, *composed.words[1:]]
    missing = list(_script(words, work)) if work else []
    warnings += [*missing, *_places(spec, composed, parallel=parallel, repeated=repeated)]
    if hidden := hides_the_tap(words) if spec.own.tap else "":
        warnings.append(f"trainer.tap: {hidden}; metrics come from the script's files and output")
    warnings += _config(spec, composed, place)
    if ask and not missing and spec.own.help is not False:
        warnings += _known(spec, composed, words, work or place)
    return Looked(words, warnings)


def _work(spec: Spec, composed: Composed, place: Path) -> Path | None:
    """Where the script runs; None for what is only made with the trial."""
    work = place / composed.places.fill(spec.own.workdir, "workdir")
    return work if work.is_dir() else None


def _facts(directory: Path, output: Path) -> dict[str, str]:
    known = dict.fromkeys(("gpu", "checkpoint"), "")
    known |= {"number": "0", "attempt": "1", "seed": "0", "threads": "1", "port": "29500", "python": sys.executable}
    return {**known, "trial_dir": str(output), "study_dir": str(directory), "cache": str(output)}


def _script(words: Sequence[str], place: Path) -> Iterator[str]:
    for text in words[1:]:
        if text.endswith(".py") and not (place / text).is_file():
            yield f"trainer.command: there is no file {text!r} in {place}"


def _places(spec: Spec, composed: Composed, *, parallel: int, repeated: bool) -> Iterator[str]:
    """Files that trials would share, and seeds that would never reach the script."""
    files, _ = read_specs(spec.own.metrics)
    own = ("{trial_dir}", "{number}")
    for one in files:
        if parallel > 1 and not any(mark in one.path or mark in spec.own.workdir for mark in own):
            yield f"trainer.metrics: {one.path} is one file for {parallel} trials at once; put it into {{trial_dir}}"
    texts = [*spec.own.command, *(spec.own.env or {}).values()]
    if repeated and not any("{seed}" in text for text in texts):
        yield 'trainer.command: repeated runs differ by their seed only, and nothing gives the script "{seed}"'


def _config(spec: Spec, composed: Composed, place: Path) -> Iterator[str]:
    """Parameters that the base file does not have."""
    if spec.own.config is None:
        return
    wanted = configfile.read_wanted(spec.own.config, composed.places.fill, place)
    known = configfile.paths(wanted.base)
    for name in spec.parameters:
        path = spec.called(name)
        if known and name not in composed.places.used and path not in known:
            yield f"trainer.config: the base file has no {path!r}{_perhaps(path, known)}"


def _perhaps(name: str, known: Sequence[str]) -> str:
    last = [one for one in known if one.rpartition(".")[2] == name.rpartition(".")[2]]
    close = last[0] if len(last) == 1 else nearest(name, known)
    return f"; did you mean {close!r}?" if close else ""


def _known(spec: Spec, composed: Composed, words: Sequence[str], place: Path) -> Iterator[str]:
    """Parameters that the script's help does not name, with the nearest flag."""
    style = read_style(spec.own.style)
    left = {spec.called(name): value for name, value in spec.parameters.items() if name not in composed.places.used}
    if style == "constants":
        yield from unknown_constants(left, script_of(words, place))
    if not isinstance(style, Style) or not left or spec.own.config is not None:
        return
    if not spec.own.help and (why := deaf(words, place, style.also)) is not None:
        if not why or style.also != why:
            yield f"trainer.style: the script reads no {DEAF[why]}"
        return
    asked = _asking(spec, words, place, style)
    # A configurator takes every word for a setting: its script cannot be asked, but read.
    text, problem = ("", "") if listed(words, place) and not spec.own.help else _output(asked, composed, place, spec)
    flags, keys = {*FLAG.findall(text), *_positional(text), *declared(words, place, style)}, dotted_keys(text)
    dashed = style.prefix.startswith("-")
    known = sorted(flags - {"-h", "--help"}) if dashed else keys
    if problem or not known:
        yield f"trainer.help: {' '.join(asked[1:])} does not list parameters{problem and f': {problem}'}"
        return
    unknown, style = [], as_declared(style, left, words, place)
    for name, value in flat(left):
        option = f"{style.prefix if dashed else ''}{spelled(style, name)}"
        no = f"{style.prefix}no-{spelled(style, name)}"
        if option not in known and option.replace("--", "-", 1) not in known:
            unknown.append(f"trainer.command: the script knows no {option!r}{_nearest_flag(option, known)}")
        elif isinstance(value, bool) and style.booleans_of(name) == "flag" and no in flags:
            yield f"trainer.style: {option} can be turned off by {no}; {_booleans(name, 'no')} says false, too"
        elif isinstance(value, bool) and style.booleans_of(name) == "no" and no not in flags:
            said = _booleans(name, "flag")
            yield f"trainer.style: the script knows no {no!r}; {said} says nothing where it is false"
    yield from unknown[:SHOWN]
    if len(unknown) > SHOWN:
        yield f"trainer.command: the script knows {len(unknown) - SHOWN} more parameters not"


def _booleans(name: str, how: str) -> str:
    return f'booleans = {{ {name.replace("-", "_")} = "{how}" }}'


def _positional(text: str) -> list[str]:
    """Arguments that fire lists apart from its flags, though it takes them as flags, too."""
    _, heading, rest = text.partition("POSITIONAL ARGUMENTS")
    return [f"--{name.lower()}" for name in POSITIONAL.findall(rest)] if heading else []


def _nearest_flag(option: str, known: Sequence[str]) -> str:
    """The flag that is spelt otherwise, or the nearest one."""
    plain = {re.sub(r"[-_.]", "", flag): flag for flag in known}
    close = plain.get(re.sub(r"[-_.]", "", option)) or nearest(option, known)
    if not close:
        return f"; it knows {', '.join(known[:12])}"
    styles = [name for name, style in STYLES.items() if spelled(style, option.lstrip("-")) == close.lstrip("-")]
    hint = f' (style = "{styles[0]}" spells it so)' if styles and close.lstrip("-") != option.lstrip("-") else ""
    return f"; did you mean {close!r}?{hint}"


def _asking(spec: Spec, words: Sequence[str], place: Path, style: Style) -> list[str]:
    """The command up to its script, and the words that make it list its parameters."""
    more = spec.own.help or (["--cfg", "job"] if style == STYLES["hydra"] else ["--help"])
    script, found = script_of(words, place), seen(words, place)
    for index, text in enumerate(words):
        if index and (words[index - 1] == "-m" or (script is not None and place / text == script)):
            below = [word for word in words[index + 1 :] if found and word in found.words]
            return [*words[: index + 1], *below, *more]
    return [words[0], *more]


def _output(asked: Sequence[str], composed: Composed, place: Path, spec: Spec) -> tuple[str, str]:
    """(what the script said, why that is no help)."""
    environment = {**os.environ, **composed.environment, "COLUMNS": "200", "PAGER": "cat"}
    try:
        done = subprocess.run(
            asked,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"it took more than {PATIENCE:.0f} s; help = false does not ask"
    except OSError as error:
        return "", str(error.strerror)
    said = done.stdout + done.stderr
    if done.returncode and not FLAG.search(done.stdout):
        return "", (said.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]
    return said, ""


def dotted_keys(text: str) -> list[str]:
    """The keys of a configuration printed as YAML, by dotted path."""
    found: list[str] = []
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        if match := CONFIG_KEY.match(line):
            depth = len(match[1])
            above = [(level, name) for level, name in above if level < depth]
            found.append(".".join([*(name for _, name in above), match[2]]))
            above.append((depth, match[2]))
    return found
