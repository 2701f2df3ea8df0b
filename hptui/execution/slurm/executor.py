"""The executor that runs every attempt as a job of a Slurm cluster.

Jobs write into a directory that runner and nodes share; attempt directories here are copies of those there, so the
store stays on a local disk. Slurm decides where and when, hptui decides whether: no job is ever started again."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.plugin_specs import ExecutorSpec
from hptui.core.study import Resources
from hptui.execution.executor import Launch, LaunchRecord, Lease, Place, StartFailed, WorkerSpec
from hptui.execution.remote.followed import Followed
from hptui.execution.remote.handle import RemoteHandle, handed_over
from hptui.execution.remote.messages import BadMessage
from hptui.execution.remote.staging import far_config, study_identity
from hptui.execution.remote.transfer import Copies, Copy, fetch_files, fetch_folder, send_folder
from hptui.execution.slurm.attempt import GRACE_S, NETWORK_GRACE_S, PLACE, JobAttempt
from hptui.execution.slurm.ended_jobs import EndedJobs
from hptui.execution.slurm.handle import SlurmHandle
from hptui.execution.slurm.on_node import ORDER
from hptui.execution.slurm.queue import Queue, job_name
from hptui.execution.slurm.refusals import Refusals
from hptui.execution.slurm.shared import SharedDirectory
from hptui.execution.slurm.submission import Submission, job_options, job_script
from hptui.store.crash_points import crash_point
from hptui.store.filesystem import filesystem_type, is_network_filesystem
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, get_control, write_json

log = logging.getLogger(__name__)

SPEC = ExecutorSpec("slurm", "Jobs of a Slurm cluster.", "hptui.execution.slurm.executor:SlurmExecutor")
NAME = "slurm"
ON_NODE = "hptui.execution.slurm.on_node"
MAX_WAITING_JOBS = 4
"""Jobs that wait beyond those that run: a proposal that waits has learnt less than one that is made later."""
SYNC_S = 2.0
"""How often a worker writes its events through to the shared directory."""
MAX_RETIRE_S = 6.0
"""How long a study that rests waits for jobs to be cancelled."""


class SlurmExecutor:
    """Starts attempts as jobs, and keeps copies of their files here."""

    name = NAME

    def __init__(self) -> None:
        self.waiting = ""
        self._sd, self._resources, self._spec = StudyDir(Path()), Resources(), WorkerSpec(())
        self._queue, self._copies, self._refusals = Queue(), Copies(), Refusals()
        self._shared: SharedDirectory | None = None
        self._handles: dict[str, SlurmHandle] = {}
        self._fencing: dict[str, SlurmHandle] = {}
        self._reserved: set[str] = set()
        self._busy_since: dict[str, int] = {}  # nodes with attempts, and since when (UTC)
        self._trouble = ""
        self._ended_jobs = EndedJobs()
        self._grace_s = GRACE_S

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak_gpu_gb: Callable[[], float | None]
    ) -> None:
        """Begin to ask Slurm; nothing waits for it."""
        self._sd, self._spec, self._resources = study_dir, spec, resources
        self._share()
        self.poll()

    def revise(self, resources: Resources) -> None:
        """Follow changed resources; jobs that are submitted stay as they are."""
        self._resources = resources
        if self._shared is None:
            self._share()

    def _share(self) -> None:
        """Find the study's part of the shared directory, and make it."""
        directory = self._resources.slurm.directory
        try:
            root = directory / "runs" / study_identity(self._sd)
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            network = is_network_filesystem(filesystem_type(root))
        except OSError as error:
            self._trouble = f"{directory} cannot be used: {error.strerror}; set dir in [slurm]"
            return
        self._grace_s = NETWORK_GRACE_S if network else GRACE_S
        self._shared, self._trouble = SharedDirectory(root), ""

    # places -----------------------------------------------------------------------------------------------------

    def has_gpus(self) -> bool:
        """Return True: whether there are GPUs is known only to Slurm."""
        return True

    def capacity(self) -> int:
        """Return how many jobs there may be: those that run, and a few that wait."""
        begun = sum(handle.state().kind not in ("queued", "starting") for handle in self._handles.values())
        return min(self._resources.slurm.max_jobs, begun + MAX_WAITING_JOBS)

    def reserve(self) -> Lease | None:
        """Hold a place."""
        self.waiting = self._trouble
        if self._trouble or len(self._handles) + len(self._reserved) >= self.capacity():
            return None
        taken = self._reserved | {handle.label for handle in self._handles.values()}
        numbers = range(1, len(taken) + 2)
        label = next(label for label in (f"{NAME} #{n}" for n in numbers) if label not in taken)
        self._reserved.add(label)
        return Lease(label=label, threads=self._resources.slurm.cpus or 0)

    def reserve_near(self, device: str) -> tuple[Lease | None, bool]:
        """Hold a place: all nodes see the same checkpoints."""
        return self.reserve(), False

    def holds(self, lease: Lease) -> bool:
        """Return whether a place is still held."""
        return lease.label in self._reserved

    def release(self, lease: Lease) -> None:
        """Give a place back."""
        self._reserved.discard(lease.label)

    def places(self) -> list[Place]:
        """Return the queue and the nodes on which attempts run."""
        states = [handle.state() for handle in self._handles.values()]
        waits = Counter(state.why for state in states if state.kind == "queued")
        on_nodes = Counter(state.place for state in states if state.kind == "alive" and state.place != PLACE)
        why = self._trouble or self._queue.problem
        queued = "; ".join(f"{count} queued: {reason}" for reason, count in sorted(waits.items()))
        state = (
            "refused"
            if self._trouble
            else "unreachable"
            if why
            else "running"
            if on_nodes
            else "queued"
            if waits
            else "idle"
        )
        running = sum(on_nodes.values())
        queue = Place(
            PLACE, state, why or queued, round(self._queue.since), self._resources.slurm.max_jobs, running=running
        )
        now = round(time.time())
        self._busy_since = {node: self._busy_since.get(node, now) for node in on_nodes}
        nodes = (
            Place(node, "running", since=self._busy_since[node], slots=n, running=n)
            for node, n in sorted(on_nodes.items())
        )
        return [queue, *nodes]

    def problem(self) -> str:
        """Return once why Slurm will never start what is asked for; '' as long as it may."""
        return self._refusals.take()

    # start ------------------------------------------------------------------------------------------------------

    def start(self, launch: Launch, lease: Lease) -> RemoteHandle:
        """Submit the job of an attempt.

        Raises: `StartFailed` for an attempt that is fenced, or where the shared directory cannot be written to.
        """
        self.release(lease)
        record = LaunchRecord(launch.token, launch.run, lease.label, lease.boot)
        if launch.token in self._handles or handed_over(launch.run).get("token") == launch.token:
            return self.adopt(record)
        launch.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if get_control(launch.run) == "kill":
            raise StartFailed(f"the attempt in {launch.run.root} is fenced")
        write_json(launch.run.config, launch.config)
        far = self._stage(launch)
        facts = {"v": 1, "executor": NAME, "token": launch.token, "place": PLACE, "dir": str(far.root)}
        write_json(launch.run.executor, {**facts, "job": "", "intent": time.time(), "submitted": None})
        crash_point("after_intent")
        handle = self._handles[launch.token] = self._handle(record, handed_over(launch.run))
        assert handle.far is not None
        attempt, slurm = handle.far, self._resources.slurm
        comment = f"hptui:{launch.config.get('study')}:{handle.trial}"
        attempt.submission = Submission(
            job_options(self._resources, far.root, job_name(launch.token), comment),
            job_script(slurm.python, slurm.setup, far.root, ON_NODE, str(far.root)),
        )
        folders = self._folders_to_bring(launch.config)
        if not folders:
            attempt.submission.submit()
            crash_point("after_submit")
            return handle
        attempt.staging = "a checkpoint is copied to the shared directory"

        def brought(complete: bool) -> None:
            attempt.staging = ""
            if not complete:
                log.warning("a checkpoint cannot be copied to the shared directory")

        self._copies.begin(self._bring(folders), brought)
        return handle

    def _stage(self, launch: Launch) -> RunDir:
        """Write into the shared directory what the job needs. Raises: StartFailed."""
        if self._shared is None:
            raise StartFailed(self._trouble or "the shared directory is not known")
        root = self._shared.root
        far = RunDir(root / launch.run.root.relative_to(self._sd.root))
        config = {**far_config(launch.config, self._sd.root, str(root)), "sync_seconds": SYNC_S}
        order = {
            "token": launch.token,
            "arguments": [*launch.command[1:-1], str(far.root)],
            "cwd": launch.cwd,
            "environment": dict(launch.environment),
            "pause_grace": launch.pause_grace,
            "stop_grace": launch.stop_grace,
        }
        try:
            for folder in (far.root, *(Path(config[name]) for name in ("trial_dir", "artifacts", "cache"))):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_json(far.config, config)
            write_json(far.root / ORDER, order)
        except OSError as error:
            text = f"{far.root} cannot be written to: {error.strerror}; set dir in [slurm]"
            self._refusals.refuse(text)
            raise StartFailed(text) from error
        return far

    def _folders_to_bring(self, config: Mapping[str, Any]) -> list[str]:
        """Return what an attempt begins from and the shared directory lacks, as paths in the study."""
        assert self._shared is not None
        wanted = [*(config.get("resume_from") or ())[:1], *filter(None, [config.get("continues")])]
        inside = [Path(path).relative_to(self._sd.root) for path in wanted if Path(path).is_relative_to(self._sd.root)]
        missing = [path for path in inside if not (self._shared.root / path).exists()]
        return [str(path) for path in missing if (self._sd.root / path).is_dir()]

    def _bring(self, folders: list[str]) -> Copy:
        assert self._shared is not None
        for folder in folders:
            yield from send_folder(self._shared, self._sd.root, folder)

    # follow -----------------------------------------------------------------------------------------------------

    def adopt(self, record: LaunchRecord) -> RemoteHandle:
        """Return the handle of an attempt by what is recorded of it here."""
        if record.token in self._handles:
            return self._handles[record.token]
        facts = handed_over(record.run)
        handle = self._handle(record, facts if facts.get("token") == record.token else {})
        if not handle.ended:
            self._handles[record.token] = handle
        return handle

    def _handle(self, record: LaunchRecord, facts: dict[str, Any]) -> SlurmHandle:
        if not facts or self._shared is None:
            return SlurmHandle(self, record, facts, None, None)
        far = RunDir(Path(str(facts["dir"])))
        there = LaunchRecord(record.token, far, record.label, record.boot)
        attempt = JobAttempt(there, str(facts.get("job") or ""), self._queue, self._refusals, self._grace_s)
        return SlurmHandle(self, record, facts, attempt, Followed(far.root.parents[2], there, attempt))

    def poll(self) -> None:
        """Take in what Slurm says and what jobs have written."""
        self._queue.poll(self._expects_news)
        for handle in list(self._handles.values()):
            try:
                for end in handle.follow():
                    self._end(handle, end)
                handle.trouble = ""
            except (OSError, BadMessage) as error:
                handle.trouble = f"the shared directory cannot be read: {error}"
        for token, handle in list(self._fencing.items()):
            with suppress(OSError):
                if handle.far is not None and handle.far.is_dead():
                    handle.fence_done()
                    self._delete(handle)
                    del self._fencing[token]
        self._ended_jobs.poll(self._queue)
        if self._shared is not None:
            self._shared.answer(self._copies)

    def _expects_news(self) -> bool:
        waits = any(handle.state().kind != "alive" for handle in self._handles.values())
        return (
            waits or bool(self._fencing) or any(h.far is not None and h.far.is_silent() for h in self._handles.values())
        )

    def _end(self, handle: SlurmHandle, end: dict[str, Any]) -> None:
        """Copy what an attempt has left; then it is gone here, too."""
        if handle.ending is not None:
            return
        handle.ending = end
        self._copies.begin(self._fetch(handle, end), lambda complete: handle.finish())

    def _fetch(self, handle: SlurmHandle, end: dict[str, Any]) -> Copy:
        assert self._shared is not None
        files, large = end.get("files") or [], end.get("large") or []
        yield from fetch_files(self._shared, self._sd.root, handle.trial, files, large)
        if end.get("checkpoint"):  # of a trial whose checkpoints were in the study's directory before
            yield from fetch_folder(self._shared, self._sd.root, str(end["checkpoint"]))

    def fence(self, handle: RemoteHandle) -> None:
        """Have an attempt killed, or kept from starting."""
        self._handles.pop(handle.token, None)
        if isinstance(handle, SlurmHandle) and handle.far is not None:
            self._fencing[handle.token] = handle
            with suppress(OSError):  # tried again as long as it is not known dead
                handle.far.fence()

    def drop(self, handle: RemoteHandle) -> None:
        """Give up an attempt whose end is recorded."""
        if self._handles.pop(handle.token, None) is not None and isinstance(handle, SlurmHandle):
            self._delete(handle)

    def _delete(self, handle: SlurmHandle) -> None:
        if handle.far is not None and handle.followed is not None:
            self._ended_jobs.note(handle.far.name)
            handle.far.forget()
            handle.followed.delete()

    def wait_handles(self) -> Iterator[int]:
        """Yield nothing: a shared directory does not announce what is written to it."""
        yield from ()

    def settled(self) -> bool:
        """Return whether everything is submitted: what a new process needs is on the disk."""
        attempts = [handle.far for handle in self._handles.values() if handle.far is not None]
        return not any(far.staging or (far.submission is not None and far.submission.runs) for far in attempts)

    def retire(self) -> None:
        """Wait a moment until the jobs of fenced attempts are cancelled: after this nobody does it."""
        deadline = time.monotonic() + MAX_RETIRE_S
        while self._fencing and not self._queue.problem and time.monotonic() < deadline:
            self.poll()
            time.sleep(0.05)  # a file on the nodes is noticed within a fifth of a second

    def close(self) -> None:
        """Let go of commands that run. Jobs go on."""
        self._queue.close()
        self._ended_jobs.close()
        for handle in (*self._handles.values(), *self._fencing.values()):
            if handle.far is not None:
                handle.far.close()
