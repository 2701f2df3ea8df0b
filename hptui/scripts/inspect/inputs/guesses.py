"""Values for what a script demands: a middle one, the only file that fits. Each is marked as a guess."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from hptui.core.trial import Value
from hptui.scripts.inspect.ranges import rule_of, two_digits
from hptui.scripts.inspect.syntax import ScriptOption

COUNTS = (
    (re.compile(r"(?:.*_)?(?:every|freq|frequency|interval)(?:_.*)?"), 1),
    (re.compile(r"(?:.*_)?epochs?"), 10),
    (re.compile(r"(?:.*_)?(?:steps|iters|iterations|episodes)"), 1000),
)
"""How long a script trains, by the name of the parameter."""
INPUT_NAME = re.compile(
    r"(?:.*_)?(?:data|train|val|valid|test|input|image|text)?(?:path|file|filename|dir|directory|folder|root)s?"
    r"|(?:.*_)?(?:data|dataset|csv|json|jsonl|txt|input|corpus|text)s?"
)
"""Names of parameters that say what is read."""
NAMED_IN_HELP = re.compile(
    r"(?:options?|choices?|choose|one of|either|select|e\.g\.?|for example|such as|example)\b[^\[({:\"'`]{0,24}"
    r"[\[({:\"'`][\[({:\"'`\s]*([A-Za-z][\w./+-]*)",
    re.IGNORECASE,
)
"""The first value that a help text names: `choose a model: Bert, ERNIE`, `options: [mlp, cnn]`."""
LISTED_IN_HELP = re.compile(
    r"(?:^|[\s:([{\"'`])([A-Za-z][\w.-]*)[\"'`]?\s*(?:\||/)\s*[\"'`]?[A-Za-z][\w.-]*[\"'`]?(?=\s*[|/)\]},]|\s*$)"
    r"|^\W*([A-Za-z][\w.-]*)[\"'`]? or [\"'`]?[A-Za-z][\w.-]*\W*$"
)
"""The first value of a help text that lists them: `train | test`, `model (mlp/cnn)`, `adam or sgd`."""
RUN_NAME = re.compile(
    r"(?:exp|expt|experiment|run|job|session)(?:_?(?:name|id|tag|no))?|tag|name|title|comment|suffix|version"
)
"""Names of parameters that only name the run."""
NAME_OF_RUN = "hptui"
KINDS_OF_FILE = {"path", "file", "filename", "dir", "directory", "folder", "root", "input", "in", "the"}
"""Words of such names that are no part of the name of a file."""
JOINED = re.compile(r"(data|train|val|valid|test|input|image|text)(root|dir|path|file|folder|set)(?![a-z])")
"""Words of names that are written as one: `dataroot`."""
SKIPPED = {".git", ".venv", "venv", "node_modules", "__pycache__", "wandb", "runs", "outputs", "results", "tests"}
MAX_SEEN = 2000
"""Files and folders that are looked at."""


def guess_value(option: ScriptOption) -> Value:
    """Return a value for a required option: a choice, a middle value, a name, the only file that fits."""
    if option.choices:
        return next((word for word in option.choices if str(word) in ("train", "training", "fit")), option.choices[0])
    name, rule = option.name.rsplit(".", 1)[-1].lower(), rule_of(option)
    count = next((number for pattern, number in COUNTS if pattern.fullmatch(name)), None)
    if count is not None and option.type in ("int", "float", "any", "str"):
        return float(count) if option.type == "float" else count
    if option.type in ("str", "any") and RUN_NAME.fullmatch(name):
        return NAME_OF_RUN
    if option.type in ("str", "any") and INPUT_NAME.fullmatch(name) and (path := _only_file(name)):
        return path
    if option.type in ("str", "any") and rule is None and (named := NAMED_IN_HELP.search(option.help)):
        return named[1].rstrip(".")
    if option.type in ("str", "any") and rule is None and (listed := LISTED_IN_HELP.search(option.help)):
        return listed[1] or listed[2]
    if rule is None or option.type not in ("int", "float", "any"):
        return None
    middle = (rule.low + rule.high) / 2 if rule.kind in ("linear", "whole") else math.sqrt(rule.low * rule.high)
    if rule.kind == "twos":
        middle = 2.0 ** round(math.log2(middle))
    is_integer = option.type == "int" or (option.type == "any" and rule.kind in ("twos", "whole"))
    return int(middle) if is_integer else two_digits(middle)


def _only_file(name: str) -> str:
    """Return the only file or folder below here whose name has the words of an option's name.

    It is '' if there is none, or several.
    """
    words = set(re.findall(r"[a-z]+", JOINED.sub(r"\1_\2", name)))
    is_folder = bool(words & {"dir", "directory", "folder", "root"})
    wanted = words - KINDS_OF_FILE or words
    fitting = [
        path
        for path in _below(Path.cwd(), 0)
        if path.is_dir() is is_folder and wanted <= set(re.findall(r"[a-z]+", path.name.lower()))
    ]
    return fitting[0].relative_to(Path.cwd()).as_posix() if len(fitting) == 1 else ""


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())[:MAX_SEEN]
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in SKIPPED or entry.suffix == ".py" or entry.is_symlink():
            continue
        yield entry
        if depth == 0 and entry.is_dir():
            yield from _below(entry, depth + 1)
