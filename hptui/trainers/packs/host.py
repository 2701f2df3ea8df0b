"""The host: one process for each slot that holds the base model and computes for all trials there.

It is started like a worker, under a shim of its own, in `packs/N/` of the study; `config.json` says for which trainer
and slot. Clients connect to `socket` there. It writes `plan.json`, from which the runner learns how many trials should
share it. It ends when it has been without clients for a while, or is asked to by SIGTERM.
"""

from __future__ import annotations

import select
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.format import with_counts
from hptui.core.trial import Reason
from hptui.store.run_directory import RunDir, read_json, write_json
from hptui.trainers import provenance, user_function
from hptui.trainers.failures import Diverged, Failure, one_line, outcome_of_error
from hptui.trainers.packs.channel import VERSION, Channel, Gone, listen
from hptui.trainers.packs.lanes import Lanes
from hptui.trainers.packs.protocol import HostedBase, HostedMember, NotHosted, Packing
from hptui.trainers.packs.trial import HostedTrial

IDLE_S = 60.0
"""Seconds without clients after which a host ends."""
HEARTBEAT_S = 5.0
"""Seconds between two signs of progress to a client, at most: a third of `hang_after` where that is shorter."""
SETTLE_S = 1.0
"""Seconds after a join in which no pass is measured: clients that start at the same time take from its time."""
PLAN_INTERVAL_S = 1.0
"""Seconds between two versions of `plan.json`, at least."""
PLAN_NAME = "plan.json"
MAX_WAIT_S = 0.5
"""Seconds that a host without work waits for a message at most, so that it notices that it is to end."""


@dataclass
class Resident:
    """A client and, once it has joined, its trial. `company` are the trials that shared a pass with it."""

    channel: Channel
    config: Mapping[str, Any] = field(default_factory=dict)
    resume: Mapping[str, Any] = field(default_factory=dict)
    trial: HostedTrial | None = None
    member: HostedMember | None = None
    company: set[int] = field(default_factory=set)
    reported_at: float = 0.0

    @property
    def greeted(self) -> bool:
        """Whether it is known which attempt the client is."""
        return bool(self.config)

    @property
    def number(self) -> int:
        """Number of the trial."""
        return int(self.config["trial"])


class PackedProcess:
    """The loop of a host: take clients in, advance a group of their trials, pass on what became of them."""

    def __init__(self, run: RunDir, config: Mapping[str, Any], packing: Packing, terminated: threading.Event) -> None:
        self.run, self.config, self.packing, self.terminated = run, config, packing, terminated
        self.base: HostedBase | None = None
        self.residents: list[Resident] = []
        self.passes = 0
        self._heartbeat_s = min(HEARTBEAT_S, float(config.get("hang_after") or 600.0) / 3)
        self.lanes = Lanes(packing.group_model(int(config["most_lanes"])), int(config["lanes"]), config["most_lanes"])
        self._server = listen(run.root)
        self._idle_since = time.monotonic()
        self._plan: Mapping[str, Any] = {}
        self._planned_at = self._joined_at = 0.0

    def serve(self) -> int:
        """Serve clients until there are none for long, or the host is asked to end; return the exit code."""
        try:
            while not self._finished():
                self._take_messages(wait=not any(resident.member for resident in self.residents))
                self._join_next()
                self._advance()
                self._tell_progress()
                self._write_plan()
        finally:
            self._server.close()
        return 0

    def _finished(self) -> bool:
        if self.residents:
            self._idle_since = time.monotonic()
            if self.terminated.is_set():
                for resident in list(self.residents):
                    if resident.trial is not None:
                        resident.trial.asked = resident.trial.asked or ""
                    else:
                        self._part(resident)
            return False
        idle = time.monotonic() - self._idle_since
        return self.terminated.is_set() or idle > float(self.config.get("idle_s") or IDLE_S)

    # clients ----------------------------------------------------------------------------------------------------

    def _take_messages(self, *, wait: bool) -> None:
        """Accept clients and read what they sent; with `wait`, wait a moment for it."""
        if wait and not any(resident.greeted for resident in self.residents):
            poll = select.poll()
            poll.register(self._server.fileno(), select.POLLIN)
            for resident in self.residents:
                poll.register(resident.channel.fileno(), select.POLLIN)
            poll.poll(MAX_WAIT_S * 1000)
        # Ends first: an attempt that follows one that has died must not meet it here.
        for resident in list(self.residents):
            self._read(resident)
        while True:
            try:
                link, _ = self._server.accept()
            except BlockingIOError:
                break
            link.set_inheritable(False)
            resident = Resident(Channel(link))
            self.residents.append(resident)
            self._read(resident)

    def _read(self, resident: Resident) -> None:
        try:
            resident.channel.flush()
            if resident.trial is not None:
                resident.trial.take_requests()
            elif (message := resident.channel.receive()) is not None:
                self._greet(resident, message)
        except Gone:
            self._part(resident)
        except Exception:  # noqa: BLE001  what one client sends ends that client, and not the process of the others
            traceback.print_exc()
            self._part(resident)

    def _greet(self, resident: Resident, message: Mapping[str, Any]) -> None:
        """Take in which attempt a client is; a request to stop of one that waits ends it."""
        if "stop" in message:
            resident.channel.send({"end": {}, "obeyed": message["stop"], "early": ""})
            self._part(resident)
            return
        config = read_json(Path(message["hello"]) / "config.json")
        if message.get("version") != VERSION:
            text = f"its client speaks version {message.get('version')} of the messages, the host version {VERSION}"
            self._refuse(resident, text)
        elif not isinstance(config, dict) or config.get("token") != message["token"]:
            self._refuse(resident, "its directory belongs to another attempt")
        else:
            resident.config, resident.resume = config, message["resume"]
            self._tell(resident, force=True)

    def _refuse(self, resident: Resident, reason: str) -> None:
        with suppress(Gone):  # it has ended meanwhile
            resident.channel.send({"refused": reason})
        self._part(resident)

    def _part(self, resident: Resident) -> None:
        """Let a client go, and drop its trial without saving it."""
        member, resident.member = resident.member, None
        if member is not None and self.base is not None:
            try:
                self.base.leave(member)
            except Gone:
                pass  # it reports what it has seen when it is closed, and its client has ended
            except Exception:  # noqa: BLE001  it is closed all the same, and the others go on
                traceback.print_exc()
        resident.channel.close()
        if resident in self.residents:
            self.residents.remove(resident)

    # trials -----------------------------------------------------------------------------------------------------

    def _join_next(self) -> None:
        """Let the client that has waited longest join."""
        waiting = [resident for resident in self.residents if resident.greeted and resident.member is None]
        members = [resident for resident in self.residents if resident.member is not None]
        if not waiting or (members and len(members) >= self.lanes.memory_limit):
            return
        resident = waiting[0]
        try:
            self._join(resident)
        except Gone:
            self._part(resident)
        except NotHosted as error:
            self._refuse(resident, error.reason)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  all of it is recorded
            if self._lacks_memory(error, resident) and members:
                resident.trial = None
                self.lanes.limit(len(members))  # it waits until one of the others has ended
                return
            self._fail(resident, error)

    def _join(self, resident: Resident) -> None:
        config = resident.config
        trial = HostedTrial(
            RunDir(Path(config["trial_dir"]) / f"attempt-{config['attempt']}"),
            config,
            resident.channel,
            resident.resume,
        )
        resident.trial = trial
        if self.base is None:
            self.base = self.packing.load(config["settings"], Path(config["directory"] or "."), config["device"])
        if problem := self.base.reason or self.base.healthy():
            self.lanes.refused = problem
            raise NotHosted(problem)
        provenance.remember_versions()
        file_facts = user_function.trainer_file_facts(config["kind"], config["directory"])
        trial.environment(**provenance.computing_facts(), **file_facts)
        began = time.perf_counter()
        resident.member = self.packing.join(self.base, config["settings"], trial)
        self._joined_at = time.monotonic()
        resident.member.seconds_alone = max(resident.member.seconds_alone, time.perf_counter() - began)
        for other in list(self.residents):
            self._tell(other, force=True)

    def _advance(self) -> None:
        """Advance a group of trials by one turn, the oldest first."""
        members = [resident for resident in self.residents if resident.member is not None]
        if not members or self.base is None:
            return
        settled = time.monotonic() - self._joined_at > SETTLE_S
        tokens = [resident.member.tokens for resident in members if resident.member]
        group = members[: self.lanes.group(tokens, settled=settled)]
        started, waited = time.perf_counter(), waited_seconds()
        outcome = self.base.step([resident.member for resident in group], timed=self.lanes.timed)
        elapsed = time.perf_counter() - started
        own = max(0.0, 1 - (waited_seconds() - waited) / elapsed) if elapsed > 0 else 1.0
        self.passes += 1
        for done in outcome.passes:
            self.lanes.measured(done.kind, len(done.group), done.tokens, done.seconds * own)
            for resident in group:
                if resident.number in done.group:
                    resident.company |= set(done.group) - {resident.number}
        if outcome.halved:
            self.lanes.limit(outcome.limit)
        for resident in group:
            if resident.member is not None and resident.member.ended:
                self._end(resident, resident.member)

    def _end(self, resident: Resident, member: HostedMember) -> None:
        """Tell a client how its trial ended, and let it go."""
        trial = resident.trial
        assert trial is not None
        try:
            if trial.channel.closed:
                raise Gone("its client has ended")
            trial.facts(pack_group=round(member.company, 2), pack_with=sorted(resident.company))
            trial.channel.send(self._progress_of(resident))
            if member.error is None:
                final = with_counts(member.result or {})
                trial.channel.send({"end": final, "obeyed": trial.obeyed, "early": trial.early})
            elif isinstance(member.error, Gone):
                raise member.error
            elif self._lacks_memory(member.error, resident) and len(self.residents) > 1:
                self.lanes.limit(len([other for other in self.residents if other.member]) - 1)
                trial.channel.send({"refused": "memory ran out while it shared a process"})
            else:
                self._fail(resident, member.error)
                return
            self._drain(resident)
        except Gone:
            pass  # no client is left; the runner finds the attempt ended
        self._part(resident)
        for other in list(self.residents):
            self._tell(other, force=True)

    def _lacks_memory(self, error: BaseException, resident: Resident) -> bool:
        """Return whether memory ran out, of the GPU or of the machine: others may have had too much of it."""
        trial = resident.trial
        return outcome_of_error(error, reported=bool(trial and trial.reports)).reason in (Reason.OOM, Reason.HOST_OOM)

    def _fail(self, resident: Resident, error: BaseException) -> None:
        """Tell a client that its trial failed, with the traceback for its log."""
        outcome = outcome_of_error(error, reported=bool(resident.trial and resident.trial.reports))
        if isinstance(error, Diverged):
            text = f"diverged: {one_line(error)}\n"
        else:
            text = "" if isinstance(error, Failure) else "".join(traceback.format_exception(error))
        try:
            for start in range(0, len(text), 32_000):
                resident.channel.send({"print": text[start : start + 32_000]})
            resident.channel.send({"failed": str(outcome.reason), "message": outcome.message})
            self._drain(resident)
        except Gone:
            pass  # as in _end
        self._part(resident)

    def _drain(self, resident: Resident) -> None:
        """Wait a moment until a client has read its last messages. Raises: Gone."""
        deadline = time.monotonic() + 10.0
        poll = select.poll()
        poll.register(resident.channel.fileno(), select.POLLOUT)
        while resident.channel.blocked and time.monotonic() < deadline:
            poll.poll(100)
            resident.channel.flush()

    # signs of life ----------------------------------------------------------------------------------------------

    def _tell_progress(self) -> None:
        for resident in list(self.residents):
            self._tell(resident)

    def _tell(self, resident: Resident, *, force: bool = False) -> None:
        """Tell a client how far the host is, and with which trials it shares it."""
        now = time.monotonic()
        if not resident.greeted or not (force or now - resident.reported_at > self._heartbeat_s):
            return
        resident.reported_at = now
        try:
            resident.channel.send(self._progress_of(resident))
        except Gone:
            self._part(resident)

    def _progress_of(self, resident: Resident) -> dict[str, Any]:
        """Return the message that says how far the host is, and what the trial has taken of its time."""
        joined = sorted(other.number for other in self.residents if other.member is not None)
        share = 0.0 if resident.member is None else round(resident.member.seconds_alone, 4)
        return {"pass": self.passes, "with": joined, "share": share}

    def _write_plan(self) -> None:
        """Write what the runner needs to know, when it has changed."""
        plan = self.lanes.plan()
        if plan != self._plan and time.monotonic() - self._planned_at > PLAN_INTERVAL_S:
            self._plan, self._planned_at = plan, time.monotonic()
            write_json(self.run.root / PLAN_NAME, plan, durable=False)


def waited_seconds() -> float:
    """Return how long this thread was ready and got no processor: other programs' time, not a pass's."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def main(run: RunDir, config: Mapping[str, Any], packing: Packing, terminated: threading.Event) -> int:
    """Be the host of a slot until it is needed no more."""
    return PackedProcess(run, config, packing, terminated).serve()
