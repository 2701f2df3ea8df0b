"""A screen as text."""

from textual.app import App


def frame(app: App) -> str:
    """What stands on the screen now, line by line."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip)[:width] for strip in strips[:height])
