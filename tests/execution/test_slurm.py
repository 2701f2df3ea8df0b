"""Studies on a Slurm cluster of our own: jobs that must end early, nodes that fail, a controller that is silent."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.core.trial import Reason
from hptui.operations.places import places_json
from hptui.operations.run import run
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import Attempt
from tests.faults.slurm_kills import CODE
from tests.faults.ssh_kills import curves_of, processes
from tests.slurm_cluster import Cluster, running_cluster
from tests.support import rest, run_to_crash, run_to_rest, state, toy, trials, until

pytestmark = [pytest.mark.process, pytest.mark.slow]
STEPS = 60
JOBS = """
[resources]
executor = "slurm"
gpus = 0
pause_grace = "20s"
{resources}
[slurm]
dir = "{far}"
setup = ["export PYTHONPATH={code}"]
{slurm}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster(node_timeout=10) as running:
        yield running


@pytest.fixture(autouse=True)
def _on_slurm(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield
    for name in ("controller", "n1", "n2", "n3"):
        cluster.start(name)
    cluster.run("scancel", f"--user={os.getuid()}")
    until(lambda: cluster.is_ready() and not cluster.jobs())


def study(home: Path, folder: Path, name: str, *, slurm: str = "", resources: str = "", **options: object) -> Path:
    """A study whose trials are jobs and save every five steps."""
    text = JOBS.format(far=home / "far", code=CODE, slurm=slurm, resources=resources)
    options = {"steps": STEPS, "trials": 1, "trainer": "checkpoint_every = 5", **options}
    return toy(folder, name, rest=text, **options)  # type: ignore[arg-type]


def step_of(sd: StudyDir) -> int:
    return trials(sd)[0].last_step or 0 if sd.exists() and trials(sd) else 0


def attempts(sd: StudyDir) -> list[Attempt]:
    with StoreReader.open(sd) as reader:
        return reader.attempts(0)


def job_of(cluster: Cluster) -> str:
    """The number of the job that runs."""
    lines = cluster.run("squeue", "-h", "-t", "RUNNING", "-o", "%i %j").splitlines()
    return next((line.split()[0] for line in lines if " hptui-" in line), "")


@pytest.mark.parametrize(("how", "reason"), [("limit", Reason.LIMIT), ("preempted", Reason.PREEMPTED)])
def test_a_job_that_must_end_early_saves_and_its_trial_goes_on_in_another(
    home: Path, tmp_path: Path, cluster: Cluster, how: str, reason: Reason
) -> None:
    quiet = run_to_rest(home, toy(tmp_path, "quiet", steps=STEPS, trials=1, trainer="checkpoint_every = 5"))
    sd = run(home, str(study(home, tmp_path, how, step_seconds=0.1, slurm='partition = "short"'))).sd
    until(lambda: step_of(sd) > 12)
    if how == "limit":  # what Slurm does by itself before the limit, here at once
        cluster.run("scancel", "--batch", "--signal=USR1", job_of(cluster))
    else:
        cluster.run("sbatch", "-p", "main", "-N", "3", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 3")
    rest(sd)
    first, second = attempts(sd)
    assert (first.reason, trials(sd)[0].attempts) == (reason, 2)
    assert second.resumed_step is not None
    assert second.resumed_step >= 12
    assert curves_of(sd) == curves_of(quiet)
    assert first.host in ("n1", "n2", "n3")


def test_a_trial_that_never_saves_before_the_limit_fails_with_the_reason(
    home: Path, tmp_path: Path, cluster: Cluster
) -> None:
    hangs = {"trainer": "hang_at = 3", "resources": 'stop_grace = "1s"'}
    sd = run(home, str(study(home, tmp_path, "long", **hangs).rename(tmp_path / "long.toml"))).sd  # type: ignore[arg-type]
    for n in (1, 2):
        until(lambda n=n: trials(sd)[0].attempts == n and step_of(sd) >= 2 and job_of(cluster))
        until(lambda: places_json(sd)["attempts"].get("0", {}).get("state") == "alive")
        job = job_of(cluster)
        cluster.run("scancel", "--batch", "--signal=USR1", job)
        until(lambda job=job: job_of(cluster) != job)
    rest(sd)
    [trial] = trials(sd)
    assert (str(trial.status), str(trial.reason)) == ("failed", "timeout")
    assert "time limit 2 times without a checkpoint" in trial.message


def test_a_node_that_fails_loses_its_trial_and_what_lived_on_is_killed(
    home: Path, tmp_path: Path, cluster: Cluster
) -> None:
    hangs = {"trainer": "checkpoint_every = 5\nhang_at = 12\nfaulty_attempts = 1"}  # it does not end by itself
    sd = run(home, str(study(home, tmp_path, "node", step_seconds=0.05, **hangs))).sd
    until(lambda: step_of(sd) > 8)
    [first] = attempts(sd)
    node = first.host
    assert cluster.kill(node)  # its job lives on, and nobody hears of it
    until(lambda: trials(sd)[0].attempts == 2, seconds=120)
    first, second = attempts(sd)
    assert first.reason is Reason.FENCED
    until(lambda: second.host != node)
    rest(sd, 180)
    [trial] = trials(sd)
    assert (str(trial.status), trial.last_step, len(curves_of(sd)[0])) == ("complete", STEPS, STEPS)
    until(lambda: not processes(home / "far"))


def test_a_silent_controller_stops_nothing(home: Path, tmp_path: Path, cluster: Cluster) -> None:
    sd = run(home, str(study(home, tmp_path, "silent", step_seconds=0.8, trials=2))).sd
    until(lambda: step_of(sd) > 3)
    pid = cluster.pid("controller")
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: places_json(sd)["places"][0]["state"] == "unreachable")
        before = step_of(sd)
        until(lambda: step_of(sd) > before + 3)  # events come through the shared directory
        assert places_json(sd)["attempts"]["0"]["state"] == "alive"
    finally:
        os.kill(pid, signal.SIGCONT)
    rest(sd)
    assert [(str(trial.status), trial.attempts) for trial in trials(sd)] == [("complete", 1)] * 2


def test_what_waits_in_the_queue_is_seen_and_can_be_taken_back(home: Path, tmp_path: Path, cluster: Cluster) -> None:
    blocker = cluster.run("sbatch", "--parsable", "-N", "3", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 600")
    sd = run(home, str(study(home, tmp_path, "queued", trials=2))).sd
    until(lambda: "Resources" in places_json(sd)["places"][0]["why"] if sd.exists() else False)
    assert {entry["state"] for entry in places_json(sd)["attempts"].values()} == {"queued"}
    send_command(sd, "stop", {"trials": [0]})
    until(lambda: str(trials(sd)[0].status) == "stopped")
    send_command(sd, "pause", {})
    rest(sd)
    assert (state(sd)[0], str(trials(sd)[1].status)) == ("paused", "paused")
    until(lambda: [line.split()[0] for line in cluster.jobs()] == [blocker])
    cluster.run("scancel", blocker)
    run_to_rest(home, "queued")
    assert [str(trial.status) for trial in trials(sd)] == ["stopped", "complete"]


@pytest.mark.parametrize("point", ["after_intent", "after_submit"])
def test_a_runner_may_die_while_it_submits(home: Path, tmp_path: Path, cluster: Cluster, point: str) -> None:
    """The next runner asks Slurm by name: one attempt counts, and no job is left."""
    file = study(home, tmp_path, "begun")
    sd = run_to_crash(home, file, f"{point}:1")
    run_to_rest(home, file)
    [trial] = trials(sd)
    assert (str(trial.status), trial.last_step, len(curves_of(sd)[0])) == ("complete", STEPS, STEPS)
    until(lambda: not cluster.jobs())
    assert not processes(home / "far")
