"""`hptui serve`: show the screens in a browser on loopback, read-only or guarded by a token."""

from __future__ import annotations

import click

from hptui.cli.common import Context, pass_context


@click.command(
    "serve",
    help="""Show the screens in a browser, on loopback only: reach it with ssh -L PORT:127.0.0.1:PORT.

    Other users of this machine reach its loopback, too: so the screens are read-only, unless --write guards them with
    a token that is made anew at every start. Needs textual-serve: pip install 'hptui[serve]'.
    """,
)
@click.option("--port", type=click.IntRange(1024, 65535), default=8642, show_default=True, help="On 127.0.0.1.")
@click.option("--write", is_flag=True, help="Keys that change something work; a token in the address guards them.")
@pass_context
def serve_(context: Context, port: int, write: bool) -> int:
    """Serve the screens on loopback until interrupted; return the exit code."""
    from hptui.tui.serve import serve

    return serve(context.home, port, write=write)
