"""A report that is read back says which of its numbers hold no longer, whoever changed them."""

import json
import shutil

import pytest

from hptui.core.errors import UserError
from hptui.core.version import __version__
from hptui.operations.report import verify_report, write_report
from hptui.store.store import Store
from tests.operations.made import make
from tests.support import hptui


def written(home, tmp_path, figures="none"):
    sd = make(home)
    write_report(sd, tmp_path / "out", figures=figures)
    return sd, tmp_path / "out" / "report.md"


def test_a_report_that_holds(home, tmp_path):
    _, path = written(home, tmp_path)
    found = verify_report(home, path)
    assert found.differences == []
    assert found.numbers > 50
    assert found.study == "made"
    assert verify_report(home, path.parent).report == path


def test_a_number_that_somebody_changed_is_named_with_its_line(home, tmp_path):
    _, path = written(home, tmp_path)
    lines = path.read_text().split("\n")
    index = next(n for n, line in enumerate(lines) if "0.5621" in line)
    lines[index] = lines[index].replace("0.5621", "0.4621", 1)
    lines.insert(2, "A sentence of my own, between 2 others.")
    lines += ["<!-- own -->", "Words of mine, of 2 lines.", "<!-- /own -->"]
    path.write_text("\n".join(lines))
    check = verify_report(home, path)
    foreign, changed = check.differences
    assert (foreign.line, foreign.kind, foreign.text) == (3, "foreign", "A sentence of my own, between 2 others.")
    assert (changed.line, changed.was, changed.words, changed.kind) == (index + 2, "0.5621", "0.4621", "changed")
    assert changed.trials == (3,)
    assert check.own == [(len(lines) - 1, "Words of mine, of 2 lines.")]
    assert check.exit_code == 1


def test_a_number_that_the_store_no_longer_bears_out_is_named(home, tmp_path):
    sd, path = written(home, tmp_path)
    with Store.open(sd) as store:
        store.update_trial(1, values={"loss": 0.5})
    found = verify_report(home, path)
    assert {one.kind for one in found.differences} == {"stale"}
    assert any("0.5834" in one.words and "0.5000" in one.was and 1 in one.trials for one in found.differences)
    assert all(1 <= one.line <= len(path.read_text().splitlines()) for one in found.differences)


def test_captions_are_read_back_too(home, tmp_path):
    sd, path = written(home, tmp_path, figures="png")
    assert verify_report(home, path).differences == []
    with Store.open(sd) as store:
        store.update_trial(3, values={"loss": 0.9})
    assert any(one.key.startswith("figure.objective.") for one in verify_report(home, path).differences)


def test_what_cannot_be_compared_is_said(home, tmp_path):
    sd, path = written(home, tmp_path)
    shutil.rmtree(sd.root)
    make(home)
    with pytest.raises(UserError, match="another study"):
        verify_report(home, path)
    (path.parent / "facts.json").write_text('{"format": 99}')
    with pytest.raises(UserError, match="not what a report leaves"):
        verify_report(home, path)
    (path.parent / "facts.json").unlink()
    with pytest.raises(UserError, match=r"facts\.json is not beside it"):
        verify_report(home, path)


def test_the_command_line_says_it_with_its_exit_code(home, tmp_path):
    _, path = written(home, tmp_path)
    done = hptui(home, "report", "--check", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(" lines of ours, 0 changed, 0 missing, 0 foreign, 0 stale\n")
    path.write_text(path.read_text().replace("0.5621", "0.5521"))
    done = hptui(home, "report", "--check", str(path), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["study"] == "made"
    assert all("0.5621" in one["was"] and "0.5521" in one["words"] for one in found["differences"])
    assert found["changed"] == len(found["differences"])
    assert hptui(home, "report").returncode == 2
    (home / "made").rename(home / "gone")
    assert hptui(home, "report", "--check", str(path)).returncode == 5


def test_of_another_versions_words_only_the_numbers_are_checked(home, tmp_path):
    """A number inside a longer one is another number, whatever the words around it are."""
    _, path = written(home, tmp_path)
    ledger = path.with_name("facts.json")
    ledger.write_text(ledger.read_text().replace(f'"hptui": "{__version__}"', '"hptui": "0.0.9"', 1))
    other_words = path.read_text().replace("The best trial", "The winner")
    path.write_text(other_words)
    check = verify_report(home, path)
    assert (check.differences, check.only_numbers, check.exit_code) == ([], True, 2)
    for edited in ("10.5621", "0.56217", "0.5612"):
        path.write_text(other_words.replace("0.5621", edited))
        check = verify_report(home, path)
        assert "0.5621" in check.differences[0].was
        assert check.exit_code == 1
