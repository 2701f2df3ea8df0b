"""The study's directory as a machine gets it with `code = "push"`: by its content, so that each state is sent once.

Of a git repository that is what git knows or would add; else everything but what is hidden or made by tools."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from pathlib import Path
from typing import Any

from hptui.core.git import ask_git
from hptui.execution.executor import StartFailed
from hptui.execution.remote.messages import CHUNK_BYTES
from hptui.execution.remote.transfer import Copy, Failed, FileSource

MAX_BYTES = 200 << 20
"""Largest directory that is sent."""
MAX_FILES = 20_000
MAX_GIT_S = 20.0
NOT_CODE = {"__pycache__", "node_modules", "venv"}
"""Folders that are left out where no git says what belongs to the code, besides hidden ones."""
FOLDER = "code"
"""Where copies lie on a machine, in the relay's directory."""

_Listing = tuple[tuple[str, int, int, bool], ...]


class CodeCopy:
    """The content of a directory here, read again when a file in it has changed.

    `path` is that of its copy in the relay's directory, `facts` are what is recorded of it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._listing: _Listing | None = None
        self.path = ""
        self.facts: dict[str, Any] = {}

    def look(self) -> None:
        """Take the directory as it is now. Raises: `StartFailed` if it cannot be sent."""
        listing = self._files()
        if listing != self._listing:
            total = hashlib.sha256()
            for relative, _, _, runs in listing:
                content = hashlib.sha256((self.directory / relative).read_bytes()).hexdigest()
                total.update(f"{content} {runs:d} {relative}\n".encode(errors="surrogateescape"))
            digest = total.hexdigest()
            self._listing, self.path = listing, f"{FOLDER}/{digest[:32]}"
            self.facts = {"code_sha256": digest, **self._git_facts()}

    def send(self, link: FileSource, target: str) -> Copy:
        """Copy the directory, as `look` saw it, to a path there, unless the machine has it.

        A file that has changed since ends the copy: what a machine has is what its name says.
        """
        answer = yield link, {"verb": "tree", "path": target}
        if answer.get("k") == "tree" and answer["files"]:
            return
        incoming, listing = f"{target.replace('/', '_')}-{uuid.uuid4().hex[:8]}", self._listing or ()
        for relative, size, modified, runs in listing:
            with (self.directory / relative).open("rb") as file:
                offset, facts = 0, os.fstat(file.fileno())
                if (facts.st_size, facts.st_mtime_ns) != (size, modified):
                    raise Failed(f"{relative} has changed meanwhile")
                while offset < size or not offset:
                    data = file.read(CHUNK_BYTES)
                    part = {"verb": "put", "path": f"{incoming}/{relative}", "offset": offset, "runs": runs}
                    answer = yield link, {**part, "data": data.decode("latin-1")}
                    if answer.get("k") != "done":
                        raise Failed(str(answer.get("why")))
                    offset += len(data)
                    if not data:
                        break
        answer = yield link, {"verb": "install", "from": incoming, "to": target, "read_only": True}
        if answer.get("k") != "done":
            raise Failed(str(answer.get("why")))

    def _files(self) -> _Listing:
        names = self._known_to_git()
        listing, total = [], 0
        for relative in sorted(names if names is not None else self._walked()):
            try:
                facts = (self.directory / relative).lstat()
            except OSError:  # deleted, and git does not know yet
                continue
            if stat.S_ISREG(facts.st_mode):
                total += facts.st_size
                listing.append((relative, facts.st_size, facts.st_mtime_ns, bool(facts.st_mode & 0o100)))
        if total > MAX_BYTES or len(listing) > MAX_FILES:
            largest = max(listing, key=lambda entry: entry[1])
            raise StartFailed(
                f'[ssh] code = "push": {self.directory} has {total >> 20} MiB in {len(listing)} files, at most '
                f"{MAX_BYTES >> 20} MiB in {MAX_FILES} files are sent; the largest is {largest[0]}: name what is no "
                'code in .gitignore, or bring it there yourself and set code = "same"'
            )
        return tuple(listing)

    def _known_to_git(self) -> list[str] | None:
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return None if listed is None else [name for name in listed.split("\0") if name]

    def _git(self, *arguments: str) -> str | None:
        output = ask_git(self.directory, *arguments, timeout=MAX_GIT_S)
        return None if output is None else os.fsdecode(output)

    def _git_facts(self) -> dict[str, Any]:
        commit, changed = self._git("rev-parse", "HEAD"), self._git("status", "--porcelain", "--", ".")
        return {
            "git_commit": commit.strip() if commit else None,
            "git_dirty": None if changed is None else bool(changed.strip()),
        }

    def _walked(self) -> list[str]:
        names = []
        for folder, folders, files in os.walk(self.directory):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in NOT_CODE]
            names += [os.path.relpath(os.path.join(folder, name), self.directory) for name in files]
            if len(names) > MAX_FILES:
                break
        return names
