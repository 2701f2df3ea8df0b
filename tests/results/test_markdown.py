"""Markdown from documents: nothing that a name or note contains changes its shape, and every fact is where it says."""

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hptui.results.document import (
    Bullets,
    CodeBlock,
    Heading,
    Paragraph,
    Quote,
    ReportDocument,
    ReportTable,
    escape_markdown,
    render_markdown,
)
from hptui.results.fact_index import read_fact_index, render_with_index
from hptui.results.facts import Bold, Fact, Name, UserText, join_parts, join_with_and, line, plain_text

EVIL = ["a|b", "`x`", "<script>alert(1)</script>", "**bold**", "# head", "[a](javascript:x)", "![i](x)", "&lt;", "1. x"]
EVIL += [
    "~~s~~",
    "_u_",
    "$x$",
    "- x",
    "> q",
    "\\",
    "```",
    "a\nb",
    "🚀 ok",
    "\u202eabc",
    "--",
    "\x1b[31mred",
    "+ x",
    "==",
]


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_data(self, data):
        self.found.append(data)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def html(markdown):
    parser = Text()
    parser.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))
    return "".join(parser.found), parser.tags


@pytest.mark.parametrize("text", EVIL)
def test_a_hostile_name_is_shown_as_it_is(text):
    shown, tags = html(render_markdown(ReportDocument((Paragraph(line("{name}", name=Name(text))),))).text)
    assert tags == ["p"]
    assert shown.strip() == visible_text(text)


def visible_text(text):
    from hptui.core.sanitize import sanitize

    return sanitize(text.replace("\n", " "))


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("code", [True, False])
def test_a_hostile_name_stays_in_its_cell(text, code):
    table = ReportTable(((Name("a"),), ("b",)), (((Name(text, code=code),), ("second",)),))
    shown, tags = html(render_markdown(ReportDocument((table,))).text)
    assert tags.count("td") == 2
    assert "second" in shown
    assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(st.text(max_size=30))
def test_any_text_stays_text(text):
    _, tags = html(escape_markdown(text, start=True))
    assert set(tags) <= {"p"}


def test_every_fact_is_where_its_place_says():
    best = Fact("best", 0.5, "0.5", (3,), "values.loss")
    document = ReportDocument(
        (
            Heading(1, ("Title",)),
            Paragraph(line("Trial {n} reached {best}, {b}.", n=Fact("n", 3, "3"), best=best, b=Bold((best,)))),
            Bullets((line("x {f}", f=Fact("pipe", "a|b", "a|b")), ("y",))),
            ReportTable((("a",), ("b",)), ((("x",), (Fact("cell", 1, "1"),)), (("y",), (best,)))),
            CodeBlock("yaml", (("lr: ", Fact("lr", 1e-4, "1e-4")),)),
            Quote(UserText("two\nlines"), "the author"),
        ),
        {"study": "s"},
    )
    sheet = render_markdown(document)
    rows = sheet.text.splitlines()
    assert len(sheet.places) == 8 - 1
    for place in sheet.places:
        assert rows[place.line - 1][place.column : place.column + len(place.text)] == place.text
    text, ledger = render_with_index(document, "r.md")
    back = read_fact_index(ledger)
    assert text == sheet.text
    assert [(p.line, p.column, p.text, p.key) for p in back.places] == [
        (p.line, p.column, p.text, p.fact.key) for p in sheet.places
    ]
    assert back.facts["best"].value == 0.5
    assert back.facts["best"].trials == (3,)
    assert json.loads(ledger)["report"] == "r.md"


def test_one_key_has_one_value():
    twice = ReportDocument((Paragraph((Fact("a", 1, "1"), " ", Fact("a", 2, "2"))),))
    with pytest.raises(AssertionError, match="two values"):
        render_with_index(twice, "r.md")


def test_a_name_that_hptui_uses_too_makes_another_fact():
    """A setting called `seconds` beside the time of the trial, wherever they stand and however often."""
    time, given = (
        Fact("trial.0.seconds", 6.61, "6.6 s", (0,), "seconds"),
        Fact("trial.0.seconds", 6.0, "6", (0,), "trainer.seconds"),
    )
    for order in ((time, given), (given, time), (time, given, time, given), (given, given, time)):
        _, ledger = render_with_index(ReportDocument((Paragraph(tuple(order)),)), "r.md")
        back = read_fact_index(ledger)
        assert len(back.facts) == 2
        assert [back.facts[place.key].value for place in back.places] == [fact.value for fact in order]
        assert {fact.field: fact.value for fact in back.facts.values()} == {"seconds": 6.61, "trainer.seconds": 6.0}


def test_lines_are_put_together():
    assert plain_text(line("a {x} c", x=Fact("b", 1, "1"))) == "a 1 c"
    assert plain_text(join_with_and(["a", Name("b"), ("c", "d")])) == "a, b and cd"
    assert plain_text(join_parts([])) == ""
