"""Studies on a Ray cluster: lost nodes and heads, places that wait, checkpoints that move, bad configuration."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.core.errors import StudyError
from hptui.operations.check import preflight
from hptui.operations.doctor_places import examine_places
from hptui.operations.places import places_json
from hptui.operations.run import read_study, run
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import Attempt
from hptui.store.run_directory import RunDir, read_json
from tests.faults.ray_kills import REST
from tests.faults.ssh_kills import curves_of, processes
from tests.ray_cluster import RayCluster, can_name_hosts, running_cluster
from tests.support import rest, run_to_crash, run_to_rest, toy, trials, until

pytestmark = [
    *(pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(600)),
    pytest.mark.skipif(not can_name_hosts(), reason="nodes on one machine cannot have host names of their own here"),
]
STEPS = 60
SPEED = {"steps": STEPS, "trials": 1, "trainer": "checkpoint_every = 5", "step_seconds": 0.15}
WORKERS = ("node2", "node3")
MINE = ("--resources", '{"mine": 1}')


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """A head and two nodes that alone have what trials take."""
    with running_cluster("node1", cpus=1) as running:
        for host in WORKERS:
            running.start(host, cpus=1, options=MINE)
        yield running


@pytest.fixture
def on_ray(cluster: RayCluster, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tables of a study on the cluster; in the end it must have left nothing there."""
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    text = REST.format(address=cluster.address, python=cluster.python, far=home / "far")
    yield text.replace("parallel = 2", "parallel = 1") + "resources = { mine = 1 }\n"
    until(lambda: not cluster.processes("ray::PlaceActor"), "places are given back")
    until(lambda: not processes(home / "far"), "nothing is left running")


def attempts_of(sd: StudyDir) -> list[Attempt]:
    with StoreReader.open(sd) as reader:
        return reader.attempts(0)


def place_of(attempt: Attempt) -> str:
    return attempt.device.split()[0]


def step_of(sd: StudyDir) -> int:
    return trials(sd)[0].last_step or 0 if sd.exists() and trials(sd) else 0


def test_a_lost_node_loses_its_trial_and_what_comes_back_is_fenced(
    home: Path, tmp_path: Path, cluster: RayCluster, on_ray: str
) -> None:
    hangs = {"trainer": "checkpoint_every = 5\nhang_at = 12\nfaulty_attempts = 2"}  # these do not end by themselves
    sd = run(home, str(toy(tmp_path, "lost", **{**SPEED, **hangs}, rest=on_ray))).sd  # type: ignore[arg-type]
    until(lambda: step_of(sd) > 8)
    lost = place_of(attempts_of(sd)[0])
    assert lost in WORKERS
    cluster.kill_node(lost)
    until(lambda: trials(sd)[0].attempts == 2, f"it runs elsewhere, see {sd.runner_log}")
    cluster.start(lost, cpus=1, options=MINE)
    facts = RunDir(sd.attempt(0, 1)).executor
    until(lambda: read_json(facts).get("fence_done"), "the node was asked once it was back")
    [shim] = [read_json(path) for path in (home / "far").glob("*/*/trials/0000/attempt-2/shim.json")]
    os.kill(shim["worker"], signal.SIGKILL)
    rest(sd)
    [trial] = trials(sd)
    first, second, third = attempts_of(sd)
    assert (str(trial.status), trial.last_step, len(curves_of(sd)[0])) == ("complete", STEPS, STEPS)
    assert (str(first.reason), place_of(second) != lost, str(second.reason)) == ("fenced", True, "lost")
    assert third.resumed_step


def test_what_the_cluster_has_no_room_for_waits_and_says_for_what(home: Path, tmp_path: Path, on_ray: str) -> None:
    tables = on_ray.replace("parallel = 1", "parallel = 3")
    sd = run(home, str(toy(tmp_path, "full", **{**SPEED, "trials": 6}, rest=tables))).sd  # type: ignore[arg-type]
    seen: dict[str, list[str]] = {}

    def waits() -> bool:
        for place in places_json(sd)["places"] if sd.exists() else ():
            seen.setdefault(place["state"], []).append(place["why"])
        return any(re.search(r"(\d) of \1 mine in use", why) for why in seen.get("queued", ())) and "running" in seen

    until(waits, f"a place is queued: {seen}")
    send_command(sd, "stop", {})
    rest(sd)


def test_a_paused_trial_goes_on_from_its_checkpoint_on_another_node(
    home: Path, tmp_path: Path, cluster: RayCluster, on_ray: str
) -> None:
    quiet = run_to_rest(home, toy(tmp_path, "quiet", **{**SPEED, "step_seconds": 0.0}))  # type: ignore[arg-type]
    file = toy(tmp_path, "moved", **SPEED, rest=on_ray)  # type: ignore[arg-type]
    sd = run(home, str(file)).sd
    until(lambda: step_of(sd) > 8)
    send_command(sd, "pause", {})
    rest(sd)
    [paused] = trials(sd)
    left = place_of(attempts_of(sd)[0])
    assert str(paused.status) == "paused"
    cluster.kill_node(left)
    run_to_rest(home, file)
    _, second = attempts_of(sd)
    assert (place_of(second) != left, second.resumed_step) == (True, paused.last_step)
    assert curves_of(sd) == curves_of(quiet)
    cluster.start(left, cpus=1, options=MINE)


@pytest.mark.parametrize("point", ["after_intent", "after_submit"])
def test_a_runner_may_die_while_it_starts_an_attempt_there(home: Path, tmp_path: Path, on_ray: str, point: str) -> None:
    file = toy(tmp_path, "begun", **{**SPEED, "step_seconds": 0.02}, rest=on_ray)  # type: ignore[arg-type]
    sd = run_to_crash(home, file, f"{point}:1")
    run_to_rest(home, file)
    [trial] = trials(sd)
    assert (str(trial.status), trial.last_step, len(curves_of(sd)[0])) == ("complete", STEPS, STEPS)


def test_bad_configuration_is_found_before_anything_starts(home: Path, tmp_path: Path, on_ray: str) -> None:
    def told(change: str, by: str) -> str:
        file = toy(tmp_path, f"bad{abs(hash(by))}", **SPEED, rest=on_ray.replace(change, by))  # type: ignore[arg-type]
        try:
            return " ".join(preflight(read_study(file, {})))
        except StudyError as error:
            return str(error)

    address = next(line for line in on_ray.splitlines() if line.startswith("address"))
    python = next(line for line in on_ray.splitlines() if line.startswith("python"))
    assert told("parallel = 1", "parallel = 2") == ""
    assert "room for 2 at once" in told("parallel = 1", "parallel = 3")
    assert "no Ray head answers at 127.0.0.1:1" in told(address, 'address = "127.0.0.1:1"')
    assert "ray:// is for clients" in told(address, 'address = "ray://127.0.0.1:1"')
    assert "pip install" in told(python, "")
    assert "cannot be started" in told(python, 'python = "/nowhere/python"')
    assert "theirs: 1, the most of a node is 0" in told("mine = 1", "theirs = 1")
    assert "CPU: 9, the most of a node is 1" in told("resources = {", "cpus = 9\nresources = {")


def test_the_doctor_asks_every_node(home: Path, tmp_path: Path, on_ray: str) -> None:
    sd = run_to_rest(home, toy(tmp_path, "asked", **{**SPEED, "step_seconds": 0.0}, rest=on_ray))  # type: ignore[arg-type]
    study = read_study(tmp_path / "asked.toml", {})
    first, *others = examine_places(sd, study)
    assert (first.level, "on 3 nodes" in first.message) == ("ok", True), first
    assert not [finding for finding in others if finding.level == "error"]


def test_a_lost_head_ends_everything_and_trials_go_on_once_there_is_a_cluster(
    home: Path, tmp_path: Path, cluster: RayCluster, on_ray: str
) -> None:
    hangs = {"trainer": "checkpoint_every = 5\nhang_at = 22\nfaulty_attempts = 1"}  # it does not end by itself
    sd = run(home, str(toy(tmp_path, "head", **{**SPEED, **hangs}, rest=on_ray))).sd  # type: ignore[arg-type]
    until(lambda: step_of(sd) > 11)
    cluster.kill_head()
    until(lambda: places_json(sd)["attempts"].get("0", {}).get("state") == "unknown", "it is in doubt")
    for host in ("node1", *WORKERS):
        cluster.nodes[host].process.wait(90)
    assert trials(sd)[0].attempts == 1, "nothing is started in its place"
    cluster.nodes.clear()
    cluster.start("node1", cpus=1)
    for host in WORKERS:
        cluster.start(host, cpus=1, options=MINE)
    rest(sd)
    [trial] = trials(sd)
    first, second = attempts_of(sd)
    assert (str(trial.status), trial.last_step, len(curves_of(sd)[0])) == ("complete", STEPS, STEPS)
    assert str(first.reason) in ("lost", "fenced"), "asked of its node, or given up before that was back"
    assert second.resumed_step
