"""`hptui report`: write the results of a study as a document, or verify a written report."""

from __future__ import annotations

from pathlib import Path

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument
from hptui.cli.output import message, write_document, write_json


@click.command(
    "report",
    help="""Write what STUDY has found as Markdown: every number and sentence computed from its recorded trials.

    With -o, facts.json is written beside it, which maps each number to its trials. A study may still be running.
    """,
)
@study_argument(required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR|FILE.md", help="Where to (default: stdout)."
)
@click.option(
    "--style", default="", metavar="STYLE", help="results (of the whole study), or hyperparameters (of its best)."
)
@click.option(
    "--figures",
    type=click.Choice(["png", "svg", "none"]),
    help="Figures in images/ beside it, each with its data as CSV (default: as the study file says, or png).",
)
@click.option(
    "--html", is_flag=True, help="Also optimization_trace.html and contour_plot.html, to look at with a mouse."
)
@click.option("--contour", default="", metavar="X,Y", help="Which two settings the contour plot shows.")
@click.option(
    "--check",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE.md",
    help="Which numbers of a report that was written no longer hold; exit code 1 if any.",
)
@json_option
@pass_context
def report_(
    context: Context,
    study: str | None,
    output: Path | None,
    style: str,
    figures: str | None,
    html: bool,
    contour: str,
    check: Path | None,
    as_json: bool,
) -> int:
    """Write or print a report, or verify the numbers of a written one; return the exit code."""
    from hptui.operations.report import report_text, write_report

    if check is not None:
        return _check(context, check, study or "", as_json=as_json)
    if study is None:
        raise click.UsageError("which study? or --check FILE.md")
    sd = context.study(study)
    if output is None:
        write_document(report_text(sd, style))
        return 0
    for path in write_report(sd, output, style, figures or ""):
        message(f"written to {path}")
    if html or contour:
        from hptui.operations.result_files import write_html

        across, _, up = contour.partition(",")
        folder = output.parent if output.suffix.lower() == ".md" else output
        for path in write_html(sd, folder, across.strip(), up.strip()):
            message(f"written to {path}")
    return 0


def _check(context: Context, path: Path, study: str, *, as_json: bool) -> int:
    from dataclasses import asdict

    from hptui.operations.report import verify_report

    verification = verify_report(context.home, path, study)
    if as_json:
        differences = [asdict(difference) for difference in verification.differences]
        write_json(
            {
                "report": str(verification.report),
                "study": verification.study,
                "numbers": verification.numbers,
                "differences": differences,
            }
        )
        return 1 if verification.differences else 0
    for difference in verification.differences:
        label = f"{verification.report}:{difference.line}: {difference.key}"
        if difference.why == "changed in the text":
            message(f"{label}: {difference.now!r} was written here, and has been changed")
        elif difference.why == "no longer said":
            message(f"{label}: {difference.text!r} would no longer be said")
        elif difference.why == "differs":
            message(f"{label}: {difference.text!r} is {difference.now!r} in the store")
        else:
            message(
                f"{label}: {difference.text!r} is from other trials now: {', '.join(map(str, difference.trials[:10]))}"
            )
    count = len(verification.differences)
    summary = f"{verification.numbers} numbers of study {verification.study}: "
    message(summary + (f"{count} {'does' if count == 1 else 'do'} not hold" if count else "all hold"))
    return 1 if count else 0
