"""Messages that the feed and background operations post to the application."""

from __future__ import annotations

from textual.message import Message

from hptui.tui.feed import SourceReading


class NewReading(Message, bubble=False):
    """A source has a new reading. Of several that wait, only the newest of each source is delivered."""

    def __init__(self, reading: SourceReading) -> None:
        super().__init__()
        self.reading = reading

    def can_replace(self, message: Message) -> bool:
        """Return whether this reading makes a waiting one obsolete: both are of the same source."""
        return isinstance(message, NewReading) and message.reading.source is self.reading.source


class OperationDone(Message):
    """An operation has ended; `text` is its message, `result` what follows it and its return value."""

    def __init__(self, text: str, ok: bool, result: object = None) -> None:
        super().__init__()
        self.text, self.ok, self.result = text, ok, result
