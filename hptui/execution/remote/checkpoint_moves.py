"""Which files move between machines: checkpoints that a trial goes on from, and results of one that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.execution.fetching import Fetched
from hptui.execution.remote.handle import RemoteHandle, handed_over
from hptui.execution.remote.link import MachineLink
from hptui.execution.remote.machines import Machines
from hptui.execution.remote.messages import BadMessage
from hptui.execution.remote.transfer import Copies, Copy, fetch_files, fetch_folder, send_folder
from hptui.store.run_directory import RunDir, get_control


class CheckpointMoves:
    """Finds and copies the files of one study."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self._home: dict[str, Fetched] = {}

    @property
    def root(self) -> Path:
        """The study's directory here."""
        return self.machines.sd.root

    def bring_home(self, checkpoint: Path, copies: Copies) -> Fetched:
        """Begin to copy a checkpoint here from the machine that wrote it; return how far that has come."""
        if checkpoint.is_dir() or not checkpoint.is_relative_to(self.root):
            return Fetched("here")
        relative = str(checkpoint.relative_to(self.root))
        if relative in self._home:
            return self._home[relative]
        link = self.writer_of(str(checkpoint))
        if link is None or not link.up:
            why = f"{link.name} is not reached" if link is not None else "no machine is known to have it"
            return Fetched("missing", why)
        name = link.name

        def fetched(complete: bool) -> None:
            self._home[relative] = Fetched("here") if complete else Fetched("missing", f"{name} does not send it")

        self._home[relative] = Fetched("under way")
        copies.begin(fetch_folder(link, self.root, relative), fetched)
        return self._home[relative]

    def needed(self, config: Mapping[str, Any], link: MachineLink) -> list[tuple[str, MachineLink | None]]:
        """Return what an attempt begins from and its machine lacks: folders of the study, and where they are."""
        folders: list[tuple[str, MachineLink | None]] = []
        if newest := next(iter(config.get("resume_from") or ()), ""):
            place = self.writer_of(newest)
            if place is None or not self.machines.same_disk(place, link):
                folders.append((str(Path(newest).relative_to(self.root)), place))
        if config.get("continues"):
            folders.append((str(Path(config["continues"]).relative_to(self.root)), None))
        return folders

    def writer_of(self, checkpoint: str) -> MachineLink | None:
        """Return the connection to the machine whose attempt wrote a checkpoint; None for this machine."""
        parts = Path(checkpoint).relative_to(self.machines.sd.trials).parts  # 0007/checkpoints/a2/step-…
        n = parts[2].removeprefix("a") if len(parts) > 3 else ""
        if not n.isdigit():
            return None
        facts = handed_over(RunDir(self.machines.sd.attempt(int(parts[0]), int(n))))
        return self.machines.disk(facts) if facts.get("place") else None

    def bring(self, folders: list[tuple[str, MachineLink | None]], link: MachineLink) -> Copy:
        """Copy folders to a machine, by way of here."""
        for relative, source in folders:
            if source is not None and source.up:
                yield from fetch_folder(source, self.root, relative)
            if (self.root / relative).is_dir():
                yield from send_folder(link, self.root, relative)

    def fetch(self, link: MachineLink, handle: RemoteHandle, files: list[Any], large: list[Any]) -> Copy:
        """Copy what an attempt has left on its machine, and its last checkpoint where the study wants that."""
        yield from fetch_files(link, self.root, handle.trial, files, large)
        pull, checkpoint = self.machines.pull(), str((handle.ending or {}).get("checkpoint") or "")
        if checkpoint and (pull == "all" or (pull in ("paused", "best") and get_control(handle.run) == "pause")):
            if not checkpoint.startswith(f"trials/{handle.trial:04d}/checkpoints/"):
                raise BadMessage(f"{checkpoint!r} is no checkpoint of trial {handle.trial}")
            yield from fetch_folder(link, self.root, checkpoint)
