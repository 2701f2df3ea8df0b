"""Trials that share a process: whoever dies, nothing finished is lost, and one never touches another."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.core.trial import HOST_LOST, SECONDS_ALONE, Attempt, Reason, Trial, TrialStatus
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from hptui.trainers.settings import build
from hptui.trainers.toy import ToySettings, pseudo_metrics
from tests.faults.harness import ACTS, Nemesis, Subject
from tests.support import events, rest, run_to_crash, run_to_rest, toy, trials, until

pytestmark = pytest.mark.process

KILLS, MANY_KILLS = 12, 300
SEED = os.environ.get("HPTUI_FAULT_SEED")
"""Seed of the kills in place of those that are named."""
ROUND, ROUND_S = 6, 300.0
"""Kills that follow each other whatever lives by then, and the longest time to wait for them, and for a host."""
REST = "[resources]\npack = {pack}\nlost_retries = 1000000\nmin_free_gb = 0.0\n"
STEPS, LONG = 40, 200


def study(folder: Path, name: str, pack: object = 4, more: str = "", **options: object) -> Path:
    """A toy study whose trials share a process, and save often."""
    given = {"steps": STEPS, "step_seconds": 0.02, "trials": 4, "trainer": "checkpoint_every = 7"}
    rest = REST.format(pack=pack) + more
    return toy(folder, name, **{**given, "search": "seed = 5", "rest": rest, **options})  # type: ignore[arg-type]


def listed(*settings: str) -> str:
    return "".join(f"[[trial]]\nset = {{ {one} }}\n" for one in settings)


def hosts(sd: StudyDir) -> list[tuple[int, int]]:
    """(shim, process) of the living hosts of a study."""
    found = []
    for folder in sorted((sd.root / "packs").glob("[0-9]*")):
        facts = read_json(RunDir(folder).shim)
        if isinstance(facts, dict) and lock_is_held(RunDir(folder).lock):
            found.append((facts["shim"], facts["worker"]))
    return found


def attempts(sd: StudyDir) -> list[Attempt]:
    with StoreReader.open(sd) as reader:
        return list(reader.attempts())


def truth(trial: Trial, steps: int) -> float:
    """What the toy's own function says that this trial reports last."""
    settings = build(ToySettings, {"steps": steps, **trial.params})
    return pseudo_metrics(settings, trial.seed, steps)["loss"]


def training(sd: StudyDir, count: int) -> None:
    """Wait until so many trials have reported past their first checkpoint."""
    until(lambda: sum((trial.last_step or 0) > 8 for trial in trials(sd)) >= count)


def complete(sd: StudyDir, numbers: set[int], tries: int, steps: int = STEPS) -> None:
    for trial in trials(sd):
        if trial.number in numbers:
            assert (trial.number, trial.status) == (trial.number, TrialStatus.COMPLETE)
            assert trial.values == {"loss": truth(trial, steps)}
            assert trial.attempts == tries


# one and the others -------------------------------------------------------------------------------------------------


def test_a_host_that_is_killed_costs_the_steps_since_the_checkpoints(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(study(tmp_path, "killed", trials=3))).sd
    training(sd, 3)
    os.kill(hosts(sd)[0][1], signal.SIGKILL)
    rest(sd)
    complete(sd, {0, 1, 2}, tries=2)
    first, second = (sorted(one.trial for one in attempts(sd) if one.n == n) for n in (1, 2))
    assert first == second == [0, 1, 2]
    for attempt in attempts(sd):
        if attempt.n == 1:
            assert attempt.reason is Reason.LOST
            assert "SIGKILL" in attempt.message
            assert sorted([attempt.trial, *attempt.environment[HOST_LOST]]) == [0, 1, 2]  # type: ignore[misc]
        else:
            assert attempt.resumed_step is not None
            assert attempt.resumed_step >= 7
    assert {trial.facts["packed"] for trial in trials(sd)} == {"no: the process that it shared ended"}
    for trial in trials(sd):  # what a killed attempt took is known, and a client's memory is nobody's
        shared, own = (one for one in attempts(sd) if one.trial == trial.number)
        assert trial.facts[SECONDS_ALONE] == pytest.approx(shared.environment[SECONDS_ALONE] + own.seconds, abs=1e-3)
        assert shared.peak_rss_gb is None
        assert own.peak_rss_gb


def test_the_end_of_one_does_not_touch_the_others(home: Path, tmp_path: Path) -> None:
    """One is NaN, one crashes, one is stopped, one is paused, one's worker is killed: two train on as if alone."""
    more = listed("nan_at = 60", "crash_at = 50", "dropout = 0.1", "dropout = 0.2", "dropout = 0.3", "dropout = 0.4")
    file = study(tmp_path, "one", pack=7, more=more, trials=7, sampler="list", steps=LONG)
    sd = run(home, str(file)).sd
    training(sd, 7)
    send_command(sd, "stop", {"trials": [3], "now": True}, wait=5.0)
    send_command(sd, "pause", {"trials": [4]}, wait=5.0)
    [victim] = [RunDir(sd.attempt(5, 1))]
    os.kill(read_json(victim.shim)["worker"], signal.SIGKILL)
    rest(sd)
    found = {trial.number: (trial.status, trial.reason) for trial in trials(sd)}
    assert found[1] == (TrialStatus.FAILED, Reason.NAN)
    assert found[2] == (TrialStatus.FAILED, Reason.CRASH)
    assert found[3] == (TrialStatus.STOPPED, Reason.USER)
    assert found[4] == (TrialStatus.PAUSED, Reason.USER)
    complete(sd, {0, 6}, tries=1, steps=LONG)
    complete(sd, {5}, tries=2, steps=LONG)
    assert "crash at step 50" in RunDir(sd.attempt(2, 1)).log.read_text()
    assert "crash" not in RunDir(sd.attempt(0, 1)).log.read_text()


def test_a_runner_that_comes_back_finds_hosts_and_attempts(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(study(tmp_path, "back", pack=2, trials=3))).sd
    training(sd, 2)
    [(shim, _)] = hosts(sd)
    os.kill(runner_status(sd)["pid"], signal.SIGKILL)  # type: ignore[arg-type]
    until(lambda: not runner_status(sd)["alive"])
    assert hosts(sd)[0][0] == shim
    run(home, sd.name)
    until(lambda: trials(sd)[-1].number == 2 and trials(sd)[-1].attempts == 1)
    assert [host for host, _ in hosts(sd)] in ([shim], [])
    rest(sd)
    complete(sd, {0, 1, 2}, tries=1)
    assert len(list((sd.root / "packs").iterdir())) == 1
    until(lambda: not hosts(sd))  # it ends with the study


def test_a_hang_ends_the_host_once_and_is_found_alone(home: Path, tmp_path: Path) -> None:
    more = 'hang_after = 2.0\non_hang = "stop"\nstop_grace = 0.2\n' + listed("hang_at = 20", "dropout = 0.2")
    sd = run_to_rest(home, study(tmp_path, "hang", pack=3, more=more, trials=3, sampler="list"))
    found = {trial.number: (trial.status, trial.reason, trial.attempts) for trial in trials(sd)}
    assert found[1] == (TrialStatus.FAILED, Reason.HUNG, 2)
    complete(sd, {0, 2}, tries=2)
    [first, _] = events(sd, "hung")
    assert "trials 0, 1, 2 share" in first


def test_what_cannot_share_runs_alone_and_the_reason_is_recorded(home: Path, tmp_path: Path) -> None:
    more = listed("children = 1", "dropout = 0.2")
    sd = run_to_rest(home, study(tmp_path, "mixed", pack=2, more=more, trials=3, sampler="list", step_seconds=0.002))
    facts = {trial.number: trial.facts["packed"] for trial in trials(sd)}
    assert facts == {0: "yes", 1: "no: children = 1", 2: "yes"}
    assert all(trial.status is TrialStatus.COMPLETE for trial in trials(sd))
    assert all("seconds_alone" in trial.facts for trial in trials(sd) if trial.number != 1)


@pytest.mark.parametrize("resources", ["pack = 1", "pack = 4\nisolate = true"])
def test_values_are_those_of_a_process_of_its_own(home: Path, tmp_path: Path, resources: str) -> None:
    rest_of_file = f"[resources]\n{resources}\n"
    sd = run_to_rest(home, study(tmp_path, "alone", step_seconds=0.02, trials=2, rest=rest_of_file))
    complete(sd, {0, 1}, tries=1)
    assert (sd.root / "packs").exists() == ("isolate" not in resources)
    assert {trial.facts.get("pack_group") for trial in trials(sd)} == ({None} if "isolate" in resources else {1.0})


def test_the_record_names_what_the_process_that_computes_has_imported(home: Path, tmp_path: Path) -> None:
    """Whichever process that is: a client of a host has imported nothing of it."""
    seen = {}
    for name, resources in (("own", "isolate = true"), ("one", "pack = 1"), ("two", "pack = 2")):
        file = study(
            tmp_path, name, step_seconds=0.002, trials=3, rest=f"[resources]\n{resources}\nmin_free_gb = 0.0\n"
        )
        sd = run_to_rest(home, file)
        assert [attempt.warm for attempt in attempts(sd)] == [True] * 3
        assert [attempt.environment["executable"] for attempt in attempts(sd)] == [sys.executable] * 3
        seen[name] = [(a.environment["determinism"], a.environment["variables"]) for a in attempts(sd)]
        for attempt in attempts(sd):
            assert {"python", "packages", "worker_threads"} <= attempt.environment.keys()
    assert seen["own"] == seen["one"] == seen["two"]


# anybody, at any moment ---------------------------------------------------------------------------------------------


@pytest.fixture
def deadly() -> Iterator[None]:
    """Let the nemesis kill hosts and their shims, too."""

    def kill(place: int) -> object:
        def act(nemesis: Nemesis, subject: Subject) -> str:
            living = hosts(subject.sd)
            if not living or not subject.kill(nemesis.random.choice(living)[place]):
                return ""
            return f"{('shim of host', 'host')[place]}"

        return act

    ACTS["kill host"] = (16, kill(1))  # type: ignore[assignment]
    ACTS["kill shim of host"] = (8, kill(0))  # type: ignore[assignment]
    yield
    del ACTS["kill host"], ACTS["kill shim of host"]


def battle(home: Path, folder: Path, kills: int, seed: int) -> dict[str, int]:
    file = study(folder, "packed", 3, trials=100_000, sampler="tpe", step_seconds=0.008, steps=60)
    subject = Subject(home, file, slots=3)
    nemesis = Nemesis(seed, [subject], folder / "acts.jsonl")
    with subject.kept():
        for killed in range(0, kills, ROUND):
            # On a busy machine a runner would else be killed again and again before it has a host.
            until(lambda: bool(hosts(subject.sd)), seconds=ROUND_S)
            nemesis.attack(min(kills, killed + ROUND), pace=0.08, seconds=ROUND_S)
        nemesis.rest()
        assert not nemesis.findings, nemesis.story()
        subject.finish()
    try:
        now = subject.judge()
    except AssertionError as error:
        raise AssertionError(f"{error}\n{nemesis.story()}") from None
    assert any(len(attempts) > 1 for attempts in now.attempts.values())
    print(f"{dict(nemesis.kills)}, {dict(nemesis.acts)}, {subject.gauge}")
    return dict(nemesis.kills)


@pytest.mark.usefixtures("deadly")
def test_nothing_is_lost_in_some_kills(home: Path, tmp_path: Path) -> None:
    battle(home, tmp_path, KILLS, int(SEED or 1))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("deadly")
@pytest.mark.parametrize("seed", [int(SEED)] if SEED else [11, 12, 13])
def test_nothing_is_lost_in_many_kills(home: Path, tmp_path: Path, seed: int) -> None:
    kills = battle(home, tmp_path, MANY_KILLS, seed)
    assert min(kills[name] for name in ("kill host", "kill shim of host", "kill runner", "kill worker")) >= 5, kills


@pytest.mark.parametrize("point", ["after_host_config", "after_host_start"])
def test_a_runner_may_die_while_it_starts_a_host(home: Path, tmp_path: Path, point: str) -> None:
    """The next runner finds the host, or the place where one was to be, and every trial ends as it should."""
    file = study(tmp_path, "begun", trials=3)
    sd = run_to_crash(home, file, f"{point}:1")
    assert len(trials(sd)) < 3
    run_to_rest(home, file)
    assert [trial.status for trial in trials(sd)] == [TrialStatus.COMPLETE] * 3
    assert [trial.values for trial in trials(sd)] == [{"loss": truth(trial, STEPS)} for trial in trials(sd)]
    until(lambda: not hosts(sd))
