"""The executor that runs attempts on other machines by ssh, with nothing there but hptui."""

from __future__ import annotations

from hptui.core.plugin_specs import ExecutorSpec
from hptui.execution.remote.relayed import RelayedExecutor
from hptui.execution.remote.ssh_machines import SshMachines

SPEC = ExecutorSpec("ssh", "Processes on other machines, by ssh.", "hptui.execution.remote.ssh:SshExecutor")


class SshExecutor(RelayedExecutor):
    """Starts attempts on the machines of `[ssh]`."""

    name = "ssh"

    def __init__(self) -> None:
        super().__init__(SshMachines())
