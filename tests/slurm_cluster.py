"""A Slurm cluster of our own on this machine: a controller and three nodes as plain processes, nothing installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import until

NODES = ("n1", "n2", "n3")
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/pid/controller
SlurmdPidFile={folder}/pid/%n
SlurmctldLogFile={folder}/log/controller
SlurmdLogFile={folder}/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout={node_timeout}
KillWait=5
MinJobAge=60
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
NodeName=n[1-3] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs=8 RealMemory=4000 Gres=gpu:2
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=short Nodes=ALL MaxTime=10 State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=8
"""


def missing_for_slurm() -> str:
    """Return why no cluster can be started here; '' if one can."""
    programs = ("slurmctld", "slurmd", "munged", "sbatch", "squeue")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if missing := [name for name in programs if shutil.which(name, path=path) is None]:
        return f"{', '.join(missing)} not installed (slurm-wlm, munge)"
    return "" if os.geteuid() == 0 else "a cluster of one's own needs root"


@dataclass
class Cluster:
    """A running cluster; `conf` is what SLURM_CONF must name."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        return self.folder / "slurm.conf"

    def pid(self, name: str) -> int:
        """Return the pid of a daemon: `controller` or a node; 0 if it does not run."""
        with suppress(OSError, ValueError):
            pid = int((self.folder / "pid" / name).read_text())
            if str(self.folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return 0

    def start(self, name: str) -> None:
        """Start the controller or a node, if it does not run."""
        if not self.pid(name):
            words = ["slurmctld"] if name == "controller" else ["slurmd", "-N", name]
            self.run(*words, "-f", str(self.conf))

    def kill(self, name: str) -> bool:
        """Kill a daemon; return whether it ran."""
        pid = self.pid(name)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                until(lambda: not self.pid(name), seconds=10)
        return bool(pid)

    def run(self, *words: str) -> str:
        """Run a command of Slurm; return what it prints."""
        done = subprocess.run(words, capture_output=True, text=True, env=self.environment, check=False, timeout=60)
        return done.stdout.strip()

    def jobs(self) -> list[str]:
        """Return the jobs that wait or run, as `NUMBER STATE REASON`."""
        return [line for line in self.run("squeue", "-h", "-o", "%i %T %r").splitlines() if line]

    def is_ready(self) -> bool:
        """Whether all nodes can be used."""
        states = self.run("sinfo", "-h", "-N", "-p", "main", "-o", "%n %T").splitlines()
        return len(states) == len(NODES) and all(line.split()[1] in ("idle", "mixed", "allocated") for line in states)

    def stop(self) -> None:
        """End every job and every daemon."""
        self.run("scancel", f"--user={os.getuid()}")
        for name in ("controller", *NODES):
            self.kill(name)
        for entry in Path("/proc").glob("[0-9]*"):  # slurmstepd, which keeps what it serves
            with suppress(OSError, ProcessLookupError):
                environment = (entry / "environ").read_bytes()
                if (entry / "comm").read_text().startswith("slurmstepd") and str(self.conf).encode() in environment:
                    os.kill(int(entry.name), signal.SIGKILL)
        with suppress(OSError, ValueError, ProcessLookupError):
            os.kill(int((self.folder / "munge" / "pid").read_text()), signal.SIGTERM)


def _free_ports(count: int) -> list[int]:
    """Return neighbouring ports that are free."""
    for first in range(20000 + os.getpid() % 10000, 60000, count + 1):
        with suppress(OSError):
            sockets = [socket.create_server(("127.0.0.1", first + n)) for n in range(count)]
            for listener in sockets:
                listener.close()
            return [first + n for n in range(count)]
    raise OSError("no free ports")


@contextmanager
def running_cluster(*, node_timeout: int = 20) -> Iterator[Cluster]:
    """Run a cluster; skip the test, with the reason, where none can be started."""
    if reason := missing_for_slurm():
        if "slurm" in os.environ.get("HPTUI_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="hptui-slurm-", dir="/tmp"))  # short: paths of sockets are limited
    folder.chmod(0o755)
    for name in ("state", "pid", "log", "munge"):
        (folder / name).mkdir(mode=0o755)
    controller, first, _, last = _free_ports(4)
    host = socket.gethostname().partition(".")[0]
    values = {"folder": folder, "host": host, "port": controller, "first": first, "last": last}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    environment["PATH"] = f"{environment.get('PATH', '')}:/usr/sbin:/sbin"
    cluster = Cluster(folder, environment | {"SLURM_CONF": str(folder / "slurm.conf")})
    cluster.conf.write_text(CONF.format(**values, node_timeout=node_timeout))
    (folder / "gres.conf").write_text("NodeName=n[1-3] Name=gpu Count=2 File=/dev/tty[0-1]\n")
    try:
        _start_munge(folder)
        for name in ("controller", *NODES):
            cluster.start(name)
        until(cluster.is_ready, "the cluster is ready")
        yield cluster
    finally:
        cluster.stop()
        time.sleep(0)
        shutil.rmtree(folder, ignore_errors=True)


def _start_munge(folder: Path) -> None:
    """Start a munged with a key of its own, as the user whom it insists on."""
    munge, key = folder / "munge", folder / "munge" / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    user = pwd.getpwnam("munge")
    for path in (munge, key):
        os.chown(path, user.pw_uid, user.pw_gid)
    files = {"key-file": key, "socket": munge / "socket", "pid-file": munge / "pid", "log-file": munge / "log"}
    options = [f"--{name}={path}" for name, path in {**files, "seed-file": munge / "seed"}.items()]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    program = shutil.which("munged", path=path)
    subprocess.run([str(program), "--force", *options], check=True, user=user.pw_uid, group=user.pw_gid)
