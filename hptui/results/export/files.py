"""Writing what was made: a file whole or not at all, a folder of files one by one."""

from __future__ import annotations

import os
from pathlib import Path

from hptui.model.errors import MachineError


def save(path: Path, data: bytes) -> None:
    """Write a file beside and rename it; a link in its place is replaced, not followed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error
