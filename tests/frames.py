"""What is on the screen of a running app, as lines of text. The one place that looks inside Textual for it."""

from __future__ import annotations

from textual.app import App


def frame(app: App) -> list[str]:
    """The screen in front, line by line."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def text(app: App) -> str:
    """The same in one piece."""
    return "\n".join(line.rstrip() for line in frame(app))
