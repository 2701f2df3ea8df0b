"""Words and edges: what a closing line says, names that are none, zombies, and JSON that any parser reads."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from hptui.cli.run import closing_lines
from hptui.core.errors import MachineError
from hptui.core.trial import StudyState
from hptui.operations.doctor import examine
from hptui.operations.follow import exit_code
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.results.view import read_view
from hptui.store.command_queue import CommandQueue
from hptui.store.paths import list_studies
from tests.cli.conftest import call as call
from tests.operations.made import make
from tests.support import toy, trials, until


def test_a_pause_for_a_full_disk_is_no_interruption(home):
    sd = make(home, state=StudyState.PAUSED, message="disk full: free some space, then start the study again")
    view = read_view(sd)
    code = exit_code(view, hindered=True)
    text = "\n".join(closing_lines(view, code))
    assert code == 1
    assert "is paused after" in text
    assert "disk full" in text
    assert "interrupted" not in text


def test_a_study_whose_runner_has_gone_is_interrupted(home):
    view = read_view(make(home, state=StudyState.RUNNING))
    assert "interrupted: its runner has gone" in "\n".join(closing_lines(view, exit_code(view)))


def test_a_directory_whose_name_is_none_is_shown_by_the_doctor_alone(home, call):
    sd = make(home)
    for name in ("x\ny", "a copy", "\x1b]0;t\x07"):
        (home / name).mkdir()
        (home / name / "study.db").write_bytes(sd.db.read_bytes())
    assert [study.name for study in list_studies(home)] == ["made"]
    assert len(call("status").out.splitlines()) == 2
    told = [finding for finding in examine(home) if finding.check == "home" and finding.level == "warning"]
    assert len(told) == 3
    assert any("'x\\ny'" in finding.message for finding in told)
    assert "\x1b" not in call("doctor").out
    assert "did you mean 'x" not in call("trials", "x\ny").err


@pytest.mark.process
def test_a_home_with_a_newline_stays_on_its_line(home, call):
    odd = home / "ho\nme"
    make(odd)
    for words in (("status",), ("paths", "made"), ("trials", "nobody"), ("doctor",)):
        done = call("--home", str(odd), *words)
        assert "\nme" not in done.out + done.err, words


def test_a_failing_check_is_named(home, monkeypatch):
    home.mkdir()

    def fail(*_):
        raise PermissionError(13, "Permission denied", str(home))

    monkeypatch.setattr("hptui.operations.doctor._disk", fail)
    [finding] = [finding for finding in examine(home, []) if finding.level == "error" and "denied" in finding.message]
    assert finding.check == "home"


def test_an_answer_that_cannot_be_read_is_an_error_of_the_machine(home):
    queue = CommandQueue(make(home))
    queue._db.execute("ALTER TABLE commands RENAME TO elsewhere")
    with pytest.raises(MachineError, match="the answer to the request cannot be read"):
        queue.result(1)
    queue.close()


def test_json_of_values_that_are_no_numbers_can_be_read_by_any_parser(home, call, tmp_path):
    from tests.faults.poison import PoisonedStudy, at, dump, events, replace

    study = PoisonedStudy(home, tmp_path)
    for place in (6, 7, 8):
        lines = events(1.0)
        lines[place] = {**lines[place], "m": {"loss": float("nan"), "odd": float("inf"), "text": 1e308}}
        lines[3] = at(lines[3], ("settings", "learning_rate"), float("inf"))
        lines[4] = at(lines[4], ("facts", "rows"), float("-inf"))
        study.add(lambda run, lines=lines: replace(run.events, b"".join(dump(line) + b"\n" for line in lines)))
    study.add_to_store()
    study.run()

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    name = study.sd.name
    documents = [
        ("status", "--json"),
        ("trials", name, "--json"),
        ("show", name, "0", "--json"),
        ("doctor", name, "--json"),
    ]
    documents += [("space", name, "--json"), ("paths", name, "--json"), ("gc", name, "--json")]
    for words in documents:
        done = call(*words)
        assert done.out, (words, done.err)
        json.loads(done.out, parse_constant=refuse)


def test_a_runner_that_is_killed_leaves_no_zombie(home, tmp_path):
    sd = run(home, str(toy(tmp_path, trials=1, steps=500, step_seconds=0.05))).sd
    until(lambda: trials(sd)[0].last_step)
    pid = runner_status(sd)["pid"]
    assert int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == os.getpid(), "it is our child"
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{pid}").exists(), "it is reaped", seconds=10)
