"""Whatever one attempt leaves behind, its trial ends, the others and the runner go on, and every verb works."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hptui.core.trial import Reason, StudyState, TrialStatus
from hptui.execution.bulkhead import is_machine_trouble
from hptui.execution.executor import Handle
from hptui.execution.ingest import event_reader_for
from hptui.execution.runner import RunEnd
from hptui.execution.running_attempt import RunningAttempt
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.store.filesystem import DiskFull, InvalidRecord
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind
from hptui.store.run_directory import RunDir
from hptui.store.store import Store
from tests.cli.conftest import call as call
from tests.faults.poison import EXIT, FILES, INSTEAD, PoisonedStudy, at, dump, events, instead, random_mutation, replace
from tests.support import rest, state, toy, trial, trials, until

Mutation = Callable[[RunDir], object]


def with_event(number: int, *path: Any, value: Any) -> Mutation:
    """An event, by its number from 1, with another value at a path."""
    lines = events(1.0)
    lines[number - 1] = at(lines[number - 1], path, value)
    return lambda run: replace(run.events, b"".join(dump(line) + b"\n" for line in lines))


def with_exit(name: str, value: Any) -> Mutation:
    """An `exit.json` of an attempt whose worker left no end event."""

    def mutate(run: RunDir) -> None:
        replace(run.events, b"".join(dump(line) + b"\n" for line in events(1.0)[:-1]))
        replace(run.exit, dump({**EXIT, name: value}))

    return mutate


def without_end(mutate: Mutation) -> Mutation:
    def both(run: RunDir) -> None:
        replace(run.events, b"".join(dump(line) + b"\n" for line in events(1.0)[:-1]))
        mutate(run)

    return both


TRIGGERS: dict[str, tuple[Mutation, str, str]] = {
    "a metric without a name, three times": (
        lambda run: replace(
            run.events,
            b"".join(
                dump({**line, **({"m": {"": 1, "loss": 1.0}} if "m" in line else {})}) + b"\n" for line in events(1)
            ),
        ),
        "complete",
        "'' is left out",
    ),
    "t is NaN": (with_event(8, "t", value=float("nan")), "complete", '"t": NaN'),
    "q beyond 64 bits": (with_event(8, "q", value=2**70), "complete", str(2**70)),
    "q far ahead": (with_event(8, "q", value=90), "complete", "event 8 has the number 90"),
    "an end that is running": (with_event(14, "status", value="running"), "failed", '"status": "running"'),
    "an end that is waiting": (with_event(14, "status", value="waiting"), "failed", '"status": "waiting"'),
    "a metric of text": (with_event(8, "m", "loss", value="much"), "complete", '"loss": "much"'),
    "an unknown kind of odd": (with_event(8, "nonfinite", "odd", value="5"), "complete", "none of nan, inf, -inf"),
    "steps beyond all bounds": (with_event(2, "steps", value=2**70), "complete", str(2**70)),
    "resumed beyond all bounds": (with_event(1, "resumed_step", value=2**70), "complete", str(2**70)),
    "a checkpoint of 2**70 bytes": (with_event(10, "bytes", value=2**70), "complete", str(2**70)),
    "exit.json is a directory": (without_end(lambda run: instead(run.exit, "directory")), "failed", "exit.json"),
    "exit.json is nested deeply": (without_end(lambda run: instead(run.exit, "nested")), "failed", "exit.json"),
    "exit.json is a directory, the end is sound": (lambda run: instead(run.exit, "directory"), "complete", "exit.json"),
    "text in seconds": (with_exit("seconds", "long"), "failed", "seconds is left out"),
    "text in peak_rss_gb": (with_exit("peak_rss_gb", "much"), "failed", "peak_rss_gb is left out"),
    "text as pid": (lambda run: replace(run.shim, dump({"token": "", "shim": "x", "worker": []})), "complete", ""),
    "a line without end": (lambda run: replace(run.events, b"x" * (17 << 20)), "failed", "cannot be read"),
    "events is a directory": (lambda run: instead(run.events, "directory"), "failed", "events.jsonl is no file"),
    "events is a pipe": (lambda run: instead(run.events, "pipe"), "failed", "events.jsonl is no file"),
}


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> tuple[PoisonedStudy, dict[str, int]]:
    """A study with every known trigger, and a sound trial before and after each, once its runner has rested."""
    folder = tmp_path_factory.mktemp("poisoned")
    study, numbers = PoisonedStudy(folder / "home", folder), {}
    for name, (mutate, _, _) in TRIGGERS.items():
        study.add()
        numbers[name] = study.add(mutate)
    study.add()
    study.add_to_store()
    assert study.run() is RunEnd.RESTED
    return study, numbers


def test_every_sound_trial_ends_as_it_would_alone(poisoned: tuple[PoisonedStudy, dict[str, int]]) -> None:
    study, _ = poisoned
    found = trials(study.sd)
    for number in study.sound:
        assert (found[number].status, found[number].values) == (TrialStatus.COMPLETE, {"loss": 1.0 + number})


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_known_trigger_fails_its_trial_at_most_and_is_quoted(
    name: str, poisoned: tuple[PoisonedStudy, dict[str, int]]
) -> None:
    study, numbers = poisoned
    _, status, quoted = TRIGGERS[name]
    with StoreReader.open(study.sd) as reader:
        one, told = reader.trial(numbers[name]), [event.message for event in reader.events(trial=numbers[name])]
        [attempt] = reader.attempts(numbers[name])
    assert str(one.status) == status, told
    assert not attempt.state.open
    assert any(quoted in message for message in [*told, one.message]), told
    if status == "failed" and "exit.json" not in quoted and "left out" not in quoted:
        assert one.values is None


def test_an_end_that_cannot_be_used_has_a_reason_of_its_own(poisoned: tuple[PoisonedStudy, dict[str, int]]) -> None:
    study, numbers = poisoned
    for name in ("an end that is running", "exit.json is a directory", "events is a directory"):
        assert trial(study.sd, numbers[name]).reason is Reason.UNREADABLE, name


def verbs(study: PoisonedStudy) -> list[tuple[str, ...]]:
    """Verbs that look, over everything that a poisoned study holds."""
    name = study.sd.name
    each = [(verb, name, str(number)) for number in range(0, study.number, 7) for verb in ("show", "paths")]
    return [("status", name), ("status", "--json"), ("trials", name), ("trials", name, "--json"), ("report", name),
            ("log", name), ("doctor", name), ("export", name, "all", "--format", "csv"), *each]  # fmt: skip


def check_verbs(study: PoisonedStudy, call: Any) -> None:
    for words in verbs(study):
        done = call("--home", str(study.sd.root.parent), *words)
        assert done.code in (0, 1, 3, 5), (words, done.err)
        assert "Traceback" not in done.err + done.out
        assert "hptui failed" not in done.err


def test_every_verb_works_before_and_after_a_repair(poisoned: tuple[PoisonedStudy, dict[str, int]], call: Any) -> None:
    study, numbers = poisoned
    check_verbs(study, call)
    before = {one.number: (one.status, one.values) for one in trials(study.sd)}
    done = call("--home", str(study.sd.root.parent), "doctor", "--repair", study.sd.name)
    assert "events.jsonl is now events.jsonl.aside-1" in done.out
    assert (study.sd.attempt(numbers["events is a pipe"], 1) / "events.jsonl.aside-1").is_fifo(), "nothing is deleted"
    check_verbs(study, call)
    assert before == {one.number: (one.status, one.values) for one in trials(study.sd)}
    again = call("--home", str(study.sd.root.parent), "doctor", "--repair", study.sd.name)
    assert "nothing was left to repair" in again.out


def fuzz(home: Path, folder: Path, seed: int, count: int) -> PoisonedStudy:
    """A study in which four of five trials left a mutated run directory; its runner must bring all to an end."""
    generator, study, told = random.Random(seed), PoisonedStudy(home, folder), {}
    for k in range(count):
        if k % 5 == 0:
            study.add()
        else:
            name, mutate = random_mutation(generator)
            told[study.add(mutate)] = name
    study.add_to_store()
    assert study.run() is RunEnd.RESTED
    for one in trials(study.sd):
        assert not one.status.open, (seed, one.number, told.get(one.number))
        if one.number in study.sound:
            assert one.values == {"loss": 1.0 + one.number}, (seed, one.number)
        assert one.values is None or one.status is TrialStatus.COMPLETE
    return study


def test_mutated_run_directories_end_their_trials_and_no_other(home: Path, tmp_path: Path, call: Any) -> None:
    study = fuzz(home, tmp_path, 20_261_128, 300)
    check_verbs(study, call)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_mutated_run_directories_of_many_seeds(home: Path, tmp_path: Path, seed: int, call: Any) -> None:
    study = fuzz(home, tmp_path, seed, 1500)
    check_verbs(study, call)


@pytest.mark.parametrize("kind", INSTEAD)
def test_a_study_that_no_runner_has_met_is_repaired(kind: str, home: Path, tmp_path: Path, call: Any) -> None:
    study = PoisonedStudy(home, tmp_path)
    for name in FILES:
        study.add(lambda run, name=name: instead(run.root / name, kind))  # type: ignore[misc]
    study.add()
    study.add_to_store()
    done = call("doctor", "--repair", study.sd.name)
    assert "Traceback" not in done.err
    with StoreReader.open(study.sd) as reader:
        assert reader.attempts(open=True) == []
    assert trials(study.sd)[-1].values == {"loss": 1.0 + study.sound[0]}
    check_verbs(study, call)
    assert study.run() is RunEnd.RESTED


def test_an_executor_that_is_gone_keeps_nobody_else_from_running(home: Path, tmp_path: Path, call: Any) -> None:
    study = PoisonedStudy(home, tmp_path)
    lost = study.add(lambda run: replace(run.executor, dump({"executor": "no_such:Executor"})))
    study.add()
    study.add_to_store()
    with Store.open(study.sd) as store:
        from hptui.execution.reconcile import reconcile

        assert reconcile(study.sd, store, study.study, 0.0) == [lost]
    assert trial(study.sd, study.sound[0]).status is TrialStatus.COMPLETE
    assert trial(study.sd, lost).status is TrialStatus.RUNNING, "nothing is concluded of what cannot be asked"
    done = call("doctor", "--repair", study.sd.name)
    assert "recorded as failed (unreadable)" in done.out
    assert "no_such:Executor" in trial(study.sd, lost).message


def test_a_row_of_no_known_form_is_repaired(home: Path, tmp_path: Path, call: Any) -> None:
    study = PoisonedStudy(home, tmp_path)
    number = study.add()
    study.add_to_store()
    with Store.open(study.sd) as store:
        store.connection.execute("UPDATE attempts SET state = 'dancing', environment_json = '[1'")
    done = call("doctor", "--repair", study.sd.name)
    assert f"trial {number}, attempt 1: its row had state, environment of no known form" in done.out
    check_verbs(study, call)


def test_a_repair_needs_a_study_and_no_runner(home: Path, tmp_path: Path, call: Any) -> None:
    assert call("doctor", "--repair").code == 2
    assert call("doctor", "--repair", "nobody").code == 5


def test_what_the_machine_does_is_no_fault_of_an_attempt() -> None:
    assert is_machine_trouble(DiskFull("full"))
    assert is_machine_trouble(OSError(28, "no space"))
    assert is_machine_trouble(OSError(24, "too many files"))
    assert is_machine_trouble(OSError(5, "input/output error"), 1)
    assert not is_machine_trouble(OSError(5, "input/output error"), 20)
    for error in (InvalidRecord("x"), IsADirectoryError(21, "x"), ValueError(), RecursionError(), KeyError("x")):
        assert not is_machine_trouble(error), error


def test_a_living_attempt_that_wrecks_its_directory_is_killed_and_failed(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=2, steps=400, step_seconds=0.02, rest="[resources]\nparallel = 2\nlost_retries = 0")
    sd = run(home, str(path)).sd
    until(lambda: all((one.last_step or 0) > 2 for one in trials(sd)) and len(trials(sd)) == 2)
    wrecked = RunDir(sd.attempt(0, 1))
    os.rename(wrecked.events, wrecked.root / "elsewhere")
    instead(wrecked.events, "directory")
    until(lambda: trial(sd, 0).status is TrialStatus.FAILED)
    assert trial(sd, 0).reason is Reason.UNREADABLE
    assert "events.jsonl is no file" in trial(sd, 0).message
    pid = runner_status(sd)["pid"]
    instead(RunDir(sd.attempt(1, 1)).control, "directory")
    send_command(sd, "stop", {"kill": True})
    rest(sd)
    assert trial(sd, 1).status is TrialStatus.STOPPED, "a verb makes its way into a directory that was put in its place"
    assert state(sd)[0] == "stopped"
    assert pid


def interlopers(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The lines of an attempt with one more at each place, whose number nobody expects there."""
    for place in range(len(lines) + 1):
        for number in (place + 2, place + 3, 90):
            foreign = {"q": number, "k": "end", "t": 1.0, "status": "waiting", "reason": "finished", "message": "",
                       "m": {"loss": 7.0}, "nonfinite": {}}  # fmt: skip
            yield [*lines[:place], dump(foreign), *lines[place:]]


@pytest.mark.parametrize("pieces", [False, True], ids=["read at once", "read line by line"])
def test_an_event_of_somebody_else_costs_none_of_the_attempts_own(pieces: bool, home: Path, tmp_path: Path) -> None:
    study, lines = PoisonedStudy(home, tmp_path), [dump(line) for line in events(1.0)[:-1]]
    told = {study.add(): text for text in interlopers(lines)}
    study.add_to_store()
    with Store.open(study.sd) as store:
        for number, text in told.items():
            [attempt] = store.read.attempts(number)
            run = RunDir(study.sd.attempt(number, 1))
            live = RunningAttempt(attempt, store.read.trial(number), run, cast(Handle, None))
            reader = event_reader_for(store, study.study)
            for end in range(1 if pieces else len(text), len(text) + 1):
                replace(run.events, b"".join(line + b"\n" for line in text[:end]))
                reader.drain(live)
            reader.drain(live, 1.0)
            recorded = [step for step, _, _ in store.read.curve(number, "loss")]
            assert recorded == [1, 2, 3], (number, [json.loads(line)["q"] for line in text])


def test_a_new_attempt_never_begins_in_the_files_of_one_that_the_store_does_not_know(
    home: Path, tmp_path: Path
) -> None:
    study = PoisonedStudy(home, tmp_path)
    for _ in range(2):
        study.add()  # as after the loss of the store, or of its log: it is never told of them
    with Store.open(study.sd) as store, store.transaction(durable=True):
        store.set_state(StudyState.RUNNING)
    assert study.run() is RunEnd.RESTED
    with StoreReader.open(study.sd) as reader:
        [begun] = reader.trials()
        said = [event.message for event in reader.events(trial=0) if event.kind == EventKind.SUSPECT]
        assert list(reader.curve(0, "loss")) == [], "points of the attempt that lay there are none of this one's"
    assert begun.status is TrialStatus.FAILED, "its worker ends at once"
    aside = RunDir(study.sd.attempt(0, 1).with_name("attempt-1.aside-1"))
    assert f"it is kept as {aside.root.name}" in said[0]
    assert aside.events.read_text().count("\n") == len(events(1.0))
    assert aside.control.read_text() == "kill", "what may live there is ended"
