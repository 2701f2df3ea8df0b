"""`hptui report`: write the results of a study as a document, or verify a written report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hptui.cli.common import Context, json_option, pass_context, refuse, study_argument
from hptui.cli.output import message, write_document, write_json

if TYPE_CHECKING:
    from hptui.results.report_check import ReportDifference


@click.command(
    "report",
    help="""Write what STUDY has found as Markdown: every number and sentence computed from its recorded trials.

    The first twelve lines are its answer. With -o, facts.json is written beside it, which maps each number to its
    trials; --json prints the same sentences and facts. A study may still be running.
    """,
)
@study_argument(required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Where to: a folder, FILE.md, or FILE.html alone (default: stdout).",
)
@click.option(
    "--style", default="", metavar="STYLE", help="results (of the whole study), or hyperparameters (of its best)."
)
@click.option(
    "--figures",
    type=click.Choice(["png", "svg", "none"]),
    help="Figures in images/ beside it, each with its data as CSV (default: as the study file says, or png).",
)
@click.option("--brief", is_flag=True, help="Print the first screen alone: question, answer, how sure, what next.")
@click.option(
    "--html",
    is_flag=True,
    help="Also report.html, one file with the figures inside, and two pages to look at with a mouse.",
)
@click.option("--contour", default="", metavar="X,Y", help="Which two settings the contour plot shows.")
@click.option(
    "--check",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE.md",
    help="Which lines of a report that was written do not hold; exit code 1 if any, 2 if it cannot be checked.",
)
@json_option
@pass_context
def report_(
    context: Context,
    study: str | None,
    output: Path | None,
    style: str,
    figures: str | None,
    brief: bool,
    html: bool,
    contour: str,
    check: Path | None,
    as_json: bool,
) -> int:
    """Write or print a report, or verify the numbers of a written one; return the exit code."""
    from hptui.operations.report import FACTS_NAME, brief_text, report_as_json, report_text, write_report

    if check is not None:
        unused = {"-o": output, "--style": style, "--figures": figures, "--brief": brief, "--html": html}
        refuse({**unused, "--contour": contour}, "--check reads a report that was written: it goes with --json alone")
        return _check(context, check, study or "", as_json=as_json)
    if study is None:
        raise click.UsageError("which study? or --check FILE.md")
    needs_files = [name for name, given in (("--html", html), ("--contour", contour), ("--figures", figures)) if given]
    if output is None and needs_files:
        raise click.UsageError(f"{needs_files[0]} writes files: say where to, with -o DIR")
    if brief and (output is not None or style):
        raise click.UsageError("--brief is printed: it goes with no other option")
    if as_json and output is not None:
        raise click.UsageError(f"--json is printed: leave -o out, or read the {FACTS_NAME} that -o writes")
    sd = context.study(study)
    if as_json:
        write_json(report_as_json(sd, style, brief=brief))
        return 0
    if output is None:
        write_document(brief_text(sd) if brief else report_text(sd, style))
        return 0
    for path in write_report(sd, output, style, figures or "", html=html):
        message(f"written to {path}")
    if html or contour:
        from hptui.operations.result_files import write_html

        across, _, up = contour.partition(",")
        folder = output.parent if output.suffix.lower() in (".md", ".html") else output
        for path in write_html(sd, folder, across.strip(), up.strip()):
            message(f"written to {path}")
    return 0


def _check(context: Context, path: Path, study: str, *, as_json: bool) -> int:
    from dataclasses import asdict

    from hptui.operations.report import verify_report

    check = verify_report(context.home, path, study)
    counts = {kind: sum(item.kind == kind for item in check.differences) for kind in KINDS}
    if as_json:
        write_json(
            {
                "report": str(check.report),
                "study": check.study,
                "lines": check.lines,
                "numbers": check.numbers,
                **counts,
                "differences": [asdict(difference) for difference in check.differences],
                "own": [{"line": line, "text": text} for line, text in check.own],
                "only_numbers": check.only_numbers,
            }
        )
        return check.exit_code
    for difference in check.differences:
        message(f"{check.report}:{difference.line}: {_difference_text(difference)}")
    for number, text in check.own:
        message(f"{check.report}:{number}: own text, not checked: {_short(text)}")
    if check.only_numbers:
        message("another version of hptui wrote it in other words: only the numbers were checked")
    sentence = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    message(f"study {check.study}: {check.lines} {'line' if check.lines == 1 else 'lines'} of ours, {sentence}")
    return check.exit_code


KINDS: Mapping[str, str] = {
    "changed": "changed: {words}, where the store gives {was}",
    "missing": "missing: {now}",
    "foreign": "foreign, hptui did not write it: {text}",
    "stale": "stale: {text}",
}
"""The kinds of differences, and the sentence for one."""


def _difference_text(difference: ReportDifference) -> str:
    """Return what is wrong with a line, with the fact and the trials that it rests on."""
    text, now = difference.text, difference.now
    words = repr(difference.words) if difference.words else "a word is gone"
    if difference.kind == "changed" and not now:
        sentence = f"changed: {_short(text)}, which the store gives no more either"
    elif difference.kind == "missing" and not now:
        sentence = "missing: a line that the store gives no more either"
    elif difference.kind == "changed" and not difference.was:
        sentence = f"changed: {words} was put in"
    elif difference.kind == "stale" and not text:
        sentence = f"stale: the store gives {_short(now)} now, too" if now else f"stale: {_short(difference.was)}"
    elif difference.kind == "stale" and difference.was:
        sentence = f"stale: {words}, which is {_short(difference.was)} now"
    else:
        sentence = KINDS[difference.kind].format(
            words=words, was=_short(difference.was), now=_short(now), text=_short(text)
        )
    if not difference.key:
        return sentence
    trials = f" of {trials_text(difference.trials)}" if difference.trials else ""
    return f"{sentence} ({difference.key}{trials})"


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:119]}…")


def trials_text(numbers: tuple[int, ...]) -> str:
    """Return `trial 3`, `trials 1, 2, 5`; at most ten."""
    more = " …" if len(numbers) > 10 else ""
    return f"{'trial' if len(numbers) == 1 else 'trials'} {', '.join(map(str, numbers[:10]))}{more}"
