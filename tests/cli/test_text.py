"""Text from outside is harmless on a terminal; numbers are shown as people write them."""

import json
import math
import random

import pytest

from hptui.cli import output as text
from hptui.cli.output import OutputColumn
from hptui.core.format import clock, duration, is_format, memory, metric, number, percent, setting, settings, size
from hptui.core.masking import Numbers
from hptui.core.sanitize import sanitize
from hptui.core.study import MetricSpec

ATTACKS = [
    ("a\x9b31mb", "ab"),
    ("a\x1bPq#0\x1b\\b", "ab"),
    ("a\x1b_x\x1b\\b", "ab"),
    ("a\u202eb", "a\ufffdb"),
    ("x\x1b]52;c;AAAA", "x"),
    ("x\x1b]0;title\x07y", "xy"),
    ("t\x1b[6n", "t"),
    ("q\x1bc", "q"),
    ("n\x1b#8", "n"),
    ("k\x0e", "k\ufffd"),
    ("\x1b]8;;file:///etc/passwd\x07L\x1b]8;;\x07", "L"),
    ("\x1b[?1049l\x1b[2Jend", "end"),
    ("a\tb", "a    b"),
    ("a\nb", "a⏎b"),
    ("\ud800", "\ufffd"),
]


@pytest.mark.parametrize(("evil", "harmless"), ATTACKS)
def test_attacks(evil, harmless):
    assert sanitize(evil) == harmless


def test_settings_are_one_line_whatever_their_texts_hold():
    rng = random.Random(1)
    for _ in range(200):
        texts = ["".join(rng.choices("a{} \n\t=,", k=6)) for _ in range(3)]
        shown = settings({"a": texts[0], "b": [texts[1], 1e-5], "c": {"d": texts[2]}})
        assert shown.count("\n") == 0
        assert shown.count("⏎") == sum(text.count("\n") for text in texts)


def test_lines_are_kept_where_wanted():
    assert sanitize("a\r\nb\rc\n", lines=True) == "a\nb\ufffdc\n"


def test_nothing_that_a_terminal_obeys_survives():
    rng = random.Random(0)
    pieces = [
        "\x1b",
        "\x9b",
        "\x9d",
        "[",
        "]",
        "P",
        "\\",
        "\x07",
        "0",
        ";",
        "m",
        "a",
        "\u202e",
        "\n",
        "\r",
        "\0",
        "?",
        "h",
    ]
    for _ in range(20_000):
        text = sanitize("".join(rng.choice(pieces) for _ in range(rng.randrange(1, 25))))
        assert not [c for c in text if ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e"]


def test_length_is_bounded():
    assert sanitize("x" * 50, limit=10) == "x" * 9 + "…"


NUMBERS = {
    7.98e-06: "7.98e-06",
    2e-4: "0.0002",
    0.6097: "0.6097",
    0.583412: "0.5834",
    32: "32",
    64.0: "64",
    12345.678: "12,346",
    0.0: "0",
    -1.5: "-1.5",
    -math.inf: "-inf",
    1.5e12: "1.500e+12",
}


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers(value):
    assert number(value) == NUMBERS[value]


def test_durations_memory_and_sizes():
    assert [duration(s) for s in (3.21, 42, 2700, 9000, 300_000)] == ["3.2 s", "42 s", "~45 min", "~2.5 h", "~3.5 days"]
    assert [clock(s) for s in (0.6, 9.96, 2707, 9060)] == ["0.6 s", "0:10", "45:07", "2:31:00"]
    assert [memory(gb) for gb in (4.21, 0.083)] == ["4.2 GiB", "0.083 GiB"]
    assert [size(n) for n in (10, 2048, 3 << 30)] == ["10 B", "2.0 KiB", "3.0 GiB"]
    assert percent(0.03) == "0.0300 (3.0%)"


def test_metrics_in_their_own_format():
    def shown(value, how, unit=""):
        return metric(value, MetricSpec(format=how, unit=unit))

    assert shown(0.03, "percent") == "0.0300 (3.0%)"
    assert shown(7.98e-6, "scientific") == "7.98e-06"
    assert shown(2700.0, "duration") == "~45 min"
    assert shown(0.58341, ".4f") == "0.5834"
    assert shown(4.21, "memory") == "4.2 GiB"
    assert shown(3.0, "d", "tokens") == "3 tokens"
    assert (metric(None), metric(math.nan, MetricSpec(format=".2f"))) == ("–", "NaN")
    assert shown(0.5, "{x.__class__}") == "0.5"
    assert [is_format(text) for text in ("", ".3e", "percent", "nonsense", "{x}")] == [True, True, True, False, False]


def test_settings():
    assert setting([1, 2e-5, "a"]) == "[1, 2e-5, a]"
    assert (setting(True), setting(None), setting({"a": 1})) == ("true", "none", "{a=1}")


def test_json_has_no_nan_and_nothing_to_obey(capsys):
    text.write_json([{"x": math.nan, "y": [math.inf, 1.5], "s": "\x1b]52;c;x\x07\x9b\u202e ✓"}])
    printed = capsys.readouterr().out
    assert json.loads(printed) == [{"x": None, "y": [None, 1.5], "s": "\x1b]52;c;x\x07\x9b\u202e ✓"}]
    assert not [c for c in printed if c in "\x1b\x07\x9b\u202e"]
    assert "✓" in printed


def test_pipes_get_tabs_and_full_precision(capsys):
    rows = [{"a": 0.1234567890123, "b": None, "c": "x\ty\n", "d": [1, math.nan], "e": True, "a:shown": "0.12"}]
    text.write_rows([OutputColumn(key) for key in "abcde"], rows)
    assert capsys.readouterr().out == "a\tb\tc\td\te\n0.1234567890123\t\tx    y⏎\t[1, null]\ttrue\n"


def test_tables_on_terminals_parse_no_markup(capsys, monkeypatch):
    monkeypatch.setattr(text, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    rows = [{"n": 1, "s": "[red]a[/] [@click=app.quit]b[/]"}, {"n": None, "s": "[/]"}]
    text.write_rows([OutputColumn("n", right=True), OutputColumn("s", "[bold]s")], rows, bold=0)
    printed = capsys.readouterr().out
    assert "[red]a[/] [@click=app.quit]b[/]" in printed
    assert "[bold]s" in printed
    assert "–" in printed


def test_plain_signs_for_plain_streams():
    class Stream:
        encoding = "ascii"

    assert text.encodable("a → b ✓ ✗ – ·", Stream()) == "a -> b + x - |"


def test_json_is_indented_as_the_standard_library_does(capsys):
    rows = [{"step": n, "value": n / 3, "seconds": 1e-9 * n} for n in range(5)]
    rows[3] = {"step": 3, "value": None, "seconds": 0.1, "nonfinite": "nan"}
    odd = [{"a%": 1, "b": 0.5}, {"b": 2, "a%": 1}, {"a%": None, "b": -0.0}, {"a%": True, "b": 1e300}, {"c": "%s"}]
    documents = [
        Numbers(odd),
        {"curves": {"loss": Numbers(rows), "none": Numbers([])}, "x": {"y": [1, [2, []], {}], "z": None, "ü": "ä\n"}},
        [Numbers(rows[:1]), {}, [], True, 1.5, "a"],
        [],
        "text",
    ]
    for document in documents:
        text.write_json(document)
        assert capsys.readouterr().out == json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def test_long_lists_of_numbers_are_written_as_each_of_their_rows(capsys):
    draw = random.Random(7)
    others = [
        {"step": 1, "value": None, "nonfinite": "nan"}, {"value": 1.0, "step": 2}, {"step": True, "value": 0.5}, {},
        {"step": 3, "value": 1e308}, {"step": 2**70, "value": -0.0}, {"step": 4, "value": "100%"},
    ]  # fmt: skip
    for length in (1, 2, text.ROWS_AT_ONCE - 1, text.ROWS_AT_ONCE, text.ROWS_AT_ONCE + 1, 3 * text.ROWS_AT_ONCE + 5):
        for odd in (0, 1, 3, length):
            rows = [{"step": number, "value": draw.uniform(-9, 9)} for number in range(length)]
            for place in draw.sample(range(length), min(odd, length)):
                rows[place] = draw.choice(others)
            text.write_json({"curve": Numbers(rows)})
            assert capsys.readouterr().out == json.dumps({"curve": rows}, indent=2) + "\n"
