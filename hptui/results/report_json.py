"""A report as JSON: its sentences, tables and claims section by section, and every number with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hptui.core.version import __version__
from hptui.results.document import (
    Block,
    Bullets,
    CodeBlock,
    Fold,
    Heading,
    Image,
    Paragraph,
    Quote,
    ReportDocument,
    ReportTable,
    render_markdown,
)
from hptui.results.fact_index import build_fact_index, claims_in_text
from hptui.results.facts import Bold, Line, UserText, facts_of, plain_text
from hptui.results.json_output import iso_time

Json = dict[str, Any]
"""A JSON object."""


def report_json(document: ReportDocument) -> Json:
    """Return what a report says, with the trials and the stored field behind each number."""
    sheet = render_markdown(document)
    facts = {
        key: {"value": fact.value, "text": fact.text, "trials": list(fact.trials), "field": fact.field}
        for key, fact in build_fact_index(sheet).items()
    }
    parts = list(_parts(document.blocks))
    return {
        **_about(document.about),
        "answer": parts[0].get("sentences", []) if parts else [],
        "parts": parts,
        "claims": list(claims_in_text(document, sheet)),
        "facts": facts,
    }


def brief_json(about: Mapping[str, str], lines: Sequence[Line]) -> Json:
    """Return the first screen alone: each of its lines with its label and the facts in it."""
    facts = {
        fact.key: {"value": fact.value, "text": fact.text, "trials": list(fact.trials), "field": fact.field}
        for line in lines
        for fact in facts_of(line)
    }
    return {**_about(about), "answer": [_sentence(line) for line in lines], "facts": facts}


def _about(about: Mapping[str, str]) -> Json:
    """Return whose report it is, and the time of its newest record."""
    return {"hptui": __version__, **about, "asof": iso_time(float(about["asof"]))}


def _parts(blocks: Sequence[Block]) -> Iterator[Json]:
    """Yield the parts of a report in order, each with the heading that it stands under."""
    section = ""
    for block in blocks:
        match block:
            case Heading(line=line) | Fold(title=line):
                section = plain_text(line)
            case Paragraph(line=line):
                yield {"section": section, "sentences": [_sentence(line)]}
            case Bullets(lines=lines):
                yield {"section": section, "sentences": [_sentence(line) for line in lines]}
            case ReportTable(head=head, rows=rows):
                cells = [[_text(cell) for cell in row] for row in rows]
                yield {"section": section, "head": [plain_text(cell) for cell in head], "rows": cells}
            case CodeBlock(language=language, lines=lines):
                yield {"section": section, "language": language, "code": [plain_text(line) for line in lines]}
            case Quote(words=words, who=who):
                yield {"section": section, "quote": words.text, "who": who}
            case Image(path=path, caption=caption):
                yield {"section": section, "figure": path, "sentences": [_sentence(caption)]}


def _text(parts: Line) -> str:
    """Return a line as plain text; what a person wrote stands in quotation marks, as in Markdown."""
    texts = []
    for part in parts:
        text = _text(part.parts) if isinstance(part, Bold) else part if isinstance(part, str) else part.text
        texts.append(f"“{text}”" if isinstance(part, UserText) else text)
    return "".join(texts)


def _sentence(line: Line) -> Json:
    """Return a line with its label, if it begins with one in bold, and the keys of its facts."""
    label, rest = "", line
    if line and isinstance(line[0], Bold):
        label, rest = _text(line[0].parts), line[1:]
    text = _text(rest).removeprefix(":").strip() if label else _text(rest)
    return {**({"label": label} if label else {}), "text": text, "facts": [fact.key for fact in facts_of(line)]}
