"""What the Slurm executor is made of, where there is no Slurm: claims, the queue, submissions, a job's own process."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hptui.core.errors import HptuiError
from hptui.core.slurm import Slurm
from hptui.core.study import Resources
from hptui.core.trial import NOTICE_FILE, Reason, TrialStatus
from hptui.execution.classify_exit import ExitFacts, classify_exit
from hptui.execution.executor import LaunchRecord
from hptui.execution.slurm.attempt import FRESH_S, MAX_SETUP_S, MAX_SILENCE_S, MISSING_S, JobAttempt
from hptui.execution.slurm.claim import RUNNER, claim, claimed_by
from hptui.execution.slurm.commands import command_environment
from hptui.execution.slurm.examine import limit_seconds, parse_partitions
from hptui.execution.slurm.queue import HOPELESS, Queue, SlurmJob, job_name
from hptui.execution.slurm.refusals import MAX_STILLBORN, Refusals
from hptui.execution.slurm.submission import BEGAN, passes_by_itself, resource_options, with_remedy
from hptui.operations.cluster import cluster_warnings
from hptui.operations.run import read_study
from hptui.store.run_directory import RunDir, read_json
from hptui.testing.executor_stage import events_of
from tests.support import toy, until

TOKEN = "0123456789abcdef0123456789abcdef"
NAME = job_name(TOKEN)
OWNER = "17 n2 boot 4711"


def test_of_many_claimants_one_gets_it(tmp_path: Path) -> None:
    for n in range(100):
        run, won, barrier = tmp_path / str(n), list[str](), threading.Barrier(6)
        run.mkdir()

        def compete(who: str, run: Path = run, won: list[str] = won, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            if claim(run, who):
                won.append(who)

        threads = [threading.Thread(target=compete, args=(who,)) for who in (RUNNER, *"abcde")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [claimed_by(run)]
        assert claim(run, won[0]), "a claimant that asks again has it"
    with pytest.raises(FileNotFoundError):
        claim(tmp_path / "gone", RUNNER)


# the queue ----------------------------------------------------------------------------------------------------------


def listing(queue: Queue, *jobs: str, problem: str = "") -> Queue:
    queue._take("\n".join(jobs), problem, time.monotonic())
    return queue


def line(state: str, reason: str = "None", node: str = "n2", number: str = "17", name: str = NAME) -> str:
    return f"{number}|{name}|{state}|{reason}|{node}|N/A"


def test_jobs_are_found_by_number_and_by_name() -> None:
    queue = listing(Queue(), line("RUNNING"), line("PENDING", number="18", name="somebody's"), "nonsense", "")
    found = queue.find(NAME)
    assert found is not None
    assert (found, found.id, found.state) == (queue.find(NAME, "17"), "17", "RUNNING")
    assert queue.find(NAME, "18") is None
    assert queue.find("somebody's", "18") is None, "not a job of hptui"
    listing(queue, problem="Unable to contact slurm controller")
    assert (queue.find(NAME), queue.problem) == (found, "Unable to contact slurm controller")
    listing(queue)
    assert (queue.find(NAME), queue.problem) == (None, "")


def attempt_in(
    folder: Path, queue: Queue, refusals: Refusals | None = None, *, owner: str = "", finished: bool = False
) -> JobAttempt:
    run = RunDir(folder)
    run.root.mkdir(parents=True)
    if owner:
        claim(run.root, owner)
    if finished:
        run.exit.write_text("{}")
    attempt = JobAttempt(LaunchRecord(TOKEN, run), "", queue, refusals or Refusals(), 0.0)
    attempt._cancelled_at = time.monotonic()  # no scancel in these tests
    return attempt


def later(attempt: JobAttempt, queue: Queue, seconds: float) -> None:
    """Let an attempt and its queue have begun longer ago, and the listing be a new one."""
    for name in ("_began", "_claimed_at", "_moved_at", "_running_at", "_ended_at"):
        if getattr(attempt, name):
            setattr(attempt, name, getattr(attempt, name) - seconds)
    queue.listed = time.monotonic()


ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "BOOT_FAIL")
ACTIVE = ("RUNNING", "COMPLETING", "CONFIGURING")
SITUATIONS = {
    **{("", state): "never" for state in (*ENDED, "")},
    **{("", state): "starting" for state in ACTIVE},
    ("", "PENDING"): "queued",
    ("", "?"): "unknown",
    **{(OWNER, state): "engine" for state in (*ENDED, "", "PENDING", "REQUEUED")},
    **{(OWNER, state): "alive" for state in (*ACTIVE, "?")},
    (OWNER, "SUSPENDED"): "queued",
    **{(RUNNER, state): "never" for state in (*ENDED, *ACTIVE, "PENDING", "", "?")},
}
"""Who has claimed an attempt, and what Slurm says ('': nothing, '?': no answer) -> kind, or proof of its end."""


def test_every_situation_of_claim_and_queue(tmp_path: Path) -> None:
    """What left `exit.json` has ended, whatever else is said; an end by Slurm's word alone is doubtful."""
    for n, ((owner, said), expected) in enumerate(SITUATIONS.items()):
        for finished in (False, True):
            queue = listing(Queue(), *([line(said)] if said not in ("", "?") else []))
            if said == "?":
                listing(queue, problem="no answer")
            attempt = attempt_in(tmp_path / f"{n}-{finished}", queue, owner=owner, finished=finished)
            for _ in range(3):
                attempt.look()
                later(attempt, queue, MISSING_S + 1)
            state = attempt.state()
            situation = (owner, said, finished, state)
            assert (state.proof or state.kind) == ("exit" if finished else expected), situation
            assert state.certain == (finished or expected == "never"), situation


def test_a_listing_from_before_the_beginning_says_nothing(tmp_path: Path) -> None:
    queue = listing(Queue(), line("PENDING", "Resources"))
    attempt = attempt_in(tmp_path / "run", queue, owner=OWNER)
    for _ in range(3):
        attempt.look()
        assert attempt.state().kind == "alive"


def test_reasons_that_never_pass_are_given_back(tmp_path: Path) -> None:
    for reason, key in HOPELESS.items():
        queue, refusals = listing(Queue(), line("PENDING", reason)), Refusals()
        attempt = attempt_in(tmp_path / reason, queue, refusals)
        later(attempt, queue, MISSING_S + 1)
        attempt.look()
        assert attempt.state().proof == "never"
        assert claimed_by(attempt.run.root) == RUNNER
        refusal = refusals.take()
        assert (reason in refusal, refusals.take()) == (True, "")
        assert f"change {key} in [slurm]" in refusal
    queue = listing(Queue(), line("PENDING", "Priority"))
    attempt = attempt_in(tmp_path / "waits", queue)
    later(attempt, queue, MISSING_S + 1)
    attempt.look()
    assert (attempt.state().kind, attempt.state().why) == ("queued", "Priority")


def test_jobs_that_end_before_they_begin_pause_the_study_if_it_is_all_of_them(tmp_path: Path) -> None:
    queue, refusals = listing(Queue(), line("FAILED", "NonZeroExitCode")), Refusals()
    told = []
    for n in range(2 * MAX_STILLBORN):
        attempt = attempt_in(tmp_path / str(n), queue, refusals)
        (attempt.run.root / "job.txt").write_text("bash: no-such-python: not found\n")
        later(attempt, queue, MISSING_S + 1)
        attempt.look()
        assert attempt.state().proof == "never"
        told.append(refusals.take())
        if n == MAX_STILLBORN:  # one has begun meanwhile
            attempt_in(tmp_path / "begun", queue, refusals, owner=OWNER).look()
    assert [bool(text) for text in told] == [n == MAX_STILLBORN - 1 for n in range(2 * MAX_STILLBORN)]
    assert "no-such-python: not found; look at python" in told[MAX_STILLBORN - 1]


def test_slurms_word_alone_is_no_sign_of_life_for_ever(tmp_path: Path) -> None:
    queue = listing(Queue(), line("RUNNING"))
    attempt = attempt_in(tmp_path / "claimed", queue, owner=OWNER)
    attempt.look()
    later(attempt, queue, FRESH_S + 1)
    attempt.look()
    assert attempt.state().kind == "alive"
    later(attempt, queue, MAX_SILENCE_S)
    attempt.look()
    assert attempt.state().kind == "unknown"
    attempt.run.events.write_text("{}\n")
    attempt.look()
    assert attempt.state().kind == "alive"
    for began, limit in ((False, MAX_SILENCE_S), (True, MAX_SETUP_S)):
        attempt = attempt_in(tmp_path / f"setup-{began}", queue)
        if began:
            (attempt.run.root / BEGAN).touch()
        attempt.look()
        later(attempt, queue, limit - 5)
        attempt.look()
        assert attempt.state().kind == "starting"
        later(attempt, queue, 10)
        attempt.look()
        assert attempt.state().proof == "never"


def test_a_shared_directory_that_is_not_there_proves_nothing(tmp_path: Path) -> None:
    """A file system that is not mounted leaves an empty place: nothing is claimed in it, and nothing is concluded."""
    queue = listing(Queue(), line("COMPLETED"))
    attempt = attempt_in(tmp_path / "mount" / "run", queue)
    (tmp_path / "mount").rename(tmp_path / "away")
    (tmp_path / "mount").mkdir()
    for act in (attempt.look, attempt.fence, lambda: attempt.signal("stop")):
        with pytest.raises(FileNotFoundError):
            act()
    assert list((tmp_path / "mount").iterdir()) == []


def test_a_verb_takes_back_what_has_not_begun(tmp_path: Path) -> None:
    queue = listing(Queue(), line("PENDING", "Resources"))
    for verb in ("pause", "stop", "prune", "kill"):
        waits, begun = attempt_in(tmp_path / f"w-{verb}", queue), attempt_in(tmp_path / f"b-{verb}", queue, owner=OWNER)
        for attempt in (waits, begun):
            attempt.signal(verb)
        assert claimed_by(waits.run.root) == RUNNER
        assert (claimed_by(begun.run.root), begun.run.control.read_text()) == (OWNER, verb)


# submissions --------------------------------------------------------------------------------------------------------


def test_the_options_of_a_job_are_those_of_the_study() -> None:
    slurm = Slurm(dir="/x", partition="p", account="a", qos="q", time=3661, cpus=4, memory="8G", extra=("--nice=1",))
    options = resource_options(Resources(slurm=slurm, gpus_per_trial=2, pause_grace=30))
    named = ["--partition=p", "--account=a", "--qos=q", "--mem=8G", "--time=61:01", "--cpus-per-task=4"]
    assert options == ["--signal=B:USR1@90", *named, "--gres=gpu:2", "--nice=1"]
    assert resource_options(Resources(gpus=0)) == ["--signal=B:USR1@180"]


def test_complaints_that_pass_are_told_from_those_that_do_not() -> None:
    """As Slurm 22.05 says them."""
    passing = (
        "Batch job submission failed: Unable to contact slurm controller (connect failure)",
        "Batch job submission failed: Socket timed out on send/recv operation",
        "AssocMaxSubmitJobLimit; Batch job submission failed: Job violates accounting/QOS policy",
        "sbatch has not answered within 10 s",
    )
    lasting = (
        "invalid partition specified: nosuch; Batch job submission failed: Invalid partition name specified",
        "Batch job submission failed: Requested node configuration is not available",
        "Batch job submission failed: Invalid account or account/partition combination specified",
        "Batch job submission failed: Invalid feature specification",
    )
    assert [passes_by_itself(text) for text in (*passing, *lasting)] == [True] * 4 + [False] * 4
    assert all("[slurm]" in with_remedy(text) for text in lasting)


def test_the_environment_of_commands_is_not_that_of_a_job() -> None:
    environ = {"SLURM_CONF": "c", "SLURM_JOB_ID": "1", "SLURM_NTASKS": "2", "SBATCH_ACCOUNT": "a", "HOME": "/h"}
    assert command_environment(environ) == {"SLURM_CONF": "c", "SBATCH_ACCOUNT": "a", "HOME": "/h"}


def test_what_sinfo_lists_is_read() -> None:
    text = "gpu*|up|1-02:03:04|gpu:a100:4|2\ngpu*|up|1-02:03:04|(null)|1\nlow|down|30:00|(null)|3\nbad line\n"
    gpu, low = parse_partitions(text)
    assert (gpu.name, gpu.default, gpu.up, gpu.limit, gpu.gres, gpu.nodes) == (
        "gpu",
        True,
        True,
        93784,
        "gpu:a100:4",
        3,
    )
    assert (low.default, low.up, low.limit, low.gres) == (False, False, 1800, "")
    assert limit_seconds("infinite") is None


# study files --------------------------------------------------------------------------------------------------------

WRONG = {
    "": "slurm.dir: no directory is named",
    'dir = "relative"': "slurm.dir: 'relative' is no absolute path",
    'dir = "$NO_SUCH_VARIABLE/x"': "a variable is not set",
    'dir = "/x"\ntime = "2m"': "slurm.time: .* is too short",
    'dir = "/x"\nextra = ["--requeue"]': "hptui sets --requeue itself",
    'dir = "/x"\nextra = ["-Jname"]': "hptui sets -J itself",
    'dir = "/x"\nextra = ["--partition=p"]': "--partition is partition in ",
    'dir = "/x"\nextra = ["nvlink"]': "'nvlink' is no option",
    'dir = "/x"\ngres = "gpu:{count}"': "only {gpus} is filled in",
    'dir = "/x"\npartitoin = "p"': "unknown key 'partitoin'",
    'dir = "/x"\nmax_jobs = 0': "slurm.max_jobs",
    'dir = "/x"\n[resources]\nparallel = 4': r"resources.parallel: .*\n.*max_jobs = 4",
    'dir = "/x"\n[resources]\ngpus = 2': "resources.gpus: Slurm decides",
    'dir = "/x"\n[resources]\ntrials_per_gpu = 2': "resources.trials_per_gpu",
    'dir = "/x"\n[resources]\ncheckpoints = "/c"': "resources.checkpoints",
}


def test_what_cannot_work_is_said_with_its_key(tmp_path: Path) -> None:
    for text, complaint in WRONG.items():
        slurm, _, resources = text.partition("[resources]\n")
        rest = f'[resources]\nexecutor = "slurm"\n{resources}\n[slurm]\n{slurm}'
        with pytest.raises(HptuiError, match=complaint):
            read_study(toy(tmp_path, rest=rest), {})


def test_where_slurm_is_missing_it_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = read_study(toy(tmp_path, rest='[resources]\nexecutor = "slurm"\n[slurm]\ndir = "/x"'), {})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HptuiError, match=r"resources.executor: sbatch, .* not found here\n.*login node"):
        cluster_warnings(study)


# ends ---------------------------------------------------------------------------------------------------------------


def test_an_end_that_was_announced_is_no_fault_of_the_trial() -> None:
    saved = {"status": TrialStatus.PAUSED, "reason": Reason.USER, "message": ""}
    told = {"status": TrialStatus.FAILED, "reason": Reason.LOST, "message": ""}
    done = {"status": TrialStatus.COMPLETE, "reason": Reason.FINISHED, "message": ""}
    crashed = {"status": TrialStatus.FAILED, "reason": Reason.CRASH, "message": ""}
    killed, clean = {"signal": 9, "asked": "pause", "insisted": True}, {"code": 0, "asked": "pause"}
    for notice, end, exit_ in itertools.product((Reason.LIMIT, Reason.PREEMPTED), (saved, told, None), (killed, clean)):
        for asked in ("", "resume"):
            ending = classify_exit(ExitFacts(end, exit_, asked, notice=notice))
            assert (ending.status, ending.reason) == (None, notice)
        for asked, status in (("pause", "paused"), ("kill", "stopped")):
            if end is not told:
                ending = classify_exit(ExitFacts(None, exit_, asked, notice=notice))
                assert str(ending.status) == status
    for end in (done, crashed):
        assert classify_exit(ExitFacts(end, clean, notice=Reason.LIMIT)).reason == end["reason"]
    for asked, status in (("stop", "stopped"), ("pause", "paused"), ("kill", "stopped")):
        assert str(classify_exit(ExitFacts(None, None, asked, never=True)).status) == status
    assert classify_exit(ExitFacts(None, None, "", never=True)).status is None


# the process on a node ----------------------------------------------------------------------------------------------


def start_on_node(run: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "hptui.execution.slurm.on_node", str(run)]
    environ = {**os.environ, "SLURM_JOB_ID": "17", "SLURMD_NODENAME": "n2"}
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environ, start_new_session=True)


@pytest.mark.process
def test_the_process_of_a_job_hears_that_its_time_is_over(tmp_path: Path) -> None:
    for number, why in ((signal.SIGUSR1, "limit"), (signal.SIGTERM, "preempted")):
        run = RunDir(tmp_path / why / "attempt-1")
        run.root.mkdir(parents=True)
        folders = {name: str(run.root.parent / name) for name in ("checkpoints", "artifacts", "cache")}
        config = {"token": TOKEN, "study": "s", "trial": 0, "attempt": 1, "seed": 0, "kind": "toy", "directory": "/"}
        config |= {"settings": {"steps": 100_000, "step_seconds": 0.01}, "objectives": ["loss"], **folders}
        run.config.write_text(json.dumps({**config, "trial_dir": str(run.root.parent)}))
        arguments = ["-m", "hptui.trainers.worker", str(run.root)]
        order = {"token": TOKEN, "arguments": arguments, "cwd": "/", "pause_grace": 30, "stop_grace": 1}
        (run.root / "order.json").write_text(json.dumps({**order, "environment": {}}))
        job = start_on_node(run.root)
        until(lambda run=run: any(event["k"] == "metrics" for event in events_of(run)))
        assert claimed_by(run.root).startswith("17 n2 ")
        job.send_signal(number)
        job.communicate(timeout=60)
        assert job.returncode == 0
        assert (read_json(run.root / NOTICE_FILE), read_json(run.exit)["code"]) == ({"why": why}, 0)
        kinds = [event["k"] for event in events_of(run)]
        assert (kinds[-1], "checkpoint" in kinds) == ("end", True)
        before = run.events.read_bytes()
        again = start_on_node(run.root)  # as if Slurm had started the job again
        said, _ = again.communicate(timeout=60)
        assert "nothing is started: the attempt belongs to 17 n2" in said
        assert run.events.read_bytes() == before


@pytest.mark.parametrize(
    ("days", "told"), [(0.0, True), (1.0, True), (30.0, True), (364.0, False), (366.0, False), (None, False)]
)
def test_a_start_is_told_where_slurm_can_know_it(days: float | None, told: bool) -> None:
    """Jobs without a time limit count as a year: a start after their end says nothing."""
    when = "" if days is None else (datetime.now() + timedelta(days=days)).isoformat(timespec="seconds")
    text = SlurmJob("1", "job", "PENDING", "Priority", start=when or "N/A").waits_for
    assert text.startswith("Priority")
    assert ("expected to start" in text) == told
    assert (when[11:16] in text) == told if when else text == "Priority"
