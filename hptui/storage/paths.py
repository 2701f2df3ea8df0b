"""Where things are: HOME, the directory of a study, and what lies in it. Names never leave their directory.

HOME is `--home` > `$HPTUI_HOME` > the nearest `.hptui/` upwards > a new `./.hptui/`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hptui.model.errors import UserError
from hptui.model.study import NAME

RESERVED = {"con", "nul", "prn", "aux"}


def find_home(explicit: str | os.PathLike[str] | None = None, start: Path | None = None) -> Path:
    """The directory that holds all studies, absolute; it need not exist yet."""
    chosen = explicit or os.environ.get("HPTUI_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / ".hptui").is_dir():
            return folder / ".hptui"
    return here / ".hptui"


def check_name(name: str, what: str = "study") -> str:
    """`name`, if it can be a directory's name; else `UserError`."""
    if not NAME.fullmatch(name) or ".." in name or name.lower() in RESERVED:
        raise UserError(
            f"{name!r} cannot be the name of a {what}",
            hint="names are 1 to 64 letters, digits, '.', '_' and '-', begin with a letter or digit, and hold no '..'",
        )
    return name


@dataclass(frozen=True, slots=True)
class StudyDir:
    """The one place that knows the names of the files of a study."""

    root: Path

    @classmethod
    def of(cls, home: Path, name: str) -> StudyDir:
        """The directory of the study `name`, which need not exist."""
        return cls(home / check_name(name))

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def db(self) -> Path:
        return self.root / "study.db"

    @property
    def lock(self) -> Path:
        return self.root / "study.lock"

    @property
    def runner_log(self) -> Path:
        return self.root / "runner.log"

    @property
    def ballast(self) -> Path:
        """Bytes kept in reserve, given back to the disk when it is full, so that a study can pause cleanly."""
        return self.root / ".ballast"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def trials(self) -> Path:
        return self.root / "trials"

    def trial(self, number: int) -> Path:
        return self.trials / f"{number:04d}"

    def attempt(self, number: int, n: int) -> Path:
        return self.trial(number) / f"attempt-{n}"

    def checkpoints(self, number: int, elsewhere: str = "", uuid: str = "") -> Path:
        """Where a trial's checkpoints lie: in the study, or under `[resources] checkpoints`.

        There `uuid` keeps apart studies of one name: of another HOME, or of one that was removed. A study that comes
        out of an archive has its checkpoints with it, wherever they were kept.
        """
        own = self.trial(number) / "checkpoints"
        if not elsewhere:
            return own
        place = Path(elsewhere) / f"{self.name}-{uuid[:8]}" / f"{number:04d}"
        return own if own.is_dir() and not place.is_dir() else place

    def origin(self, number: int) -> Path:
        """Where the checkpoint lies that a trial begins from, if it began from another trial's."""
        return self.trial(number) / "from"

    def artifacts(self, number: int) -> Path:
        return self.trial(number) / "artifacts"

    def exists(self) -> bool:
        return self.db.is_file()


def studies_in(home: Path) -> list[StudyDir]:
    """All studies in HOME, by name."""
    if not home.is_dir():
        return []
    return [StudyDir(entry) for entry in sorted(home.iterdir()) if _holds_a_study(entry)]


def _holds_a_study(entry: Path) -> bool:
    try:
        return (entry / "study.db").is_file()
    except PermissionError:  # somebody else's directory in our HOME
        return False
