"""`report --check` finds every edit of a report that was planted, and accuses none that nobody touched."""

import random
import re
import sqlite3
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hptui.results.document import render_markdown
from hptui.results.fact_index import fact_index_text, read_fact_index
from hptui.results.report import STYLES, compose_report
from hptui.results.report_check import compare_lines
from hptui.results.report_data import ReportData, read_report_data
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from tests.results import seeds
from tests.results.kit import view_of

ARCHIVE = Path(__file__).parents[1] / "golden" / "home.tar.xz"
STORED = ("every", "staged", "letters", "pareto", "imported")
"""Studies that once ran; together they have all that a report can have."""
NUMBER = r"(?<![\w.`-])\d+\.\d+(?![\w.%])"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The reports of the stored studies: what is rendered, and its ledger."""
    home = tmp_path_factory.mktemp("stored")
    with tarfile.open(ARCHIVE) as tar:
        names = tuple(f"home/{name}/study.db" for name in STORED)
        tar.extractall(home, [one for one in tar if one.name in names], filter="data")
    found = {}
    for name in STORED:
        document = compose_report(read_report_data(StudyDir(home / "home" / name)))
        found[name] = rendered(document)
    return found


def rendered(document):
    now = render_markdown(document)
    return now, read_fact_index(fact_index_text(document, now, "report.md"))


# edits: each takes lines and a die, and returns other lines; None where the report has nothing to edit so ------------


def substitution(pattern, change):
    """An edit of one place that the pattern matches."""

    def edit(lines, die):
        places = [(n, found) for n, line in enumerate(lines) for found in re.finditer(pattern, line)]
        die.shuffle(places)
        for n, found in places:
            other = lines[n][: found.start()] + change(found) + lines[n][found.end() :]
            if other != lines[n]:
                return [*lines[:n], other, *lines[n + 1 :]]
        return None

    return edit


def swapped(found):
    text = found[0]
    for n in range(len(text) - 1):
        if text[n].isdigit() and text[n + 1].isdigit() and text[n] != text[n + 1]:
            return text[:n] + text[n + 1] + text[n] + text[n + 2 :]
    return text


def line_edit(chosen, change):
    """An edit that puts other lines in place of one that is chosen."""

    def edit(lines, die):
        places = [n for n, line in enumerate(lines) if chosen(line)]
        n = die.choice(places) if places else None
        return None if n is None else [*lines[:n], *change(lines[n]), *lines[n + 1 :]]

    return edit


def is_row(line):
    return line.startswith("| ") and "---" not in line and bool(re.search(r"\d", line))


def is_sentence(line):
    return bool(re.match(r"(\d+\. |- )?[A-Z*`]", line)) and len(line) > 30


def columns_reordered(lines, die):
    starts = [n for n, line in enumerate(lines) if line.startswith("| ---") and line.count("|") > 4]
    if not starts:
        return None
    first = die.choice(starts) - 1
    last = first
    while last < len(lines) and lines[last].startswith("|"):
        last += 1
    rows = [re.split(r"(?<!\\)\|", line) for line in lines[first:last]]
    other = ["|".join([row[0], row[2], row[1], *row[3:]]) for row in rows]
    return [*lines[:first], *other, *lines[last:]] if other != lines[first:last] else None


def other_digit(found):
    return re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), found[0], count=1)


EDITS = {
    "number + leading digit": substitution(NUMBER, lambda found: f"1{found[0]}"),
    "number + trailing digit": substitution(NUMBER, lambda found: f"{found[0]}7"),
    "swapped digits": substitution(NUMBER, swapped),
    "sign": substitution(r"[−+](?=\d)", lambda found: "+" if found[0] == "−" else "−"),
    "unit": substitution(r"(?<=\d )(GiB|GB|min|s|h)\b", lambda found: "MB" if "G" in found[0] else "days"),
    "better and worse": substitution(r"\b(better|worse)\b", lambda found: {"better": "worse"}.get(found[0], "better")),
    "a negation removed": substitution(
        r"\b(not |cannot|none|nothing|no )", lambda found: {"cannot": "can"}.get(found[0], "")
    ),
    "status word": substitution(r"\b(complete|failed|pruned|imported|done)\b", lambda found: "stopped"),
    "dash to number": substitution(r"(?<=\| )–(?= \|)", lambda found: "0.5"),
    "number to dash": substitution(NUMBER, lambda found: "–"),
    "row invented": line_edit(is_row, lambda line: [line, re.sub(r"\d", other_digit, line)]),
    "row deleted": line_edit(is_row, lambda line: []),
    "row duplicated": line_edit(is_row, lambda line: [line, line]),
    "sentence invented": line_edit(is_sentence, lambda line: [line, "", "The best trial is better than all others."]),
    "caveat deleted": line_edit(is_sentence, lambda line: []),
    "trial number": substitution(r"(?<=[Tt]rial )\d+", other_digit),
    "parameter name": substitution(r"\b(learning_rate|width|epochs|steps)\b", lambda found: "weight_decay"),
    "heading": substitution(r"^#+ .*", lambda found: f"{found[0]} again"),
    "device": substitution(r"Intel[^,|]*|AMD[^,|]*|NVIDIA[^,|]*", lambda found: "NVIDIA H100"),
    "version": substitution(r"hptui \d+\.\d+\.\d+", lambda found: "hptui 9.9.9"),
    "prune reason": substitution(r"median \d|stop rule|worse than", lambda found: "a person stopped it"),
    "author's words": substitution(r"“[^”]+”", lambda found: "“as good as can be”"),
    "a sparkline": substitution(
        r"[▁▂▃▄▅▆▇█]{4}", lambda found: found[0][::-1] if found[0] != found[0][::-1] else "▁█▁█"
    ),
    "a table column reordered": columns_reordered,
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_planted_edit_is_found_and_its_line_named(written, edit):
    planted = 0
    for seed, (now, ledger) in enumerate(written.values()):
        for repeat in range(5):
            lines = now.text.split("\n")
            edited = EDITS[edit](lines, random.Random(100 * seed + repeat))
            if edited is None:
                continue
            planted += 1
            found = compare_lines("\n".join(edited), now, ledger).differences
            first = next(n for n, (one, other) in enumerate(zip(lines, edited, strict=False), 1) if one != other)
            assert found, (edit, lines[first - 1], edited[first - 1])
            assert min(abs(item.line - first) for item in found) <= 2, (edit, found, first)
            assert {item.kind for item in found} <= {"changed", "missing", "foreign"}
    assert planted >= 3, "an edit that was never planted proves nothing"


def study_by_chance(number):
    """A study of the seeds with other values, a trial less or more, and other ends."""
    die = random.Random(number)
    text, make = list(
        {
            seeds.MATH: seeds.math_trials,
            seeds.DIRECTOR: seeds.director_trials,
            seeds.MEDICAL: seeds.medical_trials,
        }.items()
    )[number % 3]
    trials = []
    for trial in make()[: die.choice([0, 1, 2, 3, 4, 5, 6, 7, 7, 15])]:
        values = {name: die.choice([value, round(die.random(), 4)]) for name, value in (trial.values or {}).items()}
        note = die.choice(["", "a|b", "<!-- own -->", "3 times `x`", "\u2028# h", "two\nlines"])
        trials.append(replace(trial, values=values, metrics={**trial.metrics, **values}, note=note))
    return ReportData(view_of(trials, text))


def test_two_hundred_untouched_reports_are_not_accused():
    started = time.process_time()
    for number in range(100):
        record = study_by_chance(number)
        for style in STYLES:
            now, ledger = rendered(compose_report(record, style))
            found = compare_lines(now.text, now, ledger)
            assert found.differences == [], number
            assert found.own == []
    assert time.process_time() - started < 60


def test_what_does_not_count(written):
    for now, ledger in written.values():
        text = "\ufeff" + now.text.replace("\n\n", "\n \n\n").replace(".\n", ".  \r\n")
        text = (
            re.sub(r"(?m)(?<=[^|]) \| (?=[^|\n])", "  |   ", text)
            .replace("--- |", "------ |")
            .replace("---: |", "-----: |")
        )
        text += "\n<!-- own -->\nMy own words: 0.5 is better.\n<!-- /own -->\n"
        found = compare_lines(text, now, ledger)
        assert found.differences == []
        assert [words for _, words in found.own] == ["My own words: 0.5 is better."]


def test_own_text_does_not_stand_for_what_is_missing(written):
    now, ledger = written["every"]
    row = next(line for line in now.text.split("\n") if is_row(line) and "0.6217" in line)
    [found] = compare_lines(now.text.replace(row, f"<!-- own -->\n{row}\n<!-- /own -->"), now, ledger).differences
    assert (found.kind, found.now) == ("missing", row)


def test_what_was_written_before_is_stale_and_what_was_edited_besides_is_changed(written):
    """A later store: the report is ours but old; a ledger that was edited with it does not help."""
    now, ledger = written["every"]
    old_lines = now.text.split("\n")
    place = next(n for n, line in enumerate(old_lines) if is_row(line) and "0.6217" in line)
    before = replace(now, pieces=[now.text.replace("0.6217", "0.7217")])
    document_ledger = replace(ledger, lines=tuple(digests(before.text)))
    found = compare_lines(before.text, now, document_ledger).differences
    assert {item.kind for item in found} == {"stale"}
    assert any(item.line == place + 1 and item.was == "0.6217" for item in found)
    edited = before.text.replace("0.5889", "0.4889", 1)
    kinds = [item.kind for item in compare_lines(edited, now, document_ledger).differences]
    assert kinds.count("changed") == 1, kinds
    assert compare_lines(edited, now, replace(ledger, lines=tuple(digests(edited)))).differences


def digests(text):
    from hptui.results.fact_index import line_digest

    return [line_digest(line) for line in text.split("\n") if line.strip()]


@pytest.fixture
def continued(tmp_path):
    """A stored study, its report and ledger, and its store after three trials more."""
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(tmp_path, [one for one in tar if one.name == "home/letters/study.db"], filter="data")
    sd = StudyDir(tmp_path / "home" / "letters")
    before = rendered(compose_report(read_report_data(sd)))
    db = sqlite3.connect(sd.db)
    [last] = db.execute("SELECT max(number) FROM trials WHERE status = 'complete'").fetchone()
    [highest] = db.execute("SELECT max(number) FROM trials").fetchone()
    [ended] = db.execute("SELECT max(ended) FROM trials").fetchone()
    names = [row[1] for row in db.execute("PRAGMA table_info(trials)")]
    row = dict(zip(names, db.execute("SELECT * FROM trials WHERE number = ?", (last,)).fetchone(), strict=True))
    for n in range(1, 4):
        began = ended + 100 * n
        new = {**row, "number": highest + n, "name": "", "created": began, "started": began, "ended": began + 50}
        db.execute(f"INSERT INTO trials VALUES ({', '.join('?' * len(names))})", [new[name] for name in names])
    db.execute(
        "INSERT INTO events(at, level, kind, message) VALUES (?, 'info', 'study_running', 'the study is running')",
        (ended + 99,),
    )
    db.execute("UPDATE study SET ended = ?", (ended + 400,))
    db.commit()
    db.close()
    return sd, before


def check_as_of(sd, text, ledger):
    from hptui.operations.report import _rendered_now

    now, then = _rendered_now(sd, ledger)
    assert then is not None
    return compare_lines(text, now, ledger, then).differences


def test_a_report_is_checked_as_of_its_own_time(continued):
    """What the store has outgrown is stale; an edit is found even if the ledger was edited to agree with it."""
    sd, (was, ledger) = continued
    found = check_as_of(sd, was.text, ledger)
    assert found
    assert {item.kind for item in found} == {"stale"}
    rows = [line for line in was.text.split("\n") if is_row(line) and re.search(NUMBER, line)]
    for edit in ("number + trailing digit", "row deleted", "row invented", "sentence invented", "swapped digits"):
        for seed in range(3):
            lines = was.text.split("\n")
            edited = EDITS[edit](lines, random.Random(seed))
            doctored = replace(ledger, lines=tuple(digests("\n".join(edited))))
            kinds = {item.kind for item in check_as_of(sd, "\n".join(edited), doctored)}
            assert kinds & {"changed", "missing", "foreign"}, (edit, seed)
    assert rows


def test_as_of_now_a_study_is_what_it_is(continued):
    from hptui.results.report_asof import record_as_of

    sd, _ = continued
    with StoreReader.open(sd) as reader:
        record, events = read_report_data(sd, reader), list(reader.events())
    assert record_as_of(record, record.asof, events) is None, "the last event says that it runs"
    first = min(trial.started for trial in record.view.trials if trial.started)
    assert record_as_of(record, first + 1e-3, events) is None, "a trial ran then"
