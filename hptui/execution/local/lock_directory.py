"""The directories of the user's lock files on this machine, in which trials of all studies meet.

They lie where every session, cron job and service of the user looks, whatever `$TMPDIR` or `$XDG_RUNTIME_DIR` say: the
latter is deleted at logout while trials run. A service with a private /tmp does not see them.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from hptui.core.errors import MachineError

ROOTS = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  each directory in them is made and checked below
"""Where the directory lies: the first in which it can be one's own."""
TOUCH_INTERVAL_S = 3600.0
"""Interval at which lock files are touched: programs that clean /tmp delete what is old."""

_touched = [0.0]
"""When this process touched the lock files last, by the monotonic clock."""


def _name() -> str:
    return f"hptui-{os.geteuid()}"


def _own(path: Path, *, make: bool) -> str:
    """Return why a path is no directory of this user alone; '' if it is one. `make` creates it."""
    try:
        if make:
            path.mkdir(mode=0o700, exist_ok=True)
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode):
            return f"{path} is no directory"
        if info.st_uid != os.geteuid():
            return f"{path} belongs to user {info.st_uid}"
        if info.st_mode & 0o022:  # others may have put files there
            return f"{path} has mode {stat.S_IMODE(info.st_mode):04o}: others may write into it"
        if info.st_mode & 0o055:  # others could hold the locks, for which reading is enough
            path.chmod(0o700)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


def lock_directories() -> list[Path]:
    """Return the directories whose lock files count: the first is where new ones are made.

    The others exist already: the second place, and that of older versions, which followed `$TMPDIR`.

    Raises: `MachineError` when no directory can be one's own.
    """
    problems = []
    chosen: Path | None = None
    for root in ROOTS:
        problem = _own(root / _name(), make=True)
        if not problem:
            chosen = root / _name()
            break
        problems.append(problem)
    if chosen is None:
        raise MachineError(
            f"there is no place for the locks of GPUs: {'; '.join(problems)}",
            hint=f"let root remove {ROOTS[0] / _name()}, or make it a directory of yours with mode 0700",
        )
    older = [Path(os.environ["TMPDIR"])] if os.environ.get("TMPDIR") else []
    others = dict.fromkeys(root / _name() for root in (*ROOTS, *older))
    return [chosen, *(path for path in others if path != chosen and not _own(path, make=False))]


def touch_locks() -> None:
    """Touch all lock files, at most once an hour."""
    now = time.monotonic()
    if _touched[0] and now - _touched[0] < TOUCH_INTERVAL_S:
        return
    _touched[0] = now
    with suppress(OSError, MachineError):
        for directory in lock_directories():
            for path in (directory, *directory.glob("*.lock")):
                os.utime(path, follow_symlinks=False)
