"""The sentences of whole reports, read by a lint: number, articles, repeated words, units, signs, templates."""

import re
from functools import cache

import pytest

from hptui.results.fact_index import render_with_index
from hptui.results.report import compose_report
from tests.results.generated import Made

SEEDS = range(40)
NOUNS = "trial|other|setting|point|evaluation|run|epoch|step|question|seed|pair|configuration|draw|exception|length"
RULES = {
    "1 with a plural": re.compile(rf"(?<![\d.,–−-])1 (more |independent )?({NOUNS})s\b"),
    "many with a singular": re.compile(rf"(?<![\d.,])([2-9]|[1-9]\d+) (more |fresh )?({NOUNS})\b(?! trials)"),
    "1 are": re.compile(r"(?<![\d.,])1 \w+ (are|were|have|do|count)\b"),
    "many is": re.compile(r"(?<![\d.,])([2-9]|[1-9]\d+) \w+s (is|was|has|does|counts)\b"),
    "trials is": re.compile(r"\b[Tt]rials [\d, and]+ (is|was|has|does)\b"),
    "trial are": re.compile(r"\b[Tt]rial \d+ (are|were|have|do)\b"),
    "all of all": re.compile(r"\b(\d+) of the \1\b|\b(any|none) of the [12] others"),
    "a word twice": re.compile(r"\b([A-Za-z]+) \1\b"),
    "article": re.compile(r"\ba (?!one|uni|use|usa|eu)[aeiou]\w+|\ban (?!hour)[b-df-hj-np-tv-z]\w+", re.IGNORECASE),
    "unit": re.compile(r"\d GB\b|% per minute|\bGiBs\b|\d%[a-z]"),
    "sign": re.compile(r"(?<![\w.`])-\d"),
    "template": re.compile(r"\{[a-z_]+\}|\bNone\b|\bTrue\b|\bFalse\b|\bnan\b|\binf\b"),
    "spacing": re.compile(r"  (?! )|\s[,.;](?!\.)|,,|;;|\.\.(?!\.|\d)|\( | \)"),
    "brackets": re.compile(r"\([^()]*$|^[^()]*\)"),
}
"""What no sentence may have."""


@cache
def report(seed):
    return render_with_index(compose_report(Made(seed).record(), "results"), "r.md")[0]


def sentences(text):
    """The lines of prose: no table, no code, no quotation, no names."""
    inside = False
    for line in text.split("\n"):
        if line.startswith("```"):
            inside = not inside
        elif not inside and line and line[0] not in "|#<!":
            plain = re.sub(r"\*\*|^- |^\d+\. ", "", re.sub(r"“[^”]*”", "“”", re.sub(r"`[^`]*`", "`x`", line)))
            yield re.sub(r"\d+\.\.\d+\S*", "range", plain)


def problems(line):
    return [name for name, rule in RULES.items() if rule.search(line)]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_sentence_breaks_a_rule(seed):
    found = [(name, line) for line in sentences(report(seed)) for name in problems(line)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("The best of 14 equal ones would be about 1 points above their common rate.", "1 with a plural"),
        ("14 of the 14 others cannot be told apart from it", "all of all"),
        ("It cannot be told apart from any of the 2 others.", "all of all"),
        ("Trials 1 and 2 is worse.", "trials is"),
        ("12 trial is too few", "many with a singular"),
        ("1 epochs as most did", "1 with a plural"),
        ("a effect of the the setting", "article"),
        ("of the the setting", "a word twice"),
        ("4.2 GB at its peak", "unit"),
        ("it went from -3.8 to 2", "sign"),
        ("about {n} trials", "template"),
        ("that , however", "spacing"),
        ("(evidence 9.6", "brackets"),
    ],
)
def test_the_lint_finds(line, rule):
    assert rule in problems(line)


@pytest.mark.parametrize("seed", SEEDS)
def test_sentences_end_and_first_screens_are_short(seed):
    text = report(seed)
    first = text.split("\n## ")[0]
    assert len([line for line in first.split("\n") if line]) <= 12
    for line in sentences("## " + text.split("\n## ", 1)[1]):
        if not line.startswith(("x", "Cost of this trial", "Trial", "!")) and " " in line and line != "`x`":
            assert re.search(r"[.:)”*]$", line) or line.count(":") == 1, line
