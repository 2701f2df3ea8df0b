"""Whose a study is: that of another user is read, and neither changed nor run."""

from __future__ import annotations

import os
import pwd
from contextvars import ContextVar
from pathlib import Path

from hptui.core.errors import MachineError, UserError
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey


def user_name(uid: int) -> str:
    """Return the name of a user; `user 1234` for one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def owned(path: Path) -> bool:
    """Return whether this user owns a path."""
    return path.stat().st_uid == os.geteuid()


def foreign_path(sd: StudyDir) -> tuple[Path, int] | None:
    """Return the first path of a study that another user owns, HOME included, and its owner."""
    for path in (sd.root.parent, sd.root, sd.db, sd.lock):
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner != os.geteuid():
            return path, owner
    return None


ALLOW_OWNER: ContextVar[bool] = ContextVar("ALLOW_OWNER", default=False)
"""Whether the user allows that a study of another user is run."""


def foreign_note(sd: StudyDir) -> str:
    """Return a sentence for a study of another user; '' for one's own."""
    foreign = foreign_path(sd)
    if foreign is None:
        return ""
    return _note(*foreign)


def foreign_home_note(home: Path) -> str:
    """Return a sentence for a HOME of another user; '' for one's own, or where there is none yet."""
    try:
        owner = home.stat().st_uid
    except OSError:
        return ""
    return _note(home, owner) if owner != os.geteuid() else ""


def _note(path: Path, owner: int) -> str:
    rest = "you are root, so it is not protected from you" if os.geteuid() == 0 else "it is only read"
    return f"{path} belongs to {user_name(owner)}: {rest}"


def require_own(sd: StudyDir, what: str = "changed") -> None:
    """Check that a study may be changed or run: it is one's own, or the user is root.

    Raises: `MachineError` that says whose it is.
    """
    foreign = foreign_path(sd)
    if foreign is not None and os.geteuid() != 0 and not ALLOW_OWNER.get():
        path, owner = foreign
        raise MachineError(
            f"{path} belongs to {user_name(owner)}: the study {sd.name!r} is read, and not {what}",
            hint="hptui export --archive copies it into your own HOME; hptui run --allow-owner runs it all the same",
        )


def require_runnable(sd: StudyDir) -> None:
    """Check that a study may be run: it is one's own, and no copy without secrets.

    Raises: `MachineError`, `UserError`.
    """
    require_own(sd, "run")
    if sd.db.is_file():
        with StoreReader.open(sd) as reader:
            if reader.get_meta(MetaKey.REDACTED):
                hint = "reports and exports work; run the original, or its study file"
                raise UserError(f"{sd.name!r} is a copy without secrets, which cannot be run", hint=hint)
