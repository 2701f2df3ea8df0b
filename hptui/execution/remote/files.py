"""Verbs of the relay that read and write files of the study: for results, and checkpoints that move."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from hptui.execution.remote.messages import CHUNK_BYTES, BadMessage, bytes_of, inside

INCOMING = "incoming"
"""Folder for what is not complete yet."""


class FileVerbs:
    """Reads and writes below one directory, whatever a message names."""

    def __init__(self, root: Path, incoming: str = INCOMING) -> None:
        self.root, self._incoming = root, incoming
        shutil.rmtree(root / incoming, ignore_errors=True)

    def do_get(self, message: dict[str, Any]) -> dict[str, Any]:
        """Read a part of a file."""
        fd = os.open(inside(self.root, message["path"]), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise BadMessage(f"{message['path']} is no file")
            data = os.pread(fd, CHUNK_BYTES, int(message["offset"]))
        finally:
            os.close(fd)
        return {"k": "data", "id": message["id"], "data": data.decode("latin-1")}

    def do_tree(self, message: dict[str, Any]) -> dict[str, Any]:
        """List the files of a directory."""
        folder = inside(self.root, message["path"])
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        files = [(str(path.relative_to(self.root)), path.stat().st_size) for path in paths]
        return {"k": "tree", "id": message["id"], "files": files}

    def do_put(self, message: dict[str, Any]) -> dict[str, Any]:
        """Append a part to a file that is not complete yet."""
        path = inside(self.root, f"{self._incoming}/{message['path']}")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(path, flags, 0o700 if message.get("runs") else 0o600)
        try:
            os.pwrite(fd, bytes_of(message["data"]), int(message["offset"]))
        finally:
            os.close(fd)
        return {"k": "done", "id": message["id"]}

    def do_install(self, message: dict[str, Any]) -> dict[str, Any]:
        """Give a complete directory its name, unless that exists."""
        source, target = inside(self.root, f"{self._incoming}/{message['from']}"), inside(self.root, message["to"])
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in source.rglob("*") if message.get("read_only") else ():
            if path.is_file() and not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o500)
        if target.exists():
            shutil.rmtree(source, ignore_errors=True)
        else:
            os.rename(source, target)
        return {"k": "done", "id": message["id"]}
