"""The directory that the runner's machine and the nodes share, as copies of files see it: it answers at once."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.execution.remote.files import FileVerbs
from hptui.execution.remote.messages import BadMessage
from hptui.execution.remote.transfer import Copies

MAX_TURN_S = 0.1
"""Time of one turn that copies may take."""


class SharedDirectory:
    """Answers the questions of copies, as the relay of another machine does, in small portions."""

    up, state = True, "up"

    def __init__(self, root: Path) -> None:
        self.name, self.root = "slurm", root
        self._numbers = itertools.count(1)
        self._questions: deque[Mapping[str, Any]] = deque()
        self._files = FileVerbs(root)

    def number(self) -> int:
        """Return a new number for a question."""
        return next(self._numbers)

    def send(self, message: Mapping[str, Any]) -> None:
        """Take a question."""
        self._questions.append(message)

    def answer(self, copies: Copies) -> None:
        """Answer questions for a while."""
        deadline = time.monotonic() + MAX_TURN_S
        while self._questions and time.monotonic() < deadline:
            message = dict(self._questions.popleft())
            try:
                answer = getattr(self._files, f"do_{message['verb']}")(message)
            except (OSError, BadMessage) as error:
                answer = {"k": "error", "id": message["id"], "why": str(error)}
            copies.answer(self, answer)
