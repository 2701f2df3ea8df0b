"""What may differ between two runs of the same code, and is therefore not compared."""

from __future__ import annotations

import os
import re
import sys

from tests.golden.place import ROOT

VERSION = re.compile(r"""\b(hptui[ =/"'\\:]+(?:version )?v?)\d+\.\d+\.\d+\w*""")


MAKER = "/srv/hptui-src"
"""The checkout that made the archive: its path stands in the stores."""


def _paths() -> list[tuple[str, str]]:
    """Of this machine, and of the one that made the archive: what a text may say of them."""
    found = {sys.executable: "PYTHON", sys.prefix: "PREFIX", str(ROOT): "ROOT"}
    found |= {f"{MAKER}/.venv/bin/python": "PYTHON", f"{MAKER}/.venv": "PREFIX", MAKER: "ROOT"}
    found[f"/tmp/hptui-{os.getuid()}"] = "/tmp/hptui-UID"
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def plain(text: str) -> str:
    """Without the paths of the checkout and hptui's own version."""
    for value, name in _paths():
        text = text.replace(value, name)
    return VERSION.sub(r"\1VERSION", text)


NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def numbers(text: str) -> str:
    """Without any number: for what tells of a machine."""
    return NUMBERS.sub("N", plain(text))


PAGE = re.compile(r"(?<=[\"' ])(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?)")


def times(text: str) -> str:
    """Without dates of the day."""
    return PAGE.sub("DATE", text)
