"""A report as one HTML file: figures inside, folded parts, the rows of trials linked to their data."""

from __future__ import annotations

import base64
import html
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence

from hptui.core import laws
from hptui.core.format import duration, memory, metric, setting, visible_metrics
from hptui.core.sanitize import sanitize
from hptui.core.trial import Role, Trial
from hptui.results.document import (
    Block,
    Bullets,
    CodeBlock,
    EndFold,
    Fold,
    Heading,
    Image,
    Paragraph,
    Quote,
    ReportDocument,
    ReportTable,
)
from hptui.results.facts import Bold, Fact, Line, Name, UserText, plain_text
from hptui.results.packing import seconds_alone
from hptui.results.record_curves import Curve
from hptui.results.report_data import ReportData
from hptui.store.records import pack_numbers

STYLE = """
body{max-width:72rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff}
table{border-collapse:collapse;margin:1rem 0;font-size:.9em;display:block;overflow-x:auto}
th,td{border:1px solid #ccc;padding:.2rem .6rem;text-align:left;vertical-align:top}td.r,th.r{text-align:right}
pre,code{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f5f5f5;padding:.6rem;overflow-x:auto}
details{margin:1rem 0;border-left:3px solid #ccc;padding-left:.8rem}summary{cursor:pointer;font-weight:600}
img{max-width:100%}figcaption{font-style:italic}figure{margin:1rem 0}svg{max-width:100%;height:6rem}
span[title]{text-decoration:underline dotted #bbb;text-underline-offset:.2em}
"""
"""The style of the page; colours differ enough for every eye."""
SCRIPT = """
addEventListener("hashchange",open_part);open_part();function open_part(){const part=location.hash&&
document.getElementById(location.hash.slice(1));for(let box=part;box;box=box.parentElement)if(box.tagName==="DETAILS")
box.open=true;if(part)part.scrollIntoView()}
"""
"""Opens a folded part when a link leads to it."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What the page may load: nothing."""
CODE_SPAN = re.compile("`([^`]+)`")
"""A name or command in a sentence, as Markdown marks it."""
MAX_LISTED = 20
"""Trials of a number that are named when the mouse is on it."""


def render_html(document: ReportDocument, record: ReportData, images: Mapping[str, bytes] | None = None) -> str:
    """Return the page; `images` are the files of the document's images by their path."""
    title = next((plain_text(b.line) for b in document.blocks if isinstance(b, Heading) and b.level == 1), "report")
    listed = [number for b in document.blocks if isinstance(b, ReportTable) for number in b.trials]
    trials = {trial.number: trial for trial in record.view.trials}
    body = [_block(block, images or {}) for block in document.blocks]
    data = [_trial(record, trials[number]) for number in sorted(set(listed)) if number in trials]
    if data:
        body += ["<h2>Data of the trials</h2>", *data]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_escaped(title)}</title><style>{STYLE}</style>"
    )
    text = "\n".join([*body, f"<script>{SCRIPT}</script>"])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{text}</body></html>\n'


def _escaped(text: str) -> str:
    return html.escape(sanitize(text))


def _block(block: Block, images: Mapping[str, bytes]) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_line(block.line)}</h{block.level}>"
        case Paragraph():
            return f"<p>{_line(block.line)}</p>"
        case Bullets():
            tag = "ol" if block.kind == "1." else "ul"
            return f"<{tag}>" + "".join(f"<li>{_line(item)}</li>" for item in block.lines) + f"</{tag}>"
        case ReportTable():
            return _table(block)
        case CodeBlock():
            return "<pre>" + "\n".join(_escaped(plain_text(line)) for line in block.lines) + "</pre>"
        case Quote():
            return f"<blockquote><p>{_escaped(block.words.text)}</p><p>({_escaped(block.who)})</p></blockquote>"
        case Image():
            return _figure(block, images)
        case Fold():
            return f"<details><summary>{_line(block.title)}</summary>"
        case EndFold():
            return "</details>"


def _figure(image: Image, images: Mapping[str, bytes]) -> str:
    data = images.get(image.path)
    caption = f"<figcaption>{_line(image.caption)}</figcaption>"
    if data is None:
        return f"<figure>{caption}</figure>"
    kind = mimetypes.guess_type(image.path)[0] or "image/png"
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return f'<figure><img alt="{_escaped(image.alt)}" src="{source}">{caption}</figure>'


def _table(table: ReportTable) -> str:
    def row(cells: Sequence[Line], tag: str, trial: int | None = None) -> str:
        parts = []
        for index, cell in enumerate(cells):
            text = _line(cell)
            if index == 0 and trial is not None:
                text = f'<a href="#trial-{trial}">{text or trial}</a>'
            kind = ' class="r"' if index in table.right else ""
            parts.append(f"<{tag}{kind}>{text}</{tag}>")
        return f"<tr>{''.join(parts)}</tr>"

    trials = table.trials or (None,) * len(table.rows)
    rows = "\n".join(row(cells, "td", trial) for cells, trial in zip(table.rows, trials, strict=True))
    return f"<table><thead>{row(table.head, 'th')}</thead>\n<tbody>\n{rows}\n</tbody></table>"


def _line(parts: Line) -> str:
    return "".join(_part(part) for part in parts)


def _part(part: str | Fact | Name | UserText | Bold) -> str:
    match part:
        case str():
            return CODE_SPAN.sub(r"<code>\1</code>", html.escape(part))
        case Fact():
            text, source = _escaped(part.text), _source(part)
            text = f"<code>{text}</code>" if part.code else text
            return f'<span title="{_escaped(source)}">{text}</span>' if source else text
        case Name(code=True):
            return f"<code>{_escaped(part.text)}</code>"
        case Name():
            return _escaped(part.text)
        case UserText():
            return f"“{_escaped(part.text)}”"
        case Bold():
            return f"<b>{_line(part.parts)}</b>"


def _source(fact: Fact) -> str:
    """Return where a number is from: its field and its trials."""
    if not fact.trials:
        return fact.field
    word = "trial" if len(fact.trials) == 1 else "trials"
    numbers = pack_numbers(fact.trials[:MAX_LISTED]).replace(",", ", ") + (
        ", …" if len(fact.trials) > MAX_LISTED else ""
    )
    return f"{fact.field} of {word} {numbers}" if fact.field else f"{word} {numbers}"


# the data of a trial ---------------------------------------------------------------------------------------------


def _trial(record: ReportData, trial: Trial) -> str:
    """Return what is recorded of a trial: how it ended, its settings, metrics, attempts and curves."""
    name = f", {trial.title or trial.name}" if trial.title or trial.name else ""
    parts = [f'<details id="trial-{trial.number}"><summary>Trial {trial.number}{_escaped(name)}</summary>']
    parts.append(_pairs("How it ended", _ending(trial)))
    if trial.role is not Role.BASE:  # the base model was not trained, so settings do not apply
        parts.append(_pairs("Settings", _settings(record, trial)))
    values = {**trial.metrics, **trial.final, **{k: v for k, v in (trial.values or {}).items() if v is not None}}
    shown = {key: _metric_text(record, trial, key, values[key]) for key in visible_metrics(values)}
    parts.append(_pairs("Metrics", shown))
    parts += [_curve(key, curve) for key, curve in record.curves.get(trial.number, {}).items()]
    return "\n".join(part for part in parts if part) + "</details>"


def _settings(record: ReportData, trial: Trial) -> dict[str, str]:
    """Return a trial's settings; `3 → 2` where another value was used than asked for."""
    texts = {}
    for name, value in record.view.settings(trial).items():
        used = trial.effective.get(name, value)
        texts[name] = setting(value) if used == value else f"{setting(value)} → {setting(used)}"
    return texts


def _metric_text(record: ReportData, trial: Trial, name: str, value: float) -> str:
    """Return a value of a metric; in brackets the latest of an objective that has no value."""
    study = record.view.study
    text = metric(value, study.metrics.get(name))
    if all(objective.metric != name for objective in study.objectives):
        return text
    return trial.mark(text) if name in (trial.values or {}) else f"({trial.mark(text)})"


def _ending(trial: Trial) -> dict[str, str]:
    rows = {"status": str(trial.status), "reason": str(trial.reason or ""), "role": str(trial.role)}
    rows |= {"stage": trial.stage, "message": trial.message, "note": _note(trial), "seed": str(trial.seed)}
    rows |= {"time": duration(trial.seconds) if trial.seconds else ""}
    rows |= {"own time": "" if (own := seconds_alone(trial)) is None else duration(own)}
    rows |= {"peak memory": "" if trial.peak_memory_gb is None else memory(trial.peak_memory_gb)}
    return {key: value for key, value in rows.items() if value}


def _note(trial: Trial) -> str:
    """Return a trial's note, in quotation marks if a person wrote it."""
    is_by_law = trial.engine == laws.ENGINE and trial.note.startswith(laws.NOTE_PREFIX)
    return trial.note if is_by_law or not trial.note else f"“{trial.note}”"


def _pairs(title: str, rows: Mapping[str, str]) -> str:
    cells = "".join(f"<tr><th>{_escaped(key)}</th><td>{_escaped(value)}</td></tr>" for key, value in rows.items())
    return f"<p>{title}</p><table>{cells}</table>" if rows else ""


def _curve(name: str, curve: Curve) -> str:
    """Return a curve as a line, with its ends in words."""
    points = list(_finite(curve))
    if len(points) < 2:
        return ""
    (first, start), (last, end) = points[0], points[-1]
    low, high = min(value for _, value in points), max(value for _, value in points)
    across, up = (last - first) or 1, (high - low) or 1.0
    places = " ".join(
        f"{600 * (step - first) / across:.1f},{96 - 90 * (value - low) / up:.1f}" for step, value in points
    )
    words = f"{name}: {setting(start)} at step {first}, {setting(end)} at step {last}"
    line = f'<polyline fill="none" stroke="#0072b2" stroke-width="2" points="{places}"/>'
    return f'<p>{_escaped(words)}</p><svg viewBox="0 0 600 100" role="img" aria-label="{_escaped(words)}">{line}</svg>'


def _finite(curve: Curve) -> Iterator[tuple[int, float]]:
    """Yield at most 300 finite points, evenly thinned."""
    points = [(step, value) for step, value, _ in curve if value - value == 0]
    every = max(1, len(points) // 300)
    yield from points[::every]
    if points and (len(points) - 1) % every:
        yield points[-1]
