"""What may differ between two runs of the same code, and is therefore not compared."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from tests.golden.place import ROOT

VERSION = re.compile(r"\b(hptui[ =/]+(?:version )?v?)\d+\.\d+\.\d+\w*")


def _versions() -> list[tuple[str, str]]:
    """Of this machine: what a text may say of it."""
    found = [(str(Path(sys.executable)), "PYTHON"), (str(Path(sys.prefix)), "PREFIX"), (str(ROOT), "ROOT")]
    return sorted(found, key=lambda pair: -len(pair[0]))


def plain(text: str) -> str:
    """Without the paths of the checkout and hptui's own version."""
    for value, name in _versions():
        text = text.replace(value, name)
    return VERSION.sub(r"\1VERSION", text)


def own_version() -> str:
    """The version that is installed or, failing that, nothing that a text could hold."""
    try:
        return metadata.version("hptui")
    except metadata.PackageNotFoundError:
        return "\0"


NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def numbers(text: str) -> str:
    """Without any number: for what tells of a machine."""
    return NUMBERS.sub("N", plain(text))


PAGE = re.compile(r"(?<=[\"' ])(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?)")


def times(text: str) -> str:
    """Without dates of the day."""
    return PAGE.sub("DATE", text)
