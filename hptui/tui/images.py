"""Shows an image in terminals that can: the protocols of Kitty and iTerm2, and sixel. Elsewhere there is only its path.

The terminal is given away meanwhile, since what a terminal draws by itself is no part of a screen.
"""

from __future__ import annotations

import base64
import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from textual.app import SuspendNotSupported

from hptui.core.sanitize import sanitize
from hptui.tui.host import Host

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
"""Endings of files that are images."""
KITTY_CHUNK = 4096
"""Characters of base64 in one sequence of Kitty."""
MAX_SIXEL_SIZE = (1000, 700)
"""Pixels of an image in sixel at most."""
MAX_COLOURS = 255
"""Colours of an image in sixel at most."""
MAX_IMAGE_BYTES = 1 << 25
"""Bytes of a file that are sent to a terminal at most."""


def image_protocol(environ: Mapping[str, str] | None = None) -> str:
    """Return how this terminal shows images: kitty, iterm2, sixel, or '' for none that is known.

    Within tmux or screen an image would be drawn over by the next redraw.
    """
    environ = os.environ if environ is None else environ
    if environ.get("TMUX") or environ.get("STY") or environ.get("TEXTUAL_DRIVER"):
        return ""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if environ.get("KITTY_WINDOW_ID") or "kitty" in term or program == "ghostty" or "ghostty" in term:
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty", "vscode"):
        return "iterm2"
    if term.startswith(("foot", "mlterm", "contour")) or "sixel" in term:
        return "sixel"
    return ""


def image_sequence(data: bytes, protocol: str, rows: int) -> str:
    """Return what makes a terminal show an image, at most `rows` lines high.

    Raises: ImportError or OSError if the image cannot be read.
    """
    return SEQUENCES[protocol](data, rows)


def _kitty(data: bytes, rows: int) -> str:
    png = data if data.startswith(b"\x89PNG") else _as_png(data)
    encoded = base64.b64encode(png).decode()
    chunks = [encoded[index : index + KITTY_CHUNK] for index in range(0, len(encoded), KITTY_CHUNK)]
    parts = []
    for index, chunk in enumerate(chunks):
        first = f"a=T,f=100,r={rows}," if index == 0 else ""
        parts.append(f"\x1b_G{first}m={int(index + 1 < len(chunks))};{chunk}\x1b\\")
    return "".join(parts)


def _iterm2(data: bytes, rows: int) -> str:
    encoded = base64.b64encode(data).decode()
    return f"\x1b]1337;File=inline=1;size={len(data)};height={rows};preserveAspectRatio=1:{encoded}\a"


def _sixel(data: bytes, rows: int) -> str:
    import numpy as np  # NumPy: not for the first frame

    image = _opened(data)
    image.thumbnail((MAX_SIXEL_SIZE[0], min(MAX_SIXEL_SIZE[1], rows * 16)))
    indexed = image.convert("RGB").quantize(MAX_COLOURS)
    pixels, palette = np.asarray(indexed), (indexed.getpalette() or [])[: 3 * MAX_COLOURS]
    height, width = pixels.shape
    parts = [f'\x1bPq"1;1;{width};{height}']
    for number in range(len(palette) // 3):
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * number : 3 * number + 3])
        parts.append(f"#{number};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        band = pixels[top : top + 6]
        for colour in np.unique(band):
            bits = sum((band[row] == colour).astype(int) << row for row in range(len(band)))
            parts.append(f"#{colour}{_run_lengths(bits.tolist())}$")
        parts.append("-")
    return "".join(parts) + "\x1b\\"


def _run_lengths(values: list[int]) -> str:
    """Return the sixels of a line; more than three of a kind in a row are counted."""
    text, start = "", 0
    for index in range(1, len(values) + 1):
        if index == len(values) or values[index] != values[start]:
            count, sign = index - start, chr(63 + values[start])
            text += f"!{count}{sign}" if count > 3 else sign * count
            start = index
    return text


def _opened(data: bytes) -> Any:
    from PIL import Image  # comes with matplotlib: only for images that the terminal cannot decode

    return Image.open(io.BytesIO(data))


def _as_png(data: bytes) -> bytes:
    target = io.BytesIO()
    _opened(data).convert("RGB").save(target, "PNG")
    return target.getvalue()


SEQUENCES: Mapping[str, Callable[[bytes, int], str]] = {"kitty": _kitty, "iterm2": _iterm2, "sixel": _sixel}
"""Protocol -> the function that makes its sequence."""


def show_image(host: Host, path: Path) -> None:
    """Show an image, or say where it is."""
    protocol = image_protocol()
    if not protocol:
        host.say(f"this terminal shows no images: {path}")
        return
    try:
        if path.stat().st_size > MAX_IMAGE_BYTES:
            host.say(f"too large to be shown here: {path}", "warn")
            return
        rows = max(3, os.get_terminal_size().lines - 3)
        sequence = image_sequence(path.read_bytes(), protocol, rows)
    except (ImportError, OSError, ValueError) as error:
        host.say(f"{path} cannot be shown: {error}", "bad")
        return
    try:
        with host.suspend():
            sys.stdout.write(f"\x1b[2J\x1b[H{sequence}\r\n{sanitize(path.name)}: enter goes back ")
            sys.stdout.flush()
            sys.stdin.readline()
    except (SuspendNotSupported, OSError) as error:
        host.say(f"{path} cannot be shown here: {error or 'this terminal cannot be given away'}", "bad")
