"""Result files in one folder, under the names that other programs expect, and the facts that `on_end` is given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hptui.core.errors import UserError, did_you_mean
from hptui.core.masking import mask
from hptui.core.study import FILE_SETS, Study
from hptui.operations.report import write_report
from hptui.results.export.text_formats import write_atomically
from hptui.results.view import View, best_trials, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

REPORT_STYLE_OF = {"OPTIMIZATION_RESULTS.md": "results"}
"""Reports among the files, and their style."""
HTML_PAGES = ("optimization_trace.html", "contour_plot.html")
"""Names of HTML pages."""


def write_file_set(sd: StudyDir, kind: str, folder: Path, names: Mapping[str, str] | None = None) -> list[Path]:
    """Write the files that search scripts of a `kind` write; return those that were written.

    Raises: `UserError` for an unknown kind.
    """
    if kind not in FILE_SETS:
        raise UserError(f"there is no kind of results called {kind!r}", hint=did_you_mean(kind, FILE_SETS))
    return write_files(sd, FILE_SETS[kind], folder, names)


def write_files(sd: StudyDir, files: Iterable[str], folder: Path, names: Mapping[str, str] | None = None) -> list[Path]:
    """Write files, or sets of them, by their names; return those that were written.

    Each is written whole or not at all; one with nothing to say is left out.
    """
    from hptui.results.export.compatible import WRITERS

    file_names = list(dict.fromkeys(name for entry in files for name in FILE_SETS.get(entry, (entry,))))
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        written = []
        for name in file_names:
            if name in WRITERS:
                text = WRITERS[name](view, names or {})
            elif name.endswith(".html"):
                text = _html(view, reader, name)
            else:
                continue
            if text is not None:
                write_atomically(folder / name, text.encode())
                written.append(folder / name)
    for name in file_names:
        if name in REPORT_STYLE_OF:
            written += write_report(sd, folder / name, REPORT_STYLE_OF[name])
    return written


def write_html(sd: StudyDir, folder: Path, across: str = "", up: str = "") -> list[Path]:
    """Write `optimization_trace.html` and `contour_plot.html`, each a page that needs no other file."""
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        texts = {name: _html(view, reader, name, (across, up)) for name in HTML_PAGES}
    for name, text in texts.items():
        if text is not None:
            write_atomically(folder / name, text.encode())
    return [folder / name for name, text in texts.items() if text is not None]


def _html(view: View, reader: StoreReader, name: str, axes: Sequence[str] = ("", "")) -> str | None:
    from hptui.results.plots.context import PlotContext
    from hptui.results.plots.write import contour_page, trace_page

    scene = PlotContext(view, reader)
    return trace_page(scene) if name == "optimization_trace.html" else contour_page(scene, *axes)


def on_end_facts(sd: StudyDir, study: Study) -> dict[str, str]:
    """Return the facts that `on_end` is given, all of them text.

    Keys: state, message, study, directory, counts, best (number), value, params.
    """
    with StoreReader.open(sd) as reader:
        row, trials = reader.study(), reader.trials()
    best = next(iter(best_trials(study, trials)), None)
    statuses = [str(trial.status) for trial in trials]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    facts = {"study": study.name, "directory": str(sd.root), "state": str(row.state), "message": row.message or ""}
    facts |= {"counts": counts, "best": "", "value": "", "params": ""}
    if best is not None and best.values:
        facts |= {"best": str(best.number), "value": repr(best.values[study.objective.metric])}
        facts |= {"params": json.dumps(mask(dict(best.params)))}
    return facts


def write_results(sd: StudyDir, study: Study) -> list[Path]:
    """Write the report, the standard result files, and those of `[report] files`; return their paths."""
    target = Path(study.directory or ".", study.report.write)
    return [*write_files(sd, ["hptui", *study.report.files], target), *write_report(sd, target)]
