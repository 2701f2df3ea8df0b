"""The machines of `[ssh]`: a relay on each, at the other end of an ssh process."""

from __future__ import annotations

import os
from typing import Any

from hptui.core.ssh import Pull, Ssh, SshHost
from hptui.execution.remote.link import Link, MachineLink, ssh_command
from hptui.execution.remote.machines import Machines


class SshMachines(Machines):
    """The machines that a study names, and those on which it still has attempts."""

    def named(self) -> list[MachineLink]:
        """Return the connections to the machines that the study names now."""
        return [self.link(host.host) for host in self.resources.ssh.hosts]

    def link(self, name: str) -> MachineLink:
        """Return the connection to a machine, also to one that the study names no more."""
        if name not in self.links:
            host, ssh = self._host(name), self.resources.ssh
            command = ssh_command(name, host.python or ssh.python, ssh.setup)
            self.links[name] = Link(name, command, lambda: self._opening(name))
            self._reserved[name] = set()
        return self.links[name]

    def pull(self) -> Pull:
        """Return whose last checkpoint is copied here when an attempt has ended."""
        return self.resources.ssh.pull

    def pushes_code(self) -> bool:
        """Return whether machines get a copy of the study's directory."""
        return self.resources.ssh.code == "push"

    def _host(self, name: str) -> SshHost:
        return next((host for host in self.resources.ssh.hosts if host.host == name), SshHost(name))

    def _opening(self, name: str) -> dict[str, Any]:
        host, ssh = self._host(name), self.resources.ssh
        return self.opening(name, os.path.join(host.dir or ssh.dir or Ssh().dir, self.identity(), _file_name(name)))

    def resources_of(self, name: str, ssh: Ssh | None = None) -> dict[str, Any]:
        """Return what a machine must know of `[resources]`."""
        hosts, resources = (ssh or self.resources.ssh).hosts, self.resources
        host = next((host for host in hosts if host.host == name), SshHost(name))
        gpus = host.gpus if host.gpus is not None else resources.gpus
        return {
            "gpus": list(gpus) if isinstance(gpus, tuple) else gpus,
            "trials_per_gpu": resources.trials_per_gpu,
            "gpus_per_trial": resources.gpus_per_trial,
            "parallel": host.slots or resources.parallel,
            "share": resources.share,
        }


def _file_name(host: str) -> str:
    """Return the name of a machine as a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_.@" else "_" for letter in host).lstrip(".") or "host"
