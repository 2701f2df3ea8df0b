"""`hptui docs`: the documentation by topic, key or words."""

from __future__ import annotations

import sys

import click
from click.shell_completion import CompletionItem

from hptui.cli.common import refuse
from hptui.cli.output import (
    OutputColumn,
    console,
    on_terminal,
    terminal_width,
    write,
    write_fields,
    write_json,
    write_rows,
)

MAX_WIDTH = 110


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from hptui.operations.docs import rows, sections, topics

    known = topics()
    topic = incomplete.partition(".")[0]
    if "." not in incomplete or topic not in known:
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]
    keys = [f"{topic}.{key}" for section in sections(topic) for row in rows(section) for key in row.keys]
    return [CompletionItem(key) for key in dict.fromkeys(keys) if key.startswith(incomplete) and " " not in key]


@click.command(
    "docs",
    help="""Print the documentation: the list of topics, a page, or the part of a page about a key.

    `hptui docs study-file.hang_after` explains a key of the study file, `hptui docs screens.study.pause` a key of the
    screens, `hptui docs verbs.run` a verb. The pages are installed with the program.
    """,
)
@click.argument("topics", metavar="[TOPIC[.KEY]]...", nargs=-1, shell_complete=_complete)
@click.option("--search", metavar="WORDS", help="Find sections that have these words, best first.")
@click.option("--path", "as_path", is_flag=True, help="Print where the page is, or the directory of all pages.")
@click.option("--json", "as_json", is_flag=True, help="JSON.")
def docs_(topics: tuple[str, ...], search: str | None, as_path: bool, as_json: bool) -> int:
    """Print the documentation: the list of topics, pages, or the parts about keys."""
    from hptui.operations import docs

    if as_path:
        refuse({"--search": search is not None}, "--path says where pages are, and searches none")
    if search is not None:
        return _search(" ".join([search, *topics]), as_json=as_json)
    if as_path:
        paths = [str(docs.page_path(name.partition(".")[0])) for name in topics] or [str(docs.page_path())]
        if as_json:
            write_json(paths)
            return 0
        for path in paths:
            write(path)
        return 0
    if not topics:
        known = docs.topics()
        if as_json:
            write_json([{"topic": name, "summary": text} for name, text in known.items()])
        else:
            write_rows([OutputColumn("topic", "Topic"), OutputColumn("summary", "What it explains")], _rows(known))
        return 0
    texts = {name: _text(name) for name in topics}
    if as_json:
        write_json([{"topic": name, "text": text} for name, text in texts.items()], masked=False)
        return 0
    for text in texts.values():
        _show(text)
    return 0


def _rows(known: dict[str, str]) -> list[dict[str, str]]:
    return [{"topic": name, "summary": text} for name, text in known.items()]


def _text(name: str) -> str:
    from hptui.operations import docs

    topic, _, key = name.partition(".")
    docs.page_path(topic)
    return docs.about(topic, key) if key else docs.page(topic)


def _search(words: str, *, as_json: bool) -> int:
    """Print the sections that a search returns; exit code 1 if there is none."""
    from hptui.operations import docs

    matches = docs.search(words)
    if as_json:
        shown = [{"place": m.section.place, "title": m.section.title, "line": m.line} for m in matches]
        write_json(shown, masked=False)
    elif on_terminal():
        for match in matches:
            write_fields(f"hptui docs {match.section.place}")
            shown_line = f"{match.line[: terminal_width() - 6]}{'…' if len(match.line) > terminal_width() - 6 else ''}"
            write(f"    {shown_line}", masked=False)
    else:
        for match in matches:
            write_fields(match.section.place, match.line)
    if not matches:
        click.echo(f"no section has any of these words: {words}", err=True)
    return 0 if matches else 1


def _show(text: str) -> None:
    """Print Markdown: laid out on a terminal that can show it, else as it is."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    if not on_terminal() or not encoding.startswith("utf"):
        write(text.rstrip("\n"), masked=False)
        return
    from rich.markdown import Markdown

    screen = console()
    screen.print(Markdown(text, hyperlinks=False), width=min(screen.width, MAX_WIDTH))
