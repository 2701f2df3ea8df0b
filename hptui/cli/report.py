"""`hptui report`: the results of a study as a document."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hptui.cli.common import Face, pass_face, study_argument
from hptui.cli.text import say


@click.command("report")
@study_argument()
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
@pass_face
def report_(
    face: Face, study: str, output: Path | None, style: str, figures: str | None, html: bool, contour: str
) -> None:
    """Write what STUDY has found as Markdown: every number and sentence computed from its recorded trials.

    With -o, facts.json is written beside it, which maps each number to its trials. A study may still be running.
    """
    from hptui.actions.report import report_text, write_report

    sd = face.study(study)
    if output is None:
        sys.stdout.write(report_text(sd, style))  # not cleaned: it is a file in the making, escaped by its own rules
        return
    for path in write_report(sd, output, style, figures or ""):
        say(f"written to {path}")
    if html or contour:
        from hptui.actions.files import write_html

        across, _, up = contour.partition(",")
        folder = output.parent if output.suffix.lower() == ".md" else output
        for path in write_html(sd, folder, across.strip(), up.strip()):
            say(f"written to {path}")
