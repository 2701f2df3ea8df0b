"""What a relay checks before it serves, what it tells of its machine, and how it takes over from an earlier one."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.study import Resources
from hptui.core.version import __version__
from hptui.execution.local import shim
from hptui.execution.local.environment import machine_facts
from hptui.execution.local.executor import LocalExecutor
from hptui.execution.remote.messages import PROTOCOL
from hptui.store.filesystem import filesystem_type, is_network_filesystem

MAX_TAKE_OVER_S = 16.0
"""How long a relay waits for the one before it to end; after half of that it is killed."""


class Refused(Exception):
    """The relay cannot serve; the text says why, and what to do."""


def check_opening(opening: dict[str, Any]) -> Path:
    """Return the directory to serve, which may not exist yet. Raises: Refused."""
    table = str(opening.get("table") or "ssh")
    if opening.get("protocol") != PROTOCOL or opening.get("version") != __version__:
        raise Refused(f"hptui is {__version__} here, {opening.get('version')} at the runner: install the same one")
    root = Path(os.path.expanduser(str(opening["root"]).replace("{host}", socket.gethostname()))).absolute()
    there = next(path for path in (root, *root.parents) if path.exists())
    if there.stat().st_uid != os.geteuid() and not os.access(there, os.W_OK):
        raise Refused(f"{there} belongs to somebody else; set dir in [{table}]")
    if is_network_filesystem(kind := filesystem_type(there)):
        raise Refused(f"{there} lies on a network file system ({kind}); set dir in [{table}] to a local disk")
    directory = str(opening.get("directory") or "")
    if directory and not os.path.isdir(directory):
        raise Refused(f"the study's directory {directory} does not exist there")
    return root


def probe(opening: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked without a runner; nothing is made or changed. Raises: Refused."""
    root = check_opening(opening)
    there = next(path for path in (root, *root.parents) if path.exists())
    executor = LocalExecutor()
    executor.revise(resources_from(opening["resources"]))
    return hello_of(there, executor.capacity()) | {"kills_at_logout": _kills_at_logout()}


def _kills_at_logout() -> bool:
    for path in (Path("/etc/systemd/logind.conf"), *Path("/etc/systemd/logind.conf.d").glob("*.conf")):
        with suppress(OSError):
            if "\nKillUserProcesses=yes" in path.read_text():
                return True
    return False


def hello_of(folder: Path, capacity: int) -> dict[str, Any]:
    """Return what the runner must know of this machine."""
    return {
        "k": "hello",
        "root": str(folder),
        "host": socket.gethostname(),
        "boot": shim.boot_id(),
        "python": platform.python_version(),
        "time": time.time(),
        "capacity": capacity,
        "free_gb": round(shutil.disk_usage(folder).free / (1 << 30), 1),
        "facts": machine_facts(),
    }


def take_over(path: Path) -> int:
    """Hold the lock of the study's relay on this machine; end the relay that holds it. Raises: Refused."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + MAX_TAKE_OVER_S
    while True:
        try:
            # A record lock, not flock: its holder's pid can be asked for, and no child inherits it.
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            query = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
            holder = struct.unpack("hhqqi", fcntl.fcntl(fd, fcntl.F_GETLK, query))
            left = deadline - time.monotonic()
            if holder[0] != fcntl.F_UNLCK and holder[4] > 0:
                with suppress(OSError):  # it has just ended
                    os.kill(holder[4], signal.SIGTERM if left > MAX_TAKE_OVER_S / 2 else signal.SIGKILL)
            if left < 0:
                raise Refused(f"another relay (pid {holder[4]}) serves {path.parent} and cannot be ended") from None
            time.sleep(0.02)  # nothing announces that it has gone
        else:
            return fd


def resources_from(given: dict[str, Any]) -> Resources:
    """Return the resources that a message holds."""
    gpus = given.get("gpus", "all")
    names = ("trials_per_gpu", "gpus_per_trial", "parallel", "share")
    chosen = {name: given[name] for name in names if name in given}
    return Resources(gpus=tuple(gpus) if isinstance(gpus, list) else gpus, **chosen)
