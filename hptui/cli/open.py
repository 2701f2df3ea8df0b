"""`hptui open`, and `hptui` alone, open the screens; `hptui serve` shows them in a browser on loopback."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from hptui.cli.common import Context, pass_context, study_argument


@click.command(
    "open",
    help="""Open the screens, on all studies or on STUDY. `hptui` alone does the same.

    What runs goes on when they close. Choices that shall last stand in the config file: hptui paths names it.
    """,
)
@study_argument(required=False)
@click.option("--readonly", is_flag=True, help="Keys that change something do nothing, and say so.")
@click.option("--slow", is_flag=True, help="For slow lines: sixteen colours, a look every two seconds.")
@click.option("--ascii", "plain", is_flag=True, help="Charts and signs in plain characters.")
@click.option("--theme", metavar="NAME", help="dark, light, safe (for colour-blind eyes), ansi or ansi-light.")
@click.option("--refresh", type=click.FloatRange(min=0.1), metavar="SECONDS", help="How often to look.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@pass_context
def open_(
    context: Context,
    study: str | None,
    readonly: bool,
    slow: bool,
    plain: bool,
    theme: str | None,
    refresh: float | None,
    no_mouse: bool,
) -> int:
    """Open the screens with the options of this call put over the user's config file."""
    from hptui.operations.ownership import foreign_note, owned
    from hptui.tui.config import load_config
    from hptui.tui.open import open_screens

    config = load_config()
    config = replace(config, readonly=readonly or context.readonly, slow=slow or context.slow)
    if plain:
        config = replace(config, charts="ascii")
    if theme is not None:
        config = replace(config, theme=theme)
    if refresh is not None:
        config = replace(config, refresh=refresh)
    if no_mouse:
        config = replace(config, mouse=False)
    sd = context.study(study) if study else None
    # The owner of HOME could change what is run: nothing in it is changed or run from here.
    foreign = os.geteuid() != 0 and (foreign_note(sd) if sd else context.home.is_dir() and not owned(context.home))
    if foreign:
        config = replace(config, readonly=True)
    return open_screens(context.home, config, sd)


@click.command(
    "serve",
    help="""Show the screens in a browser, on loopback only: reach it with ssh -L PORT:127.0.0.1:PORT.

    Other users of this machine reach its loopback, too: so the address that is printed has a token, made anew at every
    start, without which nothing is shown. Needs textual-serve; where it is missing, the
    command that installs it is shown.
    """,
)
@click.option("--port", type=click.IntRange(1024, 65535), default=8642, show_default=True, help="On 127.0.0.1.")
@click.option("--write", is_flag=True, help="Keys that change something work.")
@pass_context
def serve_(context: Context, port: int, write: bool) -> int:
    """Serve the screens on loopback until interrupted; return the exit code."""
    from hptui.tui.open import serve

    return serve(context.home, port, write=write)
