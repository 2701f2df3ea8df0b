"""The parts of README.md that are made from the code.   python -m tests.readme   writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from hptui.cli.main import cli
from hptui.trainers import registry
from hptui.tui.keys import key_text, keys_of_scope

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- (verbs|settings|sft|command|keys) -->\n).*?(<!-- end -->)", re.DOTALL)


def verbs() -> str:
    """Every verb with its arguments and first sentence."""
    context = click.Context(cli, info_name="hptui")
    rows = ["| verb | what it does |", "| --- | --- |"]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        arguments = " ".join(
            part for part in command.collect_usage_pieces(click.Context(command, parent=context)) if part != "[OPTIONS]"
        )
        usage = f"{name} {arguments}".strip().replace("|", "\\|")
        rows.append(f"| `hptui {usage}` | {command.get_short_help_str(200)} |")
    return "\n".join(rows) + "\n"


def settings(kind: str = "charlm") -> str:
    """The settings of a trainer."""
    rows = ["| category | setting | default | typical | what it is |", "| --- | --- | --- | --- | --- |"]
    before = None
    for info in (registry.schema(kind) or {}).values():
        category = info.category if info.category != before else ""
        before = info.category
        typical = info.typical or ", ".join(map(str, info.choices))
        default = "–" if info.required else f"`{info.default!r}`".replace("'", '"')
        rows.append(f"| {category} | `{info.name}` | {default} | {typical} | {info.help} |")
    return f"The settings of `{kind}`:\n\n" + "\n".join(rows) + "\n"


def command() -> str:
    """hptui's own keys of a `[trainer]` that is a command."""
    rows = ["| key | default | what it is |", "| --- | --- | --- |"]
    for info in (registry.schema("command") or {}).values():
        default = "" if info.required or info.default is None else json.dumps(info.default)
        shown = info.help.replace("|", "\\|")
        rows.append(f"| `{info.name}` | {f'`{default}`' if default else ''} | {shown} |")
    return "hptui's own keys of such a `[trainer]`:\n\n" + "\n".join(rows) + "\n"


WHERE = {
    "app": "everywhere",
    "table": "any table",
    "studies": "studies",
    "study": "a study",
    "trials": "its trials",
    "chart": "charts",
    "trial": "a trial",
    "records": "generated text",
    "log": "a log",
    "compare": "compare",
    "health": "health",
    "insights": "insights",
    "space": "search space",
    "report": "report",
    "system": "system",
}


def keys() -> str:
    """Every key, by where it works."""
    rows = ["| where | keys |", "| --- | --- |"]
    for scope, where in WHERE.items():
        said = [
            f"{' '.join(f'`{key_text(key)}`' for key in one.keys.split(','))} {one.label.rstrip('…').lower()}"
            for one in keys_of_scope(scope)
        ]
        rows.append(f"| {where} | {', '.join(said)} |".replace("`|`", "`\\|`"))
    return "\n".join(rows) + "\n"


PARTS = {"keys": keys, "command": command, "verbs": verbs, "settings": settings, "sft": lambda: settings("sft")}


def generated(text: str) -> str:
    """README's text with its generated parts as the code says them."""
    return BLOCK.sub(lambda block: block[1] + PARTS[block[2]]() + block[3], text)


if __name__ == "__main__":
    README.write_text(generated(README.read_text()))
