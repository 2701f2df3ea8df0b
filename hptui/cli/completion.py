"""`hptui completion`: print the script that a shell needs to complete verbs, studies and trials."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    help="""Print the completion script for SHELL (default: the one you use).

    bash: eval "$(hptui completion bash)" in ~/.bashrc; zsh the same in ~/.zshrc;
    fish: hptui completion fish > ~/.config/fish/completions/hptui.fish
    """,
)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion_(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script of a shell."""
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(f"which shell? one of {', '.join(SHELLS)}")
    completion_class = get_completion_class(name)
    assert completion_class is not None  # click supports all of SHELLS
    root = ctx.find_root().command
    sys.stdout.write(completion_class(root, {}, "hptui", "_HPTUI_COMPLETE").source() + "\n")
