"""`hptui doctor`: check this machine and the studies."""

from __future__ import annotations

from dataclasses import asdict

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument
from hptui.cli.text import Column, tell_json, tell_rows

SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command(
    "doctor",
    help="""Look over this machine and all studies in HOME, or thoroughly over STUDY. Changes nothing.

    Exit code 1 when something is wrong; a warning is not.
    """,
)
@study_argument(required=False)
@json_option
@pass_face
def doctor_(context: Face, study: str | None, as_json: bool) -> int:
    """Print the findings on this machine and its studies; return 1 if any is an error."""
    from hptui.actions.doctor import examine, worst

    findings = examine(context.home, [context.study(study)] if study else None)
    rows = [asdict(finding) for finding in findings]
    if as_json:
        tell_json(rows)
    else:
        columns = [Column("level", " ", SIGNS.__getitem__), Column("check"), Column("study"), Column("message")]
        tell_rows([*columns, Column("hint", "what to do")], rows)
    return 1 if worst(findings) == "error" else 0
