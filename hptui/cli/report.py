"""`hptui report`: the results of a study as a document."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument
from hptui.cli.text import say, tell_json


@click.command("report")
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
@pass_face
def report_(
    face: Face,
    study: str | None,
    output: Path | None,
    style: str,
    figures: str | None,
    html: bool,
    contour: str,
    check: Path | None,
    as_json: bool,
) -> int:
    """Write what STUDY has found as Markdown: every number and sentence computed from its recorded trials.

    With -o, facts.json is written beside it, which maps each number to its trials. A study may still be running.
    """
    from hptui.actions.report import report_text, write_report

    if check is not None:
        return _check(face, check, study or "", as_json=as_json)
    if study is None:
        raise click.UsageError("which study? or --check FILE.md")
    sd = face.study(study)
    if output is None:
        sys.stdout.write(report_text(sd, style))  # not cleaned: it is a file in the making, escaped by its own rules
        return 0
    for path in write_report(sd, output, style, figures or ""):
        say(f"written to {path}")
    if html or contour:
        from hptui.actions.files import write_html

        across, _, up = contour.partition(",")
        folder = output.parent if output.suffix.lower() == ".md" else output
        for path in write_html(sd, folder, across.strip(), up.strip()):
            say(f"written to {path}")
    return 0


def _check(face: Face, path: Path, study: str, *, as_json: bool) -> int:
    from dataclasses import asdict

    from hptui.actions.recheck import recheck

    found = recheck(face.home, path, study)
    if as_json:
        differences = [asdict(one) for one in found.differences]
        tell_json(
            {"report": str(found.report), "study": found.study, "numbers": found.numbers, "differences": differences}
        )
        return 1 if found.differences else 0
    for one in found.differences:
        where = f"{found.report}:{one.line}: {one.key}"
        if one.why == "changed in the text":
            say(f"{where}: {one.now!r} was written here, and has been changed")
        elif one.why == "no longer said":
            say(f"{where}: {one.text!r} would no longer be said")
        elif one.why == "differs":
            say(f"{where}: {one.text!r} is {one.now!r} in the store")
        else:
            say(f"{where}: {one.text!r} is from other trials now: {', '.join(map(str, one.trials[:10]))}")
    count = len(found.differences)
    said = f"{found.numbers} numbers of study {found.study}: "
    say(said + (f"{count} {'does' if count == 1 else 'do'} not hold" if count else "all hold"))
    return 1 if count else 0
