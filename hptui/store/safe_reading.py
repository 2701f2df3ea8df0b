"""Read files that a worker or its script may have put something else in the place of. Standard library only.

Whatever lies there, reading it neither blocks (a pipe), nor fills the memory (a device, a huge file), nor raises
anything that a caller would not expect. Only regular files are read."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from pathlib import Path

MAX_JSON_BYTES = 4 << 20
"""Most bytes of a JSON file in a run directory; a longer one is none of ours."""
MAX_LINE_BYTES = 1 << 24
"""Most bytes of a line; a longer one is handed out in pieces."""

UNUSABLE_ERRNOS = (
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.EACCES,
    errno.EPERM,
    errno.ENXIO,
    errno.ENAMETOOLONG,
    errno.EINVAL,
)
"""Error numbers that say what lies at a path, and nothing about the machine."""


class UnusableFile(Exception):
    """A path that holds something which cannot be read: a directory, a pipe, a file without permission."""


def open_regular(path: Path) -> int:
    """Open a regular file for reading; return its descriptor.

    Raises: FileNotFoundError; UnusableFile for anything else than a readable regular file; OSError for a failure of the
    machine.
    """
    try:
        # Non-blocking: to open a pipe would wait for somebody who writes to it.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in UNUSABLE_ERRNOS:
            raise UnusableFile(f"{path.name} cannot be read: {error.strerror}") from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UnusableFile(f"{path.name} is no file")
    return fd


def read_start(path: Path, limit: int = MAX_JSON_BYTES) -> bytes:
    """Return up to `limit` bytes from the beginning of a file.

    Raises: as `open_regular`.
    """
    fd = open_regular(path)
    try:
        return os.pread(fd, limit, 0)
    finally:
        os.close(fd)


def read_end(path: Path, limit: int) -> bytes:
    """Return up to `limit` bytes from the end of a file; b'' if it is missing or cannot be read."""
    try:
        fd = open_regular(path)
    except (OSError, UnusableFile):
        return b""
    try:
        return os.pread(fd, limit, max(0, os.fstat(fd).st_size - limit))
    except OSError:
        return b""
    finally:
        os.close(fd)


def read_lines(path: Path, offset: int, limit: int = 1 << 20) -> tuple[list[bytes], int]:
    """Return the whole lines after `offset`, about `limit` bytes of them, and the offset behind the last.

    An incomplete last line is left for the next call; one of more than `MAX_LINE_BYTES` comes in pieces.

    Raises: UnusableFile if a path holds anything but a file; OSError.
    """
    try:
        fd = open_regular(path)
    except FileNotFoundError:
        return [], offset
    try:
        data = os.pread(fd, limit, offset)
        end = data.rfind(b"\n")
        while end < 0 and len(data) == limit and limit < MAX_LINE_BYTES:  # one line longer than the limit
            limit *= 2
            data = os.pread(fd, limit, offset)
            end = data.rfind(b"\n")
    finally:
        os.close(fd)
    if end < 0:
        return ([data], offset + len(data)) if len(data) >= MAX_LINE_BYTES else ([], offset)
    return data[:end].split(b"\n"), offset + end + 1


def move_aside(path: Path) -> Path:
    """Rename what lies at a path, whatever it is, to a free name in its directory; return the new path.

    Raises: OSError.
    """
    os.chmod(path.parent, 0o700)  # a script may have made the directory read-only: it is ours
    for n in itertools.count(1):
        target = path.with_name(f"{path.name}.aside-{n}")
        if not os.path.lexists(target):
            break
    os.rename(path, target)
    return target
