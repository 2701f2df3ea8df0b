"""Paths: HOME, the directory of a study, and the files in it. Names cannot lead out of their directory.

HOME is `--home`, else `$HPTUI_HOME`, else the nearest `.hptui/` in the working directory or above, else a new
`./.hptui/`.
"""

from __future__ import annotations

import os
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import NotFound, UserError
from hptui.core.values import check_name


def find_home(explicit: str | os.PathLike[str] | None = None, start: Path | None = None) -> Path:
    """Return the directory that holds all studies, absolute; it need not exist."""
    chosen = explicit or os.environ.get("HPTUI_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / ".hptui").is_dir():
            return folder / ".hptui"
    return here / ".hptui"


@dataclass(frozen=True, slots=True)
class StudyDir:
    """The directory of a study: the only place where the names of its files are defined."""

    root: Path

    @classmethod
    def for_study(cls, home: Path, name: str) -> StudyDir:
        """Return the directory of the study `name`, which need not exist."""
        return cls(home / check_name(name))

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.root.name

    @property
    def db(self) -> Path:
        """The store."""
        return self.root / "study.db"

    @property
    def lock(self) -> Path:
        """Lock file that the study's runner, the only writer, holds."""
        return self.root / "study.lock"

    @property
    def runner_log(self) -> Path:
        """Log of the runner."""
        return self.root / "runner.log"

    @property
    def ballast(self) -> Path:
        """File that reserves disk space: deleted when the disk is full, so that the study can pause cleanly."""
        return self.root / ".ballast"

    @property
    def cache(self) -> Path:
        """Files that can be computed again."""
        return self.root / "cache"

    @property
    def trials(self) -> Path:
        """Directory that holds those of the trials."""
        return self.root / "trials"

    def trial(self, number: int) -> Path:
        """Return the directory of a trial."""
        return self.trials / f"{number:04d}"

    def attempt(self, number: int, n: int) -> Path:
        """Return the run directory of a trial's `n`th attempt."""
        return self.trial(number) / f"attempt-{n}"

    def checkpoints(self, number: int, elsewhere: str = "", uuid: str = "") -> Path:
        """Return the directory of a trial's checkpoints: in the study, or under `[resources] checkpoints`.

        There `uuid` distinguishes studies of the same name: of another HOME, or one that was removed. A study from an
        archive has its checkpoints in the study's directory, wherever they were before.
        """
        internal = self.trial(number) / "checkpoints"
        if not elsewhere:
            return internal
        external = Path(elsewhere) / f"{self.name}-{uuid[:8]}" / f"{number:04d}"
        return internal if internal.is_dir() and not external.is_dir() else external

    def starting_checkpoint(self, number: int) -> Path:
        """Return the path of the checkpoint that a trial begins from, if it began from another trial's."""
        return self.trial(number) / "from"

    def artifacts(self, number: int) -> Path:
        """Return the directory of the files that a trial left."""
        return self.trial(number) / "artifacts"

    def exists(self) -> bool:
        """Return whether there is a store."""
        return self.db.is_file()

    def remains(self) -> list[Path]:
        """Return the files of a study whose store was removed; [] while that is there."""
        if self.exists():
            return []
        files = [Path(f"{self.db}-wal"), Path(f"{self.db}-shm"), self.trials]
        return [path for path in files if path.exists()]

    def require_store(self) -> None:
        """Raise NotFound if there is no store."""
        if not self.exists():
            raise NotFound(f"there is no study {self.name!r} in {self.root.parent}")


def list_studies(home: Path) -> list[StudyDir]:
    """Return all studies in HOME, by name."""
    return [StudyDir(entry) for entry in _directories_with_store(home) if _is_name(entry.name)]


def misnamed_studies(home: Path) -> list[Path]:
    """Return the directories in HOME that hold a study and whose name cannot be that of one."""
    return [entry for entry in _directories_with_store(home) if not _is_name(entry.name)]


def studies_without_store(home: Path) -> list[StudyDir]:
    """Return the studies in HOME whose trials are there, but not their store."""
    directories = sorted(home.iterdir()) if home.is_dir() else []
    return [sd for sd in map(StudyDir, directories) if _lacks_store(sd)]


def _lacks_store(sd: StudyDir) -> bool:
    try:
        return sd.lock.is_file() and sd.trials in sd.remains()
    except OSError:  # another user's directory in HOME
        return False


def _directories_with_store(home: Path) -> list[Path]:
    return [entry for entry in sorted(home.iterdir()) if _has_store(entry)] if home.is_dir() else []


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except UserError:
        return False
    return True


def _has_store(entry: Path) -> bool:
    try:
        return (entry / "study.db").is_file()
    except PermissionError:  # another user's directory in HOME
        return False
