"""Ask a machine, without a runner, whether trials could run there."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.study import Study
from hptui.execution.remote.link import Link, ssh_command
from hptui.execution.remote.ssh_machines import SshMachines

MAX_PROBE_S = 20.0
"""Seconds that a machine has to answer."""


@dataclass(frozen=True, slots=True)
class MachineAnswer:
    """What a machine answers: `problem` says why it cannot be used, else `facts` are those of the hello."""

    name: str
    problem: str
    facts: Mapping[str, Any]
    clock_ahead_s: float = 0.0


def probe_machines(study: Study) -> list[MachineAnswer]:
    """Connect to all machines of a study at once, ask each, and disconnect. Nothing is changed there."""
    machines = SshMachines()
    machines.resources = study.resources
    links = []
    for host in study.ssh.hosts:
        opening = {"verb": "open", "probe": True, "directory": study.directory, "root": host.dir or study.ssh.dir}
        opening["resources"] = machines.resources_of(host.host, study.ssh)
        command = ssh_command(host.host, host.python or study.ssh.python, study.ssh.setup)
        links.append(Link(host.host, command, lambda opening=opening: opening))  # type: ignore[misc]
    answers: dict[str, MachineAnswer] = {}
    deadline = time.monotonic() + MAX_PROBE_S
    while len(answers) < len(links) and time.monotonic() < deadline:
        for link in links:
            if link.name in answers:
                continue
            link.poll()
            if link.up:
                ahead = float(link.hello.get("time") or 0.0) - time.time()
                answers[link.name] = MachineAnswer(link.name, "", link.hello, ahead)
            elif link.state in ("down", "refused"):
                answers[link.name] = MachineAnswer(link.name, link.why, {})
        poll = select.poll()
        for link in links:
            for descriptor in link.descriptors() if link.name not in answers else ():
                poll.register(descriptor, select.POLLIN)
        poll.poll(100)
    for link in links:
        link.close()
    silent = f"no answer within {MAX_PROBE_S:g} s"
    return [answers.get(link.name) or MachineAnswer(link.name, silent, {}) for link in links]
