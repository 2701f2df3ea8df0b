"""The toy trainer as a guest of a host: its steps take turns, and a group's steps take the time of the longest."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.trainers.context import TrialContext
from hptui.trainers.packs.planner import MeasuredGroups
from hptui.trainers.packs.trial import HostedTrial
from hptui.trainers.settings import build
from hptui.trainers.toy import ToySettings, train_steps


@dataclass
class ToyMember:
    """One toy trial in a host."""

    trial: TrialContext
    settings: ToySettings
    steps: Generator[None, None, Mapping[str, float]]
    wants: str = "train"
    tokens: int = 64
    ended: bool = False
    result: dict[str, float] | None = None
    error: BaseException | None = None
    seconds_alone: float = 0.0
    passes: int = 0
    company: float = 0.0

    def go_on(self) -> None:
        """Run up to the next step."""
        try:
            next(self.steps)
        except StopIteration as end:
            self.ended, self.wants, self.result = True, "", dict(end.value)
        except Exception as error:  # noqa: BLE001  the host records it
            self.ended, self.wants, self.error = True, "", error


@dataclass(frozen=True)
class ToyPass:
    """One step of a group."""

    kind: str
    group: tuple[int, ...]
    tokens: int
    seconds: float


@dataclass(frozen=True)
class ToyOutcome:
    """What one turn of a group did."""

    passes: Sequence[ToyPass]
    halved: bool = False
    limit: int = 0


@dataclass
class ToyBase:
    """The trials in a host; there is nothing that they share."""

    reason: str = ""
    members: list[ToyMember] = field(default_factory=list)

    def join(self, settings: ToySettings, trial: TrialContext) -> ToyMember:
        """Begin a trial."""
        say = trial.say if isinstance(trial, HostedTrial) else print
        member = ToyMember(trial, settings, train_steps(settings, trial, lambda text: say(text)))
        member.go_on()
        if member.error is not None:
            raise member.error
        self.members.append(member)
        return member

    def step(self, members: Sequence[ToyMember], *, timed: bool = False) -> ToyOutcome:
        """Take each member one step further; together they wait as long as the slowest."""
        live = [member for member in members if not member.ended]
        started = time.perf_counter()
        time.sleep(max((member.settings.step_seconds for member in live), default=0.0))
        for member in live:
            member.go_on()
        seconds = time.perf_counter() - started
        for member in live:
            member.seconds_alone += seconds / len(live)
            member.company = (member.company * member.passes + len(live)) / (member.passes + 1)
            member.passes += 1
        group = tuple(member.trial.number for member in live)
        return ToyOutcome([ToyPass("train", group, 64 * len(live), seconds)] if live else [])

    def leave(self, member: ToyMember) -> None:
        """Drop a trial."""
        if member in self.members:
            self.members.remove(member)
        member.steps.close()

    def healthy(self) -> str:
        """Return '': nothing can be wrong with it."""
        return ""


class ToyPacking:
    """The capability of the toy trainer to share a process."""

    key_settings = ("report_total",)
    shared_metrics = ()

    def why_not(self, settings: Mapping[str, Value], *, role: str = "", dry: bool = False) -> str:
        """Return why a trial cannot share a process: what it leaves behind must end with its shim."""
        if settings.get("children"):
            return f"children = {settings['children']}"
        return "a dry run" if dry else ""

    def key(self, settings: Mapping[str, Value], directory: Path) -> str:
        """Return what trials must have in common to share a host."""
        return f"report_total={settings.get('report_total', True)}"

    def load(self, settings: Mapping[str, Value], directory: Path, device: str) -> ToyBase:
        """Return an empty base."""
        return ToyBase()

    def join(self, base: ToyBase, settings: Mapping[str, Value], trial: TrialContext) -> ToyMember:
        """Begin a trial."""
        return base.join(build(ToySettings, settings), trial)

    def group_model(self, largest: int) -> MeasuredGroups:
        """Return how group sizes are chosen."""
        return MeasuredGroups(largest)


PACKING = ToyPacking()
