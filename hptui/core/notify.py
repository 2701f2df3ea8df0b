"""`[notify]`: who is notified of what happens to a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final

from hptui.core.dataclass import dataclass

NOTICE_KINDS: Final = {
    "done": "the study came to its end",
    "paused": "the study paused by itself",
    "failed": "the first trial failed",
    "best": "a trial is better than all before it",
    "target": "a trial reached the target of until",
    "disk": "the disk is nearly full, or full",
}
"""Kinds of notices, and when one is sent."""
DEFAULT_KINDS: Final = tuple(kind for kind in NOTICE_KINDS if kind != "best")
"""Kinds that are sent unless `on` names others."""
WEBHOOK_FORMS: Final = ("json", "slack", "discord", "ntfy")
"""Forms of what is posted to a webhook."""


@dataclass(frozen=True, slots=True)
class Notify:
    """`[notify]`. None: not given. `webhook` and `token` are names of environment variables, never secrets."""

    on: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    webhook: str | None = None
    form: str | None = None
    token: str | None = None
    email: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds that are sent."""
        return DEFAULT_KINDS if self.on is None else self.on

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the ways in which it is sent."""
        return tuple(name for name in ("command", "webhook", "email") if getattr(self, name))

    def over(self, other: Notify) -> Notify:
        """Return these keys, and those of `other` that are not given here.

        Form and token belong to the webhook that is given with them.
        """
        kept = () if self.webhook is None else ("form", "token")
        names = [field.name for field in fields(self) if field.name not in kept]
        return replace(self, **{name: getattr(other, name) for name in names if getattr(self, name) is None})

    def missing_variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that are named here and not set, by the key that names them."""
        named = {"webhook": self.webhook, "token": self.token if self.webhook else None}
        return {key: name for key, name in named.items() if name and not environ.get(name)}
