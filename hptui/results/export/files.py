"""Writes a file atomically: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from hptui.model.errors import MachineError


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and rename it.

    A symbolic link in its place is replaced, not followed.

    Raises: MachineError if the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        # O_EXCL and O_NOFOLLOW: nobody else's file or link at the temporary name is written to.
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error
