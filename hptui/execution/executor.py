"""The protocol of executors: where attempts run. Values and protocols only; `local` holds the executor of this machine.

An executor moves files and processes and never reads an event. The run directory is the channel and the truth:
`config.json` and `control` go in, `events.jsonl`, `exit.json`, `log.txt` and artifacts come out, and the rest of hptui
reads the copy that is here. The store and the runner stay on one machine.

- At most once: the attempt's row (with its token) is committed before `start`, and `start` is keyed by the token. After
  a crash around `start`, `adopt` answers whether anything by that token was started.
- Only "gone" ends an attempt. An executor that cannot ask answers "unknown", which starts nothing in its place until
  `give_up`. An attempt that is given up is fenced: nothing of it counts from then on, and `fence` must kill it wherever
  and whenever it is found, also by a later executor object that adopts its token.
- Its clocks run while it is "alive": not in a queue, not while it starts, not while nobody can be asked.
- What must survive the runner goes to `executor.json` in the run directory, written before anything is submitted. The
  local executor writes none: there the lock of the run directory says it.

A launch has one attempt, so a handle belongs to one token, and its methods do not repeat it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, field
from typing import Any, Literal, Protocol, cast, runtime_checkable

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.errors import Unsupported
from hptui.core.plugin_specs import ExecutorSpec
from hptui.core.references import resolve
from hptui.core.study import Resources
from hptui.core.trial import Value
from hptui.execution.pack_request import PackRequest, PackRule
from hptui.store.paths import StudyDir
from hptui.store.records import Sample
from hptui.store.run_directory import RunDir

Kind = Literal["queued", "starting", "alive", "gone", "unknown"]
Proof = Literal["", "lock", "exit", "boot", "never", "engine", "silence"]
CERTAIN_PROOFS: tuple[Proof, ...] = ("lock", "exit", "boot", "never")
"""Proofs of an end that leave no doubt: the lock is free, `exit.json` is there, the machine has booted since, nothing
was ever started. After "engine" or "silence" the attempt may still live somewhere, so it must be fenced."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of an attempt's process. `why` is a reason for people, `place` where it runs ('' for here).

    queued: an engine holds it back · starting: it has shown no sign of life yet · alive · gone: it has ended, and
    `proof` says how that is known · unknown: nobody can be asked, so nothing may be concluded.
    """

    kind: Kind
    proof: Proof = ""
    why: str = ""
    place: str = ""

    @property
    def gone(self) -> bool:
        """Whether the attempt has ended."""
        return self.kind == "gone"

    @property
    def certain(self) -> bool:
        """Whether an end is beyond doubt."""
        return self.kind == "gone" and self.proof in CERTAIN_PROOFS


@dataclass(frozen=True, slots=True)
class Lease:
    """A place for an attempt, held for it. An executor may subclass it to remember what it holds.

    `label` is shown and recorded as the attempt's device. `environment` restricts the attempt to its devices, `gpus`
    are their UUIDs, `facts` what is recorded of them. `host` and `boot` identify the machine and its boot, `threads` is
    the number of CPU threads that the attempt should use (0: its own choice), `lanes` how many attempts may share the
    lease. With `shares_files`, checkpoints, code and data have the same paths there as here.
    """

    label: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    facts: Mapping[str, Value] = field(default_factory=dict)
    host: str = ""
    boot: str = ""
    threads: int = 0
    lanes: int = 1
    shares_files: bool = True


@dataclass(frozen=True, slots=True)
class Launch:
    """All that it takes to start one attempt, but for the lease. Grace periods are seconds.

    `config` becomes `config.json`. `command` is a fresh worker process; `entry` ("module:function") is what it calls
    with the run directory, for an executor that has the code loaded already. `environment` goes over the lease's.
    `pack`: the attempt is to share a process.
    """

    token: str
    run: RunDir
    config: Mapping[str, Any]
    command: Sequence[str]
    entry: str = ""
    cwd: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    pause_grace: float = 120.0
    stop_grace: float = 15.0
    pack: PackRequest | None = None


@dataclass(frozen=True, slots=True)
class LaunchRecord:
    """What the store knows of an attempt that was handed to an executor: enough to find it again."""

    token: str
    run: RunDir
    label: str = ""
    boot: str = ""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How the attempts of a study are run: the command for a fresh process, the launcher's entry and what it imports.

    `facts` goes into every attempt's record: git commit, host, versions. `prepares` names the settings that the trainer
    examines once, before the first trial; empty: the trainer has no preparation. `packing` says which trials can share
    a process; None: none can.
    """

    command: Sequence[str]
    entry: str = ""
    preload: Sequence[str] = ()
    facts: Mapping[str, Value] = field(default_factory=dict)
    prepares: Sequence[str] = ()
    packing: PackRule | None = None


class StartFailed(OSError):
    """An attempt could not be started: nothing runs, nothing ever will, and its lease is released."""


class Handle(Protocol):
    """One attempt that was handed to an executor.

    `warm` says that it was started without importing its libraries again.
    """

    token: str
    warm: bool

    def state(self) -> State:
        """Return what is known of the attempt now. Never blocks."""

    def signal(self, verb: str) -> None:
        """Pass on pause, stop, prune or kill. Idempotent; the last verb counts; to one that is gone: nothing."""

    def fence(self) -> None:
        """Keep the attempt from ever starting, and kill it wherever it is found alive. Durable, idempotent."""

    def sync(self) -> None:
        """Bring the run directory here up to date."""

    def collect(self) -> None:
        """Make the run directory here final, once the attempt is gone: after this nobody writes to it."""

    def usage(self) -> Sample | None:
        """Return the next sample of what the attempt uses; None when there is no further one now."""

    def forget(self) -> None:
        """Give up all that is held for the attempt, also far away: its end is recorded.

        Of a fenced attempt only the place is given up here: the executor goes on to fence it until it is known dead.
        """

    def close(self) -> None:
        """Give up what this process holds for the attempt, which goes on."""


class Executor(Protocol):
    """Where the attempts of one study run. One object per runner.

    `waiting` says why the last `reserve` got nothing ("waiting for GPU 0: …"), '' when all places are merely taken.
    Before `open` only `adopt` may be called; its handles then answer as far as the run directories here show it.
    """

    name: str
    waiting: str

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak_gpu_gb: Callable[[], float | None]
    ) -> None:
        """Get ready to start attempts; `peak_gpu_gb` is the most memory (GiB) that one needed of one GPU."""

    def revise(self, resources: Resources) -> None:
        """Follow changed resources. What runs keeps its lease."""

    def has_gpus(self) -> bool:
        """Return whether there are GPUs that attempts could use."""

    def capacity(self) -> int:
        """Return how many leases could be held at once, those that are held included."""

    def reserve(self) -> Lease | None:
        """Hold a place for an attempt; None when there is none now."""

    def release(self, lease: Lease) -> None:
        """Give back a lease that no attempt was started with."""

    def start(self, launch: Launch, lease: Lease) -> Handle:
        """Start an attempt. Repeated with the same token, it starts nothing and returns the attempt's handle.

        Raises: `StartFailed`; another `OSError` for a failure of this machine, such as a full disk. Nothing runs then.
        """

    def adopt(self, record: LaunchRecord) -> Handle:
        """Return the handle of an attempt of an earlier runner. Never raises, also for one long gone."""

    def poll(self) -> None:
        """Take in what has happened. Never blocks."""

    def wait_handles(self) -> Iterable[int]:
        """Return descriptors that become readable when `poll` has something to take in."""

    def settled(self) -> bool:
        """Return whether this process may be replaced by another one now, without ending an attempt."""

    def retire(self) -> None:
        """Give all places back: the study has come to rest. After `close` alone they stay."""

    def close(self) -> None:
        """Let go of everything that this process holds: the runner leaves. What runs goes on."""


@runtime_checkable
class StuckHandle(Protocol):
    """What a handle may offer besides, if it can look at the attempt's processes."""

    def stuck(self) -> str:
        """Return which process of the attempt was killed and does not end; '' if none does."""


@runtime_checkable
class GpuExecutor(Protocol):
    """What an executor may offer besides, if it knows the GPUs that attempts run on."""

    def avoid(self, gpus: Collection[str]) -> bool:
        """Start nothing more on these GPUs (UUIDs), and again on all others; return whether places are left."""

    def notices(self) -> list[str]:
        """Return sentences about GPUs that are out of use or faulty, each once."""

    def torch_problem(self) -> str:
        """Return why torch cannot use the GPUs, and what to do; '' if it can, or nobody knows."""

    def unused_gpus(self) -> str:
        """Return the warning about GPUs of makers on which hptui was never tried; '' if there are none."""


@runtime_checkable
class WarmExecutor(Protocol):
    """What an executor may offer besides, if it starts attempts as copies of a process with everything imported."""

    def start_cold(self, why: str) -> None:
        """Start attempts as fresh processes from now on."""

    def cold_start_notice(self) -> str:
        """Return once why attempts start as fresh processes; '' as long as they do not."""


@dataclass(frozen=True, slots=True)
class Place:
    """A machine, or a part of one, on which attempts run, as people see it.

    `state`: connecting, idle, queued, running, unreachable, refused (it cannot be used; `why` says what to do). `slots`
    is how many attempts it may run, `heard` when it was heard of last (UTC).
    """

    name: str
    state: str
    why: str = ""
    since: float = 0.0
    slots: int = 0
    running: int = 0
    gpus: tuple[str, ...] = ()
    heard: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as the store and `hptui places --json` have it."""
        return asdict(self)


@runtime_checkable
class PlacedExecutor(Protocol):
    """What an executor offers besides, if its attempts run on other machines.

    Files of a trial may then be where its last attempt ran. The trainer's preparation of a study runs here.
    """

    def places(self) -> list[Place]:
        """Return the machines and what they do."""

    def holds(self, lease: Lease) -> bool:
        """Return whether a place is still held: it is not once its machine was lost."""

    def reserve_near(self, device: str) -> tuple[Lease | None, bool]:
        """Hold a place on the machine of an earlier attempt, by the label that it ran at.

        Returns the lease or None, and whether it is worth waiting a while for a place there.
        """


@runtime_checkable
class RefusingExecutor(Protocol):
    """What an executor offers besides, if a scheduler may refuse for good what it is asked for."""

    def problem(self) -> str:
        """Return once why nothing would ever start, and what to do; '' as long as nothing is refused."""


def usable_cpu_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_executor(name: str) -> Executor:
    """Return a new executor, by its name or as "module:Object".

    Raises: `UserError` for an unknown name, `Unsupported` when the object cannot be loaded.
    """
    if ":" not in name:
        return cast(Executor, plugins.load("executors", name, "executor")())
    module, _, attribute = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), attribute)
        if isinstance(make, ExecutorSpec):
            make = resolve(make.executor)
    except Exception as error:  # a module of somebody else may raise anything while it is imported
        raise Unsupported(
            f"[resources] executor: {name!r} cannot be loaded: {type(error).__name__}: {error}",
            hint='install the package that it belongs to, or use executor = "local"',
        ) from error
    return cast(Executor, make())
