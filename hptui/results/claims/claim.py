"""`Claim`: one sentence of a report that asserts more than a recorded value, with the class of its condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.results.facts import Fact, Line, facts_of, plain_text


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that may be stated, and why.

    `kind` is its class (`E1`, `R1`, …); each class has one condition and one wording. `premise` are the numbers that
    the condition was checked on, as JSON. `subject` is the setting, metric or stage that it is about, `trials` the
    numbers of the trials that it rests on.
    """

    kind: str
    line: Line
    premise: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    trials: tuple[int, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts in the line, in its order."""
        return tuple(facts_of(self.line))

    @property
    def sentence(self) -> str:
        """The line as plain text, as screens show it."""
        return plain_text(self.line)

    def to_json(self) -> dict[str, Any]:
        """Return the claim as `facts.json` keeps it, without its place in the report."""
        return {
            "class": self.kind,
            "subject": self.subject,
            "trials": list(self.trials),
            "premise": dict(self.premise),
            "text": self.sentence,
        }
