"""Verbs that look and verbs that ask, over studies made by hand. Nothing is run here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hptui import plugins
from hptui.core.trial import StudyState
from hptui.store.run_directory import try_lock
from tests.operations.made import EVIL, TRIALS, make, trial
from tests.support import state
from tests.support import trial as stored


def table(text):
    """A tab-separated answer as dictionaries."""
    head, *lines = text.rstrip("\n").split("\n")
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]


# the front door -------------------------------------------------------------------------------------------------


def test_without_a_verb_it_helps(call):
    done = call()
    assert done.code == 0
    for verb, text in [(name, plugins.spec("commands", name).help) for name in plugins.names("commands")]:
        assert re.search(rf"^  {verb} +{re.escape(text[:30])}", done.out, re.MULTILINE), verb


@pytest.mark.parametrize("verb", plugins.names("commands"))
def test_every_verb_has_help(call, verb):
    done = call(verb, "--help")
    assert done.code == 0
    assert f"Usage: hptui {verb}" in done.out
    assert len(done.out.splitlines()) > 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runn"], "did you mean 'run'"),
        (["study.toml"], "study.toml is a study file: hptui run study.toml"),
        (["trials"], "Missing argument 'STUDY'"),
        (["trials", "x", "--nonsense"], "No such option"),
        (["--nonsense"], "No such option"),
        (["pause", "x", "1", "--after-trials"], "for a whole study"),
        (["check"], "Missing argument"),
    ],
)
def test_usage_errors(call, words, told):
    done = call(*words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words",
    [["status"], ["trials"], ["show", "1"], ["log"], ["wait"], ["pause"], ["stop"], ["export", "best"], ["rm"], ["gc"]],
)
def test_no_such_study(call, words):
    verb, *rest = words
    done = call(verb, "nothing", *rest)
    assert (done.code, done.out) == (5, "")
    assert "there is no study 'nothing'" in done.err


@pytest.mark.parametrize("words", [["show"], ["log"], ["retry"], ["export"], ["paths"], ["stop"]])
def test_no_such_trial(call, home, words):
    make(home)
    done = call(*words, "made", "77")
    assert done.code == 5
    assert "has no trial 77" in done.err


def test_a_bug_is_one_line_and_a_file(call, home, monkeypatch):
    make(home)
    monkeypatch.setattr("hptui.results.view.read_view", lambda sd: 1 / 0)
    done = call("status", "made")
    assert done.code == 1
    assert re.search(r"a bug in hptui: ZeroDivisionError: .*\n  the whole story is in .*crash-.*txt\n", done.err)
    path = done.err.split("story is in ")[1].strip()
    assert path.startswith(str(home / "crashes"))
    assert "Traceback" in Path(path).read_text()
    assert os.stat(path).st_mode & 0o077 == 0


def test_a_bug_makes_no_home(call, home, monkeypatch, tmp_path):
    monkeypatch.setattr("hptui.cli.common.Context.study", lambda face, ref: 1 / 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert call("status", "made").code == 1
    assert not home.exists()
    assert len(list(tmp_path.glob("crash-*.txt"))) == 1


def test_a_reader_that_leaves_is_no_error(home):
    make(home)
    command = f"{sys.executable} -m hptui --home {home} show made 1 --json | head -c 10"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.stderr == ""


# looking --------------------------------------------------------------------------------------------------------


def test_status(call, home):
    make(home)
    row = table(call("status").out)[0]
    assert (row["name"], row["state"], row["trials"], row["failed"]) == ("made", "done", "7/8", "2")
    assert (row["best"], row["value"]) == ("3", "0.5621")
    shape = json.loads(call("status", "--json").out)
    assert [one["name"] for one in shape] == ["made"]
    assert json.loads(call("status", "made", "--json").out) == shape
    one = call("status", "made").out
    assert "best\ttrial 3: loss=0.5621 (learning_rate=4e-3, width=32)" in one


def test_status_of_nothing(call, home):
    done = call("status")
    assert (done.code, done.out) == (0, "")
    assert "no study in" in done.err
    assert json.loads(call("status", "--json").out) == []


def test_a_damaged_study_hides_no_other(call, home):
    make(home)
    (home / "bad").mkdir()
    (home / "bad" / "study.db").write_bytes(b"no store")
    done = call("status")
    assert [row["name"] for row in table(done.out)] == ["made"]
    assert "bad:" in done.err


def test_a_runner_that_has_gone_is_said(call, home):
    make(home, state=StudyState.RUNNING)
    assert table(call("status").out)[0]["state"] == "running, runner gone"
    sd = make(home / "other", state=StudyState.RUNNING)
    with try_lock(sd.lock):
        assert table(call("--home", home / "other", "status").out)[0]["state"] == "running"


def test_trials(call, home):
    make(home)
    rows = table(call("trials", "made").out)
    assert [row["number"] for row in rows] == [str(number) for number in range(8)]
    assert rows[0]["learning_rate"] == "0.0002"
    assert (rows[1]["loss"], rows[1]["seconds"], rows[1]["note"]) == ("0.5834", "50.0", "good, as hoped")
    assert rows[6]["loss"] == ""  # no result; what it showed is for people and in the JSON
    assert "\x1b" not in rows[6]["note"]
    assert json.loads(call("trials", "made", "--json").out)[3]["name"] == "winner"


def test_trials_chosen_and_sorted(call, home):
    make(home)

    def numbers(*words):
        return [row["number"] for row in table(call("trials", "made", *words).out)]

    assert numbers("--status", "failed") == ["4", "6"]
    assert numbers("--sort", "loss")[:4] == ["3", "1", "0", "2"]
    assert numbers("--sort", "-loss", "--status", "complete") == ["2", "0", "1", "3"]
    assert numbers("--sort", "loss", "--status", "complete", "--top", "1") == ["3"]
    rows = table(call("trials", "made", "--columns", "number,accuracy,depth,role").out)
    assert rows[1] == {"number": "1", "accuracy": "0.03", "depth": "4", "role": "search"}
    done = call("trials", "made", "--columns", "number,witdh")
    assert done.code == 2
    assert "did you mean 'width'" in done.err
    assert call("trials", "made", "--sort", "nothing").code == 2


def test_people_see_what_differs_and_what_is_no_result(call, home, monkeypatch):
    make(home)
    monkeypatch.setattr("hptui.cli.output.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    printed = call("trials", "made").out
    assert "32 → 30" in printed
    assert "(NaN)" in printed


def test_columns_of_the_report_and_their_headings(call, home, monkeypatch):
    from tests.operations.made import FILE

    text = FILE + '\n    [report]\n    columns = [{ width = "Breite" }, "accuracy", "seconds"]\n'
    make(home, text=text)
    assert list(table(call("trials", "made").out)[0])[4:7] == ["width", "accuracy", "seconds"]
    monkeypatch.setattr("hptui.cli.output.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    printed = call("trials", "made").out
    assert "Breite" in printed
    assert "0.0300 (3.0%)" in printed


def test_show(call, home):
    make(home)
    done = call("show", "made", "best")
    assert "trial\t3 winner of made" in done.out
    assert "values\tloss=0.5621" in done.out
    shape = json.loads(call("show", "made", "6", "--json").out)
    assert shape["nonfinite"] == {"loss": "nan"}
    assert shape["note"] == EVIL
    assert call("show", "made", "6").out.count("nan") >= 1


def test_log(call, home):
    sd = make(home)
    done = call("log", "made", "4")
    assert done.out.splitlines()[:2] == ["hello from 4", "CUDA out of memory"]
    assert str(sd.attempt(4, 1) / "log.txt") in done.err
    assert call("log", "made", "4", "-n", "1").out.strip() == "CUDA out of memory"
    assert call("log", "made", "4", "-n", "0").out == ""
    assert call("log", "made", "7").code == 5
    assert call("log", "made", "4", "--attempt", "9").code == 5
    (sd.attempt(1, 1) / "log.txt").write_bytes(b"\x1b]0;pwned\x07ok \xff\x9b2J\n\x1b[31mred\nno end")
    assert call("log", "made", "1", "--follow").out == "ok \ufffd\ufffd2J\nred\nno end\n"
    assert call("log", "made").out == ""


def test_a_log_is_followed_to_the_end_of_its_attempt(home):
    sd = make(home)
    log = sd.attempt(1, 1) / "log.txt"
    with try_lock(log.parent / "lock"):
        command = [sys.executable, "-m", "hptui", "--home", str(home), "log", "made", "1", "-f", "-n", "2"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with log.open("a") as file:
            assert [process.stdout.readline(), process.stdout.readline()] == ["hello from 1\n", "\n"]
            file.write("more\nand mo")
            file.flush()
            assert process.stdout.readline() == "more\n"
            file.write("re\nlast")
        assert process.poll() is None
    rest, _ = process.communicate(timeout=20)
    assert rest == "and more\nlast\n"
    assert process.returncode == 0


def test_paths(call, home):
    sd = make(home)
    assert json.loads(call("paths", "--json").out)["home"] == str(home)
    found = json.loads(call("paths", "made", "--json").out)
    assert (found["study"], found["store"]) == (str(sd.root), str(sd.db))
    assert json.loads(call("paths", "made", "1", "--json").out)["log"] == str(sd.attempt(1, 1) / "log.txt")
    assert f"study\t{sd.root}" in call("paths", "made").out


@pytest.mark.process
def test_doctor(call, home):
    sd = make(home)
    done = call("doctor", "made")
    assert done.code == 0
    assert {row["level"] for row in table(done.out)} <= {"ok", "warning"}
    sd.db.write_bytes(b"no store")
    done = call("doctor", "--json")
    assert done.code == 1
    assert [one["study"] for one in json.loads(done.out) if one["level"] == "error"] == ["made"]


@pytest.mark.process
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(call, shell):
    assert "_HPTUI_COMPLETE" in call("completion", shell).out


def test_names_are_completed(home):
    make(home)

    def completed(line):
        words = line.split(" ")
        environment = {**os.environ, "_HPTUI_COMPLETE": "bash_complete", "HPTUI_HOME": str(home)}
        environment |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        done = subprocess.run(
            [sys.executable, "-m", "hptui"], env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        return [text.split(",")[1] for text in done.stdout.split()]

    assert "trials" in completed("hptui tr")
    assert completed("hptui trials ma") == ["made"]
    assert completed("hptui show made w") == ["winner"]
    assert completed("hptui show nothing w") == []


# asking ---------------------------------------------------------------------------------------------------------


def test_notes(call, home):
    sd = make(home)
    assert call("note", "made", "winner", "keep", "this").code == 0
    assert stored(sd, 3).note == "keep this"


def test_a_trial_is_added(call, home):
    sd = make(home, state=StudyState.PAUSED)
    done = call("add", "made", "learning_rate=1e-4", "width=64", "--name", "mine", "--note", "a try")
    assert done.code == 0
    assert "trial 8 is queued" in done.err
    found = stored(sd, 8)
    assert (found.name, found.note, found.role, found.status) == ("mine", "a try", "manual", "waiting")
    assert dict(found.params) == {"learning_rate": 1e-4, "width": 64}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["learning_rte=1e-4"], "did you mean 'learning_rate'"),
        (["width=wide"], "width: must be a whole number"),
        (["width"], "not of the form key=value"),
        (["width=1", "width=2"], "given twice"),
        ([], "would be the baseline"),
        (["width=1", "--name", "../x"], "cannot be the name"),
        (["width=1", "--name", "winner"], "exists already"),
    ],
)
def test_a_trial_that_cannot_be_is_not_added(call, home, words, told):
    sd = make(home)
    done = call("add", "made", *words)
    assert done.code == 2
    assert told in done.err
    with pytest.raises(Exception, match="no trial 8"):
        stored(sd, 8)


def test_pause_stop_and_retry_of_a_study_at_rest(call, home):
    sd = make(home, state=StudyState.PAUSED)
    assert "will run again" in call("retry", "made", "4", "5").err
    assert [stored(sd, number).status for number in (4, 5)] == ["waiting", "waiting"]
    assert call("pause", "made", "4").code == 0
    assert stored(sd, 4).status == "paused"
    assert call("stop", "made", "7", "5").code == 0
    assert [stored(sd, number).status for number in (5, 7)] == ["stopped", "stopped"]
    assert call("retry", "made", "winner").code == 2
    assert call("stop", "made", "--now").code == 0
    assert state(sd)[0] == "stopped"


def test_the_space_is_shown_and_changed(call, home, tmp_path):
    sd = make(home)
    done = call("space", "made")
    assert "learning_rate\t1e-5..0.1 log\t\t0.0002\t\tspeed" in done.out
    assert call("space", "made", "learning_rate=1e-4..1e-2 log", "--why", "too slow").code == 0
    shape = json.loads(call("space", "made", "--json").out)
    assert shape["parameters"][0]["range"] == "1e-4..0.01 log"
    assert [one["why"] for one in shape["revisions"]][1:] == ["too slow"]
    assert call("space", "made", "learning_rte=1..2").code == 2
    assert call("space", "made", "learning_rate=3..1").code == 2
    assert call("space", "made", "width=").code == 0
    assert [one["name"] for one in json.loads(call("space", "made", "--json").out)["parameters"]] == ["learning_rate"]
    assert sd.exists()


def test_rm_asks(call, home):
    sd = make(home)
    done = call("rm", "made")
    assert done.code == 2
    assert "say --yes" in done.err
    assert sd.exists()
    assert call("rm", "made", "--yes").code == 0
    assert not sd.exists()


def test_rm_and_a_runner(call, home):
    sd = make(home)
    with try_lock(sd.lock):
        assert call("rm", "made", "--yes").code == 4
    assert sd.exists()


def test_gc(call, home):
    sd = make(home)
    for number in (1, 3):
        sd.checkpoints(number).mkdir(parents=True)
        (sd.checkpoints(number) / "x").write_bytes(b"x" * 2048)
    done = call("gc", "--dry-run")
    assert [row["trial"] for row in table(done.out)] == ["1"]
    assert "2.0 KiB in 1 trials would be given back" in done.err
    assert sd.checkpoints(1).exists()
    assert [one["bytes"] for one in json.loads(call("gc", "made", "--json").out)] == [2048]
    assert sd.checkpoints(3).exists()
    assert "nothing to delete" in call("gc").err


def test_an_objective_that_no_trial_would_report_is_found_before_the_first(call, tmp_path):
    file = tmp_path / "slip.toml"
    file.write_text(
        'name = "slip"\n[objective]\nmetric = "val_los"\n[trainer]\nkind = "charlm"\n[space]\ndropout = "0..0.3"\n'
    )
    for verb in ("check", "run"):
        done = call(verb, file)
        assert done.code == 2
        assert "slip.toml: objective.metric: the trainer 'charlm' reports no 'val_los'" in done.err
        assert "did you mean 'val_loss'?" in done.err


def test_a_study_in_the_place_of_a_verb(call, home):
    make(home)
    assert "made is a study: hptui open made" in call("made").err


def test_export(call, home, tmp_path):
    make(home)
    assert "width: 32" in call("export", "made", "best").out
    done = call("export", "made", "best", "-o", tmp_path / "best.toml")
    assert (done.code, done.out) == (0, "")
    assert "width = 32" in (tmp_path / "best.toml").read_text()
    assert (
        call("export", "made", "best", "--format", "flags", "--params-only").out == "--learning_rate=0.004 --width=32\n"
    )
    assert call("export", "made").code == 2
    assert call("export", "made", "best", "--format", "xml").code == 2
    done = call("export", "made", "--archive", "-o", tmp_path)
    assert (tmp_path / "made.tar.gz").exists()
    assert "files" in done.err


def test_wait_for_what_is_over(call, home):
    make(home)
    assert call("wait", "made").code == 0
    make(home / "b", TRIALS[4:])
    assert call("--home", home / "b", "wait", "made").code == 3
    sd = make(home / "c", [trial(0, "running", ended=None)], state=StudyState.RUNNING)
    assert call("--home", home / "c", "wait", "made").code == 1
    with try_lock(sd.lock):
        assert call("--home", home / "c", "wait", "made", "--timeout", "0.2").code == 1
    make(home / "d", TRIALS[7:], state=StudyState.PAUSED, message="paused by request")
    assert call("--home", home / "d", "wait", "made").code == 0


def test_colours_go_when_asked(home):
    make(home)
    command = [sys.executable, "-m", "hptui", "--home", str(home), "--no-color", "trials", "made"]
    printed = _on_a_terminal(command)
    assert b"winner" in printed
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", printed)


def _on_a_terminal(command):
    import pty

    pid, fd = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    found = b""
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        found += data
    os.waitpid(pid, 0)
    os.close(fd)
    return found


def test_nothing_evil_reaches_a_terminal(home):
    sd = make(home)
    (sd.attempt(6, 1) / "log.txt").write_text(EVIL)
    for words in (["trials", "made"], ["show", "made", "6"], ["status", "made"], ["log", "made", "6"]):
        printed = _on_a_terminal([sys.executable, "-m", "hptui", "--home", str(home), *words])
        assert b"]52;" not in printed
        assert "\x9b".encode() not in printed
        assert "\u202e".encode() not in printed
    assert b"[red][/]" in _on_a_terminal([sys.executable, "-m", "hptui", "--home", str(home), "show", "made", "6"])


BROKEN_COMMANDS = {
    "placeholder": 'command = ["python", "{nowhere}/t.py"]',
    "no word": 'command = ["python", 3]',
    "empty": "command = []",
    "variable": 'command = ["python", "t.py"]\nenv = { LR = "{nowhere}" }',
    "names": 'command = ["python", "t.py"]\nnames = { lr = 3 }',
    "ranks": 'command = ["python", "t.py"]\nranks = "sometimes"',
    "config": 'command = ["python", "t.py", "{config}"]\nconfig = "missing.yaml"',
    "help": 'command = ["python", "t.py"]\nhelp = 3',
}


@pytest.mark.process  # some are found only after the sampler was asked for a proposal
@pytest.mark.parametrize("case", BROKEN_COMMANDS)
def test_a_mistake_in_a_command_names_file_and_key(call, tmp_path, case):
    """Whether it is found while the file is read or when the trainer looks at its settings."""
    path = tmp_path / "study.toml"
    head = 'name = "x"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "command"\n'
    path.write_text(f'{head}{BROKEN_COMMANDS[case]}\n[space]\nlr = "1e-5..1e-1 log"\n[search]\ntrials = 2\n')
    done = call("check", str(path))
    assert done.code == 2
    assert done.err.startswith(f"hptui: {path}: trainer.")
    assert "Traceback" not in done.err
