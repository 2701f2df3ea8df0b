"""The file system of a path. SQLite's write-ahead log is unsafe on a network file system."""

from __future__ import annotations

from pathlib import Path

from hptui.model.errors import Unsupported

NETWORK_FILESYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "lustre",
    "9p",
    "ceph",
    "glusterfs",
    "afs",
    "beegfs",
    "gpfs",
}
"""Types of file systems that are reached over a network."""


def filesystem_type(path: Path) -> str:
    """Return the type of the file system that holds `path`; '' if it cannot be determined."""
    target = path.resolve()
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    depth, kind = -1, ""
    for line in lines:
        fields = line.split()
        mount = Path(fields[1].replace("\\040", " "))
        if target.is_relative_to(mount) and len(mount.parts) >= depth:
            depth, kind = len(mount.parts), fields[2]
    return kind


def is_network_filesystem(kind: str) -> bool:
    """Return whether a type of file system is reached over a network, or by FUSE over one."""
    return kind in NETWORK_FILESYSTEMS or kind.startswith(("fuse.sshfs", "fuse.s3"))


def require_local_disk(path: Path) -> None:
    """Raise Unsupported if `path` is on a network file system."""
    kind = filesystem_type(path)
    if is_network_filesystem(kind):
        hint = "use a local disk: --home DIR or $HPTUI_HOME; checkpoints may stay there: [resources] checkpoints"
        raise Unsupported(f"{path} lies on a network file system ({kind}), where a store can be damaged", hint=hint)
