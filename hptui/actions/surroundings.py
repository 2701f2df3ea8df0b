"""What a study rests on beside itself: the file system, what happens at logout, the terminal. Asked, never changed."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
from pathlib import Path

from hptui.model.errors import Unsupported

NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|lustre|ceph|glusterfs|beegfs\S*|gpfs|afs|9p|pvfs2|orangefs"
    r"|fuse\.(sshfs|s3fs|gcsfuse|rclone|glusterfs|juicefs|ceph\S*|cvmfs\S*|curlftpfs|davfs\S*|weka\S*)|wekafs|davfs"
)
"""File systems where a lock or shared memory does not reach the other machine."""

SECONDS = 3.0


def filesystem(path: Path) -> str:
    """The kind of file system that `path` is on, or will be; '' when the system does not say."""
    real = path.absolute()
    while not real.exists() and real != real.parent:
        real = real.parent
    real, best, kind = real.resolve(), -1, ""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4]))
        if real.is_relative_to(mounted) and len(mounted.parts) >= best:
            best, kind = len(mounted.parts), after.split()[0]
    return kind


def check_filesystem(path: Path) -> None:
    """Refuse to put a study's store on a network file system: `Unsupported`, with the way around it."""
    kind = filesystem(path)
    if NETWORK.fullmatch(kind):
        raise Unsupported(
            f"{path} is on a network file system ({kind}), where SQLite's log loses data",
            hint="put the studies on a local disk with --home or $HPTUI_HOME; checkpoints may stay on the network: "
            "[resources] checkpoints",
        )


def logout_warning() -> str:
    """What to do so that a study outlives the login session, or '' where it does anyway."""
    if not _kills_at_logout() or _lingers():
        return ""
    return (
        "this machine ends all processes of a user at logout (logind, KillUserProcesses=yes); "
        "so that studies run on: loginctl enable-linger"
    )


def _kills_at_logout() -> bool:
    words = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "KillUserProcesses"]
    try:
        done = subprocess.run(
            ["busctl", "--system", "get-property", *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # no systemd that answers, so nothing of it that kills
    return done.stdout.split() == [b"b", b"true"]


def _lingers() -> bool:
    try:
        return Path("/var/lib/systemd/linger", getpass.getuser()).exists()
    except (OSError, KeyError):
        return False


def terminal() -> dict[str, str]:
    """What the terminal says of itself."""
    return {
        "term": os.environ.get("TERM", ""),
        "colours": os.environ.get("COLORTERM", "") or ("256" if "256" in os.environ.get("TERM", "") else ""),
        "encoding": (getattr(sys.stdout, "encoding", "") or "").lower(),
        "inside": "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else "",
    }
