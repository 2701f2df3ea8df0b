"""`[ssh]`: the machines on which trials run by ssh."""

from __future__ import annotations

from typing import Literal

from hptui.core.dataclass import dataclass

Pull = Literal["best", "paused", "all", "none"]
"""Whose last checkpoint is copied here: paused trials' when they pause; with "best" also the best one's at the end."""


@dataclass(frozen=True, slots=True)
class SshHost:
    """One machine. `host` is what one types after ssh; what is empty is as for all hosts.

    `gpus` are "all", a number, or indices there; `slots` is how many trials run at once where there is no GPU.
    """

    host: str
    gpus: str | int | tuple[int, ...] | None = None
    slots: int | None = None
    python: str = ""
    dir: str = ""


@dataclass(frozen=True, slots=True)
class Ssh:
    """All of `[ssh]`. `python` runs hptui there, `dir` holds what trials write there, `setup` are shell commands.

    With `code = "push"` the study's directory is copied there, else it must be there already.
    """

    hosts: tuple[SshHost, ...] = ()
    python: str = ""
    dir: str = "~/.cache/hptui/relay"
    setup: tuple[str, ...] = ()
    pull: Pull = "best"
    code: Literal["same", "push"] = "same"
