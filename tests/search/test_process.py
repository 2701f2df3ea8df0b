"""An engine in a process of its own: it proposes what it would here, and what befalls it is named and healed."""

import os
import select
import signal

import pytest

from hptui.core.parameters import Choice, Float
from hptui.search.engine_process import EngineProcess
from tests.search.kit import ask, drive, space, study
from tests.support import until

SPACE = space([Float("lr", 1e-5, 1e-1, log=True), Choice("rank", (8, 16, 32, 64))])


def measure(settings):
    return {"loss": abs(settings["lr"] - 1e-3) + settings["rank"] / 64}


@pytest.fixture
def started():
    """Processes that end with the test."""
    made = []

    def start(asked, **more):
        made.append(EngineProcess(asked, {}, **more))
        return made[-1]

    yield start
    for process in made:
        process.close()


def answered(process, number, trials):
    process.begin(number, trials)
    return waited(process)


def waited(process):
    def answer():
        select.select([process], [], [], 0.05)
        return process.poll()

    return until(answer, "the engine's process answers")


@pytest.mark.parametrize(
    "sampler",
    [
        "tpe",
        "gp",
        pytest.param("ax", marks=pytest.mark.slow),
    ],
)
def test_it_proposes_what_it_would_here(started, sampler):
    asked = study(SPACE, sampler, seed=3)
    trials, process = drive(study(SPACE, "random", seed=3), 7, measure), started(asked)
    for count in (0, 7):
        answer = answered(process, count, trials[:count])
        assert (answer.number, answer.error, answer.exhausted) == (count, "", False)
        assert answer.proposal == ask(asked, trials[:count])


def test_a_space_that_is_spent_is_said(started):
    asked = study(space([Choice("rank", (8,))]), "random")
    trials = drive(asked, 5, lambda settings: {"loss": 1.0})
    answer = answered(started(asked), 1, trials)
    assert (answer.exhausted, answer.proposal, answer.error) == (True, None, "")


def kill_while_it_thinks(process, times):
    """Kill the process that a question was put to, and those that it is put to next."""
    for _ in range(times):
        killed = process._process.pid
        os.kill(killed, signal.SIGKILL)
        until(lambda killed=killed: process.poll() is None and process._process.pid != killed)


@pytest.mark.parametrize(
    ("sampler", "kills"),
    [
        ("random", (1, 2)),
        pytest.param("tpe", (1, 2), marks=pytest.mark.slow),
        pytest.param("gp", (2, 1), marks=pytest.mark.slow),
        pytest.param("ax", (1, 1), marks=pytest.mark.slow),
    ],
)
def test_one_that_is_killed_while_it_thinks_proposes_what_it_would_have(started, sampler, kills):
    asked = study(SPACE, sampler, seed=3)
    trials, process = drive(study(SPACE, "random", seed=3), 7, measure), started(asked)
    for count, times in zip((0, 7), kills, strict=True):
        process._process.send_signal(signal.SIGSTOP)
        process.begin(count, trials[:count])
        kill_while_it_thinks(process, times)
        answer = waited(process)
        assert (answer.number, answer.error) == (count, "")
        assert answer.proposal == ask(asked, trials[:count])


def test_one_that_dies_three_times_is_named_and_the_next_question_finds_another(started):
    process = started(study(SPACE, "random"))
    first = answered(process, 0, [])
    process._process.send_signal(signal.SIGSTOP)
    process.begin(0, [])
    for _ in range(3):
        killed, answer = process._process.pid, None
        os.kill(killed, signal.SIGKILL)
        while answer is None and process._process.pid == killed:
            answer = process.poll()
    assert answer.error == "the sampler 'random' failed: its process died (SIGKILL), 3 times"
    assert answered(process, 0, []) == first


def test_one_that_died_between_two_questions_is_not_missed(started):
    process = started(study(SPACE, "random"))
    first = answered(process, 0, [])
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    found = answered(process, 0, [])
    assert found == first or "its process died" in found.error
    assert answered(process, 0, []) == first


def test_one_that_hangs_is_given_up_and_ended(started):
    process = started(study(SPACE, "random"), timeout=60.0)
    first = answered(process, 0, [])
    hung = process._process
    hung.send_signal(signal.SIGSTOP)
    process.timeout = 0.3
    assert answered(process, 0, []).error == "the sampler 'random' failed: no answer within 0.3 s"
    assert hung.poll() == -signal.SIGKILL
    process.timeout = 60.0
    assert answered(process, 0, []) == first


RAISING = """
import hptui.search.plain
def ask(self, number):
    if number == 1:
        raise ValueError("matrix is singular")
    return plain(self, number)
plain, hptui.search.plain.RandomEngine.ask = hptui.search.plain.RandomEngine.ask, ask
"""


def test_one_that_raises_is_named_with_its_words_and_goes_on(started, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(RAISING)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    process = started(study(SPACE, "random"))
    pid = process._process.pid
    assert answered(process, 1, []).error == "the sampler 'random' failed: random: ValueError: matrix is singular"
    assert answered(process, 0, []).proposal == ask(study(SPACE, "random"), [])
    assert process._process.pid == pid


def test_it_does_not_outlive_its_runner(started, tmp_path):
    """A runner that is killed leaves no engine behind, even one that is thinking."""
    process = started(study(SPACE, "random"))
    answered(process, 0, [])
    process._link.close()
    assert process._process.wait(timeout=20) == 0
