"""An sshd of our own on a loopback port, for the executor that runs trials by ssh."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import until


def sshd_program() -> str:
    """Return the path of sshd, which must be absolute; skip the test, with the reason, where it cannot be run."""
    path = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd", "/usr/bin/sshd") if os.access(p, os.X_OK)), "")
    missing = [name for name, found in (("sshd", path), ("ssh", shutil.which("ssh"))) if not found]
    if missing:
        reason = f"{' and '.join(missing)} not installed (openssh-server, openssh-client)"
        if "ssh" in os.environ.get("HPTUI_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@dataclass
class Sshd:
    """A running sshd. `ssh` is the command that reaches it: box1, box2 and box3 are all this machine."""

    folder: Path
    port: int
    ssh: str
    process: subprocess.Popen[bytes] | None = None
    errors: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [sshd_program(), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until(self.listens, (self.folder / "sshd.log").read_text())

    def listens(self) -> bool:
        """Whether connections are accepted."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def sessions(self) -> list[int]:
        """Return the processes that serve connections."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if self.process is not None and parent == self.process.pid:
                    found.append(int(entry.name))
        return found

    def drop_links(self) -> int:
        """Kill the processes that serve connections: every link breaks at once."""
        sessions = self.sessions()
        for pid in sessions:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(sessions)

    def stop(self) -> None:
        """End it and every connection."""
        if self.process is not None:
            self.drop_links()
            self.process.kill()
            self.process.wait()
            self.process = None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running_sshd(folder: Path) -> Iterator[Sshd]:
    """Run an sshd with keys and configuration of its own."""
    sshd_program()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    port = _free_port()
    shutil.copy(folder / "key.pub", folder / "authorized")
    host_key = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known").write_text(f"box {host_key}\n")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile {folder}/sshd.pid\n"
        f"AuthorizedKeysFile {folder}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "UsePAM no\nStrictModes no\nPermitRootLogin yes\nMaxSessions 50\nMaxStartups 100\nLogLevel ERROR\n"
    )
    (folder / "ssh_config").write_text(
        f"Host box1 box2 box3\n  HostName 127.0.0.1\n  Port {port}\n  HostKeyAlias box\n  User {getpass.getuser()}\n"
        f"  IdentityFile {folder}/key\n  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known\n"
        "  GlobalKnownHostsFile /dev/null\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd of root wants it
    sshd = Sshd(folder, port, f"ssh -F {folder}/ssh_config")
    try:
        sshd.start()
        yield sshd
    finally:
        sshd.stop()
        time.sleep(0)
