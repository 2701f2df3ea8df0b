"""The messages between a runner and a relay: one JSON object a line, both ways. Standard library only.

To the relay, by `verb`: open reserve release start adopt control fence forget revise avoid get tree put install ping.
From it, by `k`: hello lease state ev log end fenced usage notice data tree done pong error. Bytes of files are Latin-1
text, which JSON can hold whatever they are. Unknown fields are ignored; an unknown verb is answered with an error."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

PROTOCOL = 1
"""Version of the messages."""
MAX_LINE_BYTES = 4 << 20
"""Most bytes of a message."""
MAX_BANNER_BYTES = 64 << 10
"""Bytes of other programs' output that may come before the first message."""
CHUNK_BYTES = 256 << 10
"""Bytes of a file in one message."""


class BadMessage(ValueError):
    """Something that is no message."""


def pack(message: Mapping[str, Any]) -> bytes:
    """Return a message as a line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def bytes_of(text: object) -> bytes:
    """Return the bytes that a message holds as text. Raises: BadMessage."""
    if not isinstance(text, str):
        raise BadMessage("no text where bytes are expected")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise BadMessage("a character that is no byte") from None


class LineBuffer:
    """Splits a stream into messages. `banner` allows other lines before the first message."""

    def __init__(self, *, banner: bool = False) -> None:
        self._data = b""
        self._banner_left = MAX_BANNER_BYTES if banner else 0

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that are complete now. Raises: BadMessage."""
        *lines, self._data = (self._data + data).split(b"\n")
        if len(self._data) > MAX_LINE_BYTES:
            raise BadMessage(f"a message of more than {MAX_LINE_BYTES} bytes")
        messages = []
        for line in lines:
            try:
                message = json.loads(line)
                if not isinstance(message, dict):
                    raise ValueError
            except (ValueError, RecursionError):
                self._banner_left -= len(line) + 1
                if self._banner_left < 0:
                    raise BadMessage(f"no message: {line[:200]!r}") from None
                continue
            self._banner_left = 0
            messages.append(message)
        return messages


def inside(root: Path, relative: object) -> Path:
    """Return a path below a directory, from a message. Raises: BadMessage for one that leads out of it."""
    parts = PurePosixPath(str(relative)).parts
    if not parts or str(relative).startswith("/") or ".." in parts or "\0" in str(relative):
        raise BadMessage(f"{relative!r} is no path in the study")
    path = root.joinpath(*parts)
    if os.path.commonpath([os.path.realpath(root), os.path.realpath(path.parent)]) != os.path.realpath(root):
        raise BadMessage(f"{relative!r} leads out of the study")  # by a symbolic link
    return path
