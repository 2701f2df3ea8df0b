"""The messages of the screens: the newest in the line at the bottom, the last fifty in a list. No Textual in here."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import field

from hptui.core.dataclass import dataclass

MAX_MESSAGES = 50
"""Messages that are kept; the oldest are dropped first."""
SHOWN_S = 20.0
"""Seconds after which a message is cleared from its line; an error stays for `ERROR_SHOWN_S`."""
ERROR_SHOWN_S = 120.0
"""Seconds after which an error is cleared from its line."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was shown: when, its text, and the meaning of its colour."""

    when: float
    text: str
    meaning: str = ""

    @property
    def shown_s(self) -> float:
        """Seconds for which it stays in its line."""
        return ERROR_SHOWN_S if self.meaning == "bad" else SHOWN_S


@dataclass(slots=True)
class MessageHistory:
    """The last messages, the newest last."""

    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=MAX_MESSAGES))

    def add(self, text: str, meaning: str = "") -> Message:
        """Keep a message; one that only tells what is going on is replaced by its result."""
        message = Message(time.time(), text, meaning)
        if self.messages and self.messages[-1].meaning == "muted":
            self.messages.pop()
        self.messages.append(message)
        return message
