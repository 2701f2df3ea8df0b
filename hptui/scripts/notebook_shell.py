"""What a notebook that was exported as a script asks of its notebook: magics that compute nothing are left out.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

from typing import Any

SHOWING = {"matplotlib", "load_ext", "autoreload", "config", "reload_ext", "precision", "pdb"}
"""Magics that change how a notebook looks or reads modules again, and nothing that a script computes."""


class NotebookShell:
    """Stands for what `get_ipython()` returns; what it cannot leave out fails as it would without it."""

    def run_line_magic(self, name: str, line: str = "", *_: Any) -> None:
        """Leave a magic out that computes nothing.

        Raises: NameError for any other.
        """
        if name not in SHOWING:
            raise NameError(f"name 'get_ipython' is not defined: %{name} {line} runs in a notebook alone")

    def magic(self, text: str) -> None:
        """Leave a magic out, as older notebooks write it.

        Raises: as `run_line_magic`.
        """
        name, _, line = text.strip().lstrip("%").partition(" ")
        self.run_line_magic(name, line)

    def __getattr__(self, name: str) -> Any:
        raise NameError(f"name 'get_ipython' is not defined: {name} runs in a notebook alone")
