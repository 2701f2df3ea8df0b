"""`hptui doctor`: check this machine and the studies."""

from __future__ import annotations

from dataclasses import asdict

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument
from hptui.cli.text import OutputColumn, write_json, write_rows

LEVEL_SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command(
    "doctor",
    help="""Look over this machine and all studies in HOME, or thoroughly over STUDY. Changes nothing.

    Exit code 1 when something is wrong; a warning is not.
    """,
)
@study_argument(required=False)
@json_option
@pass_context
def doctor_(context: Context, study: str | None, as_json: bool) -> int:
    """Print the findings on this machine and its studies; return 1 if any is an error."""
    from hptui.actions.doctor import examine, worst_level

    findings = examine(context.home, [context.study(study)] if study else None)
    rows = [asdict(finding) for finding in findings]
    if as_json:
        write_json(rows)
    else:
        columns = [
            OutputColumn("level", " ", LEVEL_SIGNS.__getitem__),
            OutputColumn("check"),
            OutputColumn("study"),
            OutputColumn("message"),
        ]
        write_rows([*columns, OutputColumn("hint", "what to do")], rows)
    return 1 if worst_level(findings) == "error" else 0
