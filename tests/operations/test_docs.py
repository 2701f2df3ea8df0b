"""Pages of documentation: sections, keys, search."""

import pytest

from hptui.core.errors import UserError
from hptui.operations import docs

PAGE = """# Clocks

How time is counted, see [search](search.md#pruners) and [timers](timers.md).

![A clock](../../screenshots/clock.png)

| | |
| --- | --- |
| ![One](one.png) | ![Two](two.png) |

## [limits]

<!-- table of limits -->
| key | value | what it is |
| --- | --- | --- |
| `patience` | duration | how long to wait for a \\| sign |
| `retries` `again` | whole number | attempts |
<!-- end -->

```toml fragment
# no heading
patience = "5m"
```

### Details

Nothing counts while it sleeps, not even `drift`.

## Other limits

| key | what it is |
| --- | --- |
| `patience` | the same for others |
"""


@pytest.fixture
def _pages(tmp_path, monkeypatch):
    (tmp_path / "clocks.md").write_text(PAGE)
    (tmp_path / "timers.md").write_text(
        "# Timers\n\nTimers **ring**.\n\n## Ringing\n\nA bell rings, and rings again.\n"
    )
    monkeypatch.setattr(docs, "DIRECTORY", tmp_path)


pytestmark = pytest.mark.usefixtures("_pages")


def test_topics_have_the_first_sentence_as_their_summary():
    assert docs.topics() == {
        "clocks": "How time is counted, see search and timers.",
        "timers": "Timers ring.",
    }


def test_a_page_is_made_for_reading():
    text = docs.page("clocks")
    assert "How time is counted, see pruners" not in text
    assert "see `hptui docs search.pruners` and" in text
    assert "`hptui docs timers`." in text
    assert "png" not in text
    assert "<!--" not in text
    assert "| | |" not in text
    assert "```toml\n# no heading" in text


def test_sections_end_at_the_next_heading_and_code_has_none():
    parts = docs.sections("clocks")
    assert [(part.title, part.level, part.place) for part in parts] == [
        ("Clocks", 1, "clocks"),
        ("[limits]", 2, "clocks.limits"),
        ("Details", 3, "clocks.details"),
        ("Other limits", 2, "clocks.other-limits"),
    ]
    assert parts[1].text.endswith("```")


def test_rows_of_tables_document_keys():
    rows = list(docs.rows(docs.sections("clocks")[1]))
    assert [row.keys for row in rows] == [("patience",), ("retries", "again")]
    assert rows[0].cells == (("value", "duration"), ("what it is", "how long to wait for a | sign"))


def test_a_key_is_looked_up_in_every_table_or_in_one():
    both = docs.about("clocks", "patience")
    assert both.count("## `patience`") == 2
    only = docs.about("clocks", "limits.patience")
    assert "duration" in only
    assert "others" not in only
    assert "whole number" in docs.about("clocks", "again")


def test_a_section_is_looked_up_with_what_is_below_it():
    text = docs.about("clocks", "limits")
    assert text.startswith("## [limits]")
    assert "Nothing counts" in text
    assert "Other limits" not in text


def test_a_word_that_no_table_has_is_looked_up_in_paragraphs():
    assert docs.about("clocks", "drift") == "## Details\n\nNothing counts while it sleeps, not even `drift`.\n"


@pytest.mark.parametrize(
    ("topic", "key", "hint"),
    [
        ("clocks", "patiense", "did you mean 'patience'?"),
        ("timers", "patience", "did you mean 'clocks.patience'?"),
        ("clocks", "zebra", "hptui docs --search zebra"),
    ],
)
def test_a_key_that_is_nowhere_names_the_nearest(topic, key, hint):
    with pytest.raises(UserError) as caught:
        docs.about(topic, key)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("topic", "hint"), [("clock", "did you mean 'clocks'?"), ("retries", "did you mean 'clocks.retries'?")]
)
def test_a_page_that_is_not_there_names_the_nearest(topic, hint):
    with pytest.raises(UserError, match="there is no page") as caught:
        docs.page(topic)
    assert caught.value.hint == hint


def test_a_search_ranks_sections_with_all_words_first():
    places = [match.section.place for match in docs.search("ring bell")]
    assert places == ["timers.ringing", "timers"]
    assert docs.search("patience")[0].line == "patience · duration · how long to wait for a | sign"
    assert docs.search("zebra") == []


def test_a_search_finds_words_by_their_beginning_and_names_the_line():
    [match] = docs.search("sleep")
    assert (match.section.place, match.line) == ("clocks.details", "Nothing counts while it sleeps, not even drift.")
