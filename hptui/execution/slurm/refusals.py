"""Why Slurm will never start what a study asks for: known at once, or after several jobs that ended unborn."""

from __future__ import annotations

MAX_STILLBORN = 3
"""Jobs in a row that may end before their attempt has begun: one bad node is no reason to give up."""


class Refusals:
    """Collects reasons; each is handed out once, and pauses the study."""

    def __init__(self) -> None:
        self._text = ""
        self._stillborn = 0

    def refuse(self, text: str) -> None:
        """Note that nothing of the kind will ever start."""
        self._text = text

    def stillborn(self, text: str) -> None:
        """Note that a job has ended before its attempt began."""
        self._stillborn += 1
        if self._stillborn >= MAX_STILLBORN:
            self._stillborn = 0
            self._text = f"{text}; look at python, setup and dir in [slurm], and try: hptui doctor STUDY --probe"

    def begun(self) -> None:
        """Note that an attempt has begun: jobs can."""
        self._stillborn = 0

    def take(self) -> str:
        """Return what must be changed, once; '' for nothing."""
        text, self._text = self._text, ""
        return text
