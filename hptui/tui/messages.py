"""What is told within the program."""

from __future__ import annotations

from textual.message import Message

from hptui.tui.feed import Reading


class Fresh(Message, bubble=False):
    """A source has something new. Of several that wait, only the newest of a source counts."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Fresh) and message.reading.source is self.reading.source


class Answered(Message):
    """A verb has been carried out, or not; `text` is its own sentence."""

    def __init__(self, text: str, ok: bool, result: object = None) -> None:
        super().__init__()
        self.text, self.ok, self.result = text, ok, result
