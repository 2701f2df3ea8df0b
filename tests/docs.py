"""The parts of README.md and hptui/docs that are made from the code.   python -m tests.docs   writes them anew.

A part stands between `<!-- name -->` and `<!-- end -->`. Where the code does not hold the content yet, the part is
written by hand, and tests/test_docs.py compares its keys with the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click

from hptui.cli.main import cli
from hptui.core import errors
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.studyfile.reference import render_table
from hptui.studyfile.schema import TABLES
from hptui.trainers import registry
from hptui.tui.keys import KEYS, key_text, keys_of_scope

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = ROOT / "hptui" / "docs"
PART = re.compile(r"(<!-- ([a-z][a-z ._]*) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def documents() -> list[Path]:
    """List every document that people read."""
    return [README, *sorted(PAGES.glob("*.md")), ROOT / ".github" / "CONTRIBUTING.md"]


def table(*headings: str) -> list[str]:
    """Begin a table."""
    return [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]


def row(*cells: object) -> str:
    """Write one row of a table; a `|` inside a cell is escaped."""
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


# -- the command line


def verbs() -> str:
    """Write every verb with its arguments and first sentence."""
    context = click.Context(cli, info_name="hptui")
    lines = table("verb", "what it does")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        pieces = command.collect_usage_pieces(click.Context(command, parent=context))
        arguments = " ".join(piece for piece in pieces if piece != "[OPTIONS]")
        lines.append(row(f"`{f'hptui {name} {arguments}'.strip()}`", command.get_short_help_str(200)))
    return "\n".join(lines)


EXIT_CODES = {
    0: "done",
    1: "failed: the machine, or a bug; `hptui doctor` found an error; `hptui report --check` found a difference",
    2: "usage, an invalid study file, or something that hptui cannot do",
    3: "the study ended without one usable trial",
    4: "another runner holds the study",
    5: "no such study or trial",
    130: "interrupted",
}


def exit_codes() -> str:
    """Write the exit codes of the command line."""
    return "\n".join([*table("code", "meaning"), *(row(f"`{code}`", text) for code, text in EXIT_CODES.items())])


def error_classes(base: type = errors.HptuiError, depth: int = 0) -> Iterator[tuple[int, type]]:
    """Return the errors that hptui raises, with their depth in the tree."""
    yield depth, base
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from error_classes(child, depth + 1)


def error_tree() -> str:
    """Write the tree of errors with their exit codes."""
    lines = table("error", "exit code", "what it means")
    for depth, kind in error_classes():
        parent = f" (a {kind.__base__.__name__})" if depth > 1 and kind.__base__ else ""
        summary = str(kind.__doc__).split("\n\n")[0].replace("\n", " ")
        lines.append(row(f"`{kind.__name__}`{parent}", kind.exit_code, " ".join(summary.split())))  # type: ignore[attr-defined]
    return "\n".join(lines)


STATUSES = {
    TrialStatus.WAITING: "recorded, not started yet, or to be run again",
    TrialStatus.RUNNING: "an attempt is running",
    TrialStatus.PAUSED: "has saved a checkpoint, goes on when asked to",
    TrialStatus.COMPLETE: "ended with a finite value of every objective; only such a trial has a value",
    TrialStatus.PRUNED: "ended early, because others did better or a rule says so",
    TrialStatus.FAILED: "ended without a value",
    TrialStatus.STOPPED: "ended by a person",
}
REASONS = {
    Reason.FINISHED: "trained to its end",
    Reason.PRUNER: "the pruner ended it",
    Reason.RUNG: "paused at a rung, with its state kept: it goes on if it is among the best there",
    Reason.THRESHOLD: "a stop rule ended it",
    Reason.EARLY_STOP: "the trainer ended it: more training was not worth it",
    Reason.OOM: "out of GPU memory",
    Reason.HOST_OOM: "out of host memory: killed by the kernel",
    Reason.NAN: "an objective is NaN or infinite",
    Reason.TIMEOUT: "longer than `timeout`",
    Reason.CRASH: "an error, or an exit code other than 0",
    Reason.USAGE: "a script rejected its command line",
    Reason.SETUP: "could not begin: wrong settings, a missing file, a damaged checkpoint",
    Reason.NO_METRIC: "an objective was never reported",
    Reason.HUNG: "no event for longer than `hang_after`, with `on_hang = stop`",
    Reason.UNREADABLE: "what its process left behind cannot be read; the message quotes it",
    Reason.LOST: "its process was killed or vanished; it runs again",
    Reason.REBOOT: "the machine was restarted; it runs again",
    Reason.DISK_FULL: "the disk was full; it runs again",
    Reason.GPU_FAULT: "a GPU or its driver failed; it runs again",
    Reason.FENCED: "nobody could reach it, so it was given up: nothing of it counts; it runs again",
    Reason.LIMIT: "its job came to its time limit; it runs again",
    Reason.PREEMPTED: "its job was preempted, or cancelled by somebody; it runs again",
    Reason.USER: "a person paused or stopped it",
}
ROLES = {
    Role.SEARCH: "proposed by the sampler",
    Role.BASELINE: "`[trainer]` as written",
    Role.BASE: "the untrained model, only measured",
    Role.LISTED: "a `[[trial]]` of the study file",
    Role.MANUAL: "queued by a person",
    Role.REPLICATE: "the configuration of another trial with another seed",
    Role.IMPORTED: "ran elsewhere, and was imported",
}


def statuses() -> str:
    """Write the statuses of a trial, the reasons for them, and the roles that a trial can have."""
    lines = [*table("status", "meaning"), *(row(f"`{status}`", text) for status, text in STATUSES.items()), ""]
    lines += [*table("reason", "meaning"), *(row(f"`{reason}`", text) for reason, text in REASONS.items()), ""]
    lines += [*table("role", "meaning"), *(row(f"`{role}`", text) for role, text in ROLES.items())]
    return "\n".join(lines)


# -- trainers


def settings(kind: str) -> str:
    """Write the settings of a trainer."""
    lines = table("category", "setting", "default", "typical", "what it is")
    category = None
    for info in (registry.schema(kind) or {}).values():
        first, category = (info.category if info.category != category else ""), info.category
        typical = info.typical or ", ".join(map(str, info.choices))
        default = "–" if info.required else f"`{info.default!r}`".replace("'", '"')
        lines.append(row(first, f"`{info.name}`", default, typical, info.help))
    return f"The settings of `{kind}`:\n\n" + "\n".join(lines)


def command_settings() -> str:
    """Write hptui's own keys of a `[trainer]` that is a command."""
    lines = table("key", "default", "what it is")
    for info in (registry.schema("command") or {}).values():
        default = "" if info.required or info.default is None else f"`{json.dumps(info.default)}`"
        lines.append(row(f"`{info.name}`", default, info.help))
    return "hptui's own keys of such a `[trainer]`:\n\n" + "\n".join(lines)


# -- screens

SCOPES = {
    "app": "Everywhere",
    "table": "Any table",
    "pane": "A pane of text",
    "columns": "A pane of columns",
    "studies": "Studies",
    "study": "A study",
    "trials": "Its trials",
    "chart": "Charts",
    "trial": "A trial",
    "decisions": "The runner's decisions",
    "found": "Lines of all logs",
    "records": "Generated text",
    "sample": "Texts of a trial",
    "log": "A log",
    "metrics": "All metrics",
    "compare": "Compare",
    "health": "Health",
    "insights": "Insights",
    "points": "Points of insights",
    "space": "Search space",
    "report": "Report",
    "system": "System",
}


def keys() -> str:
    """Write every key with its id, by where it works."""
    assert {key.scope for key in KEYS} == set(SCOPES)
    lines: list[str] = []
    for scope, title in SCOPES.items():
        lines += ["", f"### {title}", "", *table("id", "keys", "what it does", "verb")]
        for key in keys_of_scope(scope):
            bound = " ".join(f"`{key_text(name)}`" for name in key.keys.split(","))
            lines.append(row(f"`{key.id}`", bound, key.help, f"`{key.verb}`" if key.verb else ""))
    return "\n".join(lines[1:])


def rates() -> str:
    """Write the measured rates of false sentences, by class."""
    from tests.benchmarks.truth import table as rate_tables  # numpy and scipy: for this part alone

    totals = json.loads((ROOT / "tests" / "benchmarks" / "truth.json").read_text())
    lines, _ = rate_tables(totals)
    rows = [cell for method, cells in totals.items() if method != "digests" for cell in cells.values()]
    studies = sum(cell["studies"] for cell in rows)
    head = f"Measured on {studies:,} studies (a search cut after 8, 10, 20 and 40 trials counts for each):"
    by_engine = [line for line in lines if line.startswith("- ")]
    return "\n".join([head, "", *lines[: lines.index("")], "", *by_engine])


PARTS: dict[str, Callable[[], str]] = {
    "verbs": verbs,
    "exit codes": exit_codes,
    "errors": error_tree,
    "statuses": statuses,
    "settings of charlm": lambda: settings("charlm"),
    "settings of sft": lambda: settings("sft"),
    "settings of toy": lambda: settings("toy"),
    "settings of command": command_settings,
    "keys": keys,
    "rates": rates,
    **{f"table of {name or 'file'}": partial(render_table, name) for name in TABLES},
}


def generated(text: str) -> str:
    """Return a document with its generated parts as the code has them."""

    def fill(part: re.Match[str]) -> str:
        make = PARTS.get(part[2])
        return f"{part[1]}{make()}\n{part[4]}" if make else part[0]

    return PART.sub(fill, text)


def main() -> None:
    """Write all documents anew."""
    for path in documents():
        old = path.read_text()
        if (new := generated(old)) != old:
            path.write_text(new)
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
