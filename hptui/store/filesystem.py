"""Properties and failures of the disk: network file systems, and errors of SQLite as errors of hptui.

SQLite's write-ahead log is unsafe on a network file system. Standard library only."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from hptui.core.errors import HptuiError, MachineError, Unsupported
from hptui.store.records import APPLICATION_ID, SCHEMA_VERSION

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


_FULL_CODES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,  # what a quota (EDQUOT) and a file size limit (EFBIG) become
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
}
_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFull(MachineError):
    """Nothing can be written at present.

    The transaction is rolled back and the store is consistent: the write can be repeated later.
    """


class InvalidRecord(MachineError):
    """A value that the tables cannot hold. The transaction is rolled back; the store and the machine are well."""


_INVALID_CODES = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE}


def translate_error(error: sqlite3.Error | OSError, path: Path) -> HptuiError:
    """Return the error to raise for a failure of the store at `path`."""
    if isinstance(error, OSError):
        if error.errno in _FULL_ERRNOS:
            return DiskFull(f"the disk is full: {path} could not be written", hint="free some space")
        return MachineError(f"{path}: {error.strerror or error}")
    code = getattr(error, "sqlite_errorcode", 0)
    if code in _FULL_CODES:
        return DiskFull(f"the disk is full: {path} could not be written ({error})", hint="free some space")
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return MachineError(f"{path} is locked by another process", hint="try again in a moment")
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return MachineError(f"{path} is damaged ({error})", hint="`sqlite3 study.db .recover` saves what can be read")
    if code & 0xFF in _INVALID_CODES or isinstance(error, sqlite3.InterfaceError | sqlite3.ProgrammingError):
        return InvalidRecord(f"{path}: {error}")
    return MachineError(f"{path}: {error}")


def check_format(conn: sqlite3.Connection, path: Path) -> int:
    """Return the format of the store (`PRAGMA user_version`).

    Raises: MachineError if the file is not a store of hptui, or was written by a newer version.
    """
    try:
        (application_id,) = conn.execute("PRAGMA application_id").fetchone()
        (version,) = conn.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise translate_error(error, path) from error
    if application_id != APPLICATION_ID:
        raise MachineError(f"{path} is not a store of hptui")
    if version > SCHEMA_VERSION:
        raise MachineError(
            f"{path} was written by a newer hptui (format {version}, this one knows up to {SCHEMA_VERSION})",
            hint="update hptui: pip install -U hptui",
        )
    return int(version)
