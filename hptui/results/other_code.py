"""Which trials ran other code or data than one of them, and what differs."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.code_versions import CodeVersion, changed_names, short
from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class OtherCode:
    """Trials that ran another version of code and data; `changes` are (name, their value, the value compared with)."""

    trials: tuple[Trial, ...]
    changes: tuple[tuple[str, str, str], ...]
    is_mixed: bool


def version_compared_with(view: View) -> CodeVersion | None:
    """Return the version of the best trial, else the last one; None where no code changed."""
    if not view.versions:
        return None
    last = max(view.versions, key=lambda version: max(version.trials))
    return last if view.best is None else view.version_of.get(view.best.number, last)


def other_code(view: View, version: CodeVersion) -> list[OtherCode]:
    """Return the trials that ran another version than this, by version."""
    return [
        OtherCode(
            tuple(view.by_number[number] for number in other.trials if number in view.by_number),
            _changes(other.values, version.values),
            other.is_mixed or version.is_mixed,
        )
        for other in view.versions
        if other is not version
    ]


def _changes(theirs: Mapping[str, str], own: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, short(theirs[name]), short(own[name])) for name in changed_names(own, theirs))


def other_code_text(view: View, trial: Trial) -> str:
    """Return how many trials ran other code or data than this one, in plain text; '' where none did."""
    version = view.version_of.get(trial.number)
    others = [] if version is None else other_code(view, version)
    if not others:
        return ""
    changes = dict.fromkeys(f"{name} {theirs}, here {own}" for other in others for name, theirs, own in other.changes)
    count = sum(len(other.trials) for other in others)
    differ = f" ({'; '.join(changes)})" if changes else ""
    return f"{count} of {len(view.trials)} trials ran other code or data{differ}: they are not comparable with it"
