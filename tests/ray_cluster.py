"""A Ray cluster of our own on this machine, for the executor that runs trials on one.

Ray is no dependency of hptui's tests: HPTUI_TEST_RAY_PYTHON names a Python that has it, such as that of

    python3 -m venv DIR && DIR/bin/pip install 'ray>=2.40,<3' && python -m tests.ray_cluster DIR

whose last command lets it import this checkout and what the checkout's own Python has."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import PATIENCE, until

PYTHON_VARIABLE = "HPTUI_TEST_RAY_PYTHON"
MARK = "HPTUI_TEST_RAY_CLUSTER"
"""Environment variable that all processes of a cluster inherit: its folder."""
QUICK = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": "8",
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_failure_threshold": "6",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Times of Ray that are minutes in real clusters; the bridge must have the same."""


def ray_python() -> str:
    """Return a Python that has Ray; skip the test, with the reason, where none is named."""
    path = os.environ.get(PYTHON_VARIABLE, "")
    if not path:
        reason = f"{PYTHON_VARIABLE} names no Python with Ray"
        if "ray" in os.environ.get("HPTUI_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    """Return a port that is free, and that no outgoing connection can take while a killed head is away."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@dataclass
class Node:
    """A raylet, and on the first node the head, as processes under `ray start --block`, which reaps them."""

    host: str
    process: subprocess.Popen[bytes]
    head: bool


@dataclass
class RayCluster:
    """A running cluster. Its nodes have host names of their own where the kernel allows that."""

    folder: Path
    python: str
    port: int = field(default_factory=free_port)
    nodes: dict[str, Node] = field(default_factory=dict)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def environment(self) -> dict[str, str]:
        """What nodes, bridge and runner need: quick times, and this cluster's own token, whatever the user's is."""
        return {**QUICK, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token, "CUDA_VISIBLE_DEVICES": ""}

    @property
    def address(self) -> str:
        """What `[ray] address` says."""
        return f"127.0.0.1:{self.port}"

    def start(self, host: str, *, cpus: int = 2, gpus: int = 0, options: Sequence[str] = ()) -> None:
        """Start a node, the first one with the head, and wait until it has joined.

        Ray itself gives up after half a minute, which is not always enough on a busy machine: it is tried again.
        """
        head = not self.nodes
        for last in (False, False, True):
            try:
                self._start(host, head, cpus, gpus, options)
                return
            except AssertionError:
                if last or self.nodes[host].process.poll() is None:
                    raise
                del self.nodes[host]

    def _start(self, host: str, head: bool, cpus: int, gpus: int, options: Sequence[str]) -> None:
        where = [f"--port={self.port}", f"--dashboard-port={free_port()}", "--include-dashboard=false"]
        command = [
            *(self.python, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"),
            *(["--head", *where, f"--ray-client-server-port={free_port()}"] if head else [f"--address={self.address}"]),
            *("--node-ip-address=127.0.0.1", f"--num-cpus={cpus}", f"--num-gpus={gpus}"),
            *("--min-worker-port=0", "--max-worker-port=0", f"--object-store-memory={80 << 20}"),
            *("--dashboard-agent-listen-port", str(free_port())),
            *([f"--temp-dir={self.folder}"] if head else []),
            *options,
        ]
        if can_name_hosts():
            command = ["unshare", "-u", "sh", "-c", 'hostname "$0" && exec "$@"', host, *command]
        environment = {**os.environ, **self.environment, MARK: str(self.folder)}
        log = self.folder / f"{host}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        self.nodes[host] = Node(host, process, head)

        def started() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            return "Ray runtime started" in log.read_text()

        until(started, "the node has started", seconds=90 * PATIENCE)

    def processes(self, word: str = "", host: str = "") -> list[int]:
        """Return the processes of the cluster, or those of a node, that have a word in their command."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{MARK}={self.folder}".encode() not in (entry / "environ").read_bytes():
                    continue
                if word.encode() not in (entry / "cmdline").read_bytes():
                    continue
                if host and os.readlink(entry / "ns/uts") != os.readlink(
                    f"/proc/{self.nodes[host].process.pid}/ns/uts"
                ):
                    continue
                found.append(int(entry.name))
        return sorted(found)

    def kill_node(self, host: str) -> None:
        """Kill the raylet of a node; what started it ends the rest of the node."""
        for pid in self.processes("/raylet/raylet", host):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.nodes.pop(host).process.wait(30 * PATIENCE)

    def kill_head(self) -> None:
        """Kill the head's own process, the record of the whole cluster."""
        for pid in self.processes("gcs_server"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End everything."""
        for _ in range(50):
            pids = self.processes()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not pids:
                break
        for node in self.nodes.values():
            node.process.wait(30 * PATIENCE)
        self.nodes.clear()


def can_name_hosts() -> bool:
    """Whether processes can be given a host name of their own here."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None


@contextmanager
def running_cluster(*hosts: str, **options: object) -> Iterator[RayCluster]:
    """Run a cluster with these nodes."""
    python = ray_python()
    folder = Path(tempfile.mkdtemp(prefix="hptui-ray-"))  # short: sockets lie in it
    cluster = RayCluster(folder, python)
    try:
        for host in hosts or ("node1", "node2"):
            cluster.start(host, **options)  # type: ignore[arg-type]
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def equip(folder: Path) -> None:
    """Let a virtual environment with Ray import this checkout, and what its own Python has."""
    import psutil  # only to find where packages are

    [packages] = folder.glob("lib/python3*/site-packages")
    found = [Path(__file__).parent.parent, Path(psutil.__file__).parent.parent]
    (packages / "hptui-checkout.pth").write_text("".join(f"{path}\n" for path in found))


if __name__ == "__main__":
    equip(Path(sys.argv[1]))
