"""Where the trials of a new study start: in the script's directory, or each in one of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.operations.new_automatic import automatic_value
from hptui.operations.new_links import Entries, entries_of

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript

OWN_PLACE = "{trial_dir}"


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """Why each trial starts in a directory of its own, and what is linked to there, by name."""

    reason: str
    links: dict[str, str]


def at_own_place(inspected: InspectedScript, start: Path, words: list[str], place: Path) -> list[str]:
    """Return the words that start a script; each trial has a directory of its own where it needs one."""
    own = own_place(inspected, start, words, place)
    if own is None:
        inspected.notes += _notes_of_place(inspected, place)
        return words
    inspected.settings["workdir"] = OWN_PLACE
    if own.links:
        is_same = all(name == path for name, path in own.links.items())
        inspected.settings["links"] = [*own.links] if is_same else {**own.links}
    names = [name for name, path in own.links.items() if not path.startswith(OWN_PLACE)]
    linked = f", with links to {', '.join(names)}" if names else ""
    inspected.notes.append(f"the script {own.reason}: each trial starts in a directory of its own{linked}")
    if words[1] == "-m":
        return words
    return [words[0], f"{{study_dir}}/{Path(os.path.relpath(start / words[1], place.absolute())).as_posix()}"]


def _notes_of_place(inspected: InspectedScript, place: Path) -> list[str]:
    """Return what is doubtful about trials that all start in one directory."""
    if inspected.asks:
        return ["the script may ask a question, which nobody answers in a trial"]
    reason = needs_own_place(inspected, place)
    return [f"the script {reason}, and all trials start in one directory"] if reason else []


def own_place(inspected: InspectedScript, start: Path, words: Sequence[str], place: Path) -> OwnPlace | None:
    """Return how trials start in directories of their own; None if they start where the script does.

    `start` and `words` start the script, `place` is the directory of the study file.
    """
    reason = needs_own_place(inspected, place)
    if not reason or words[0] != "python" or (len(words) != 2 and words[1] != "-m"):
        return None
    is_installed = any(start.glob("*.dist-info"))  # other packages lie there, and this one is found anywhere
    entries = Entries([], []) if is_installed else entries_of(inspected, start)
    if entries is None:
        return None
    linked = entries.linked
    if words[1] == "-m" and not is_installed:
        package = words[2].partition(".")[0]
        linked = list(dict.fromkeys([package if (start / package).is_dir() else f"{package}.py", *linked]))
    links = {name: Path(os.path.relpath(start / name, place.absolute())).as_posix() for name in linked}
    return OwnPlace(reason, links | {name: f"{OWN_PLACE}/{name}" for name in entries.own})


def needs_own_place(inspected: InspectedScript, place: Path) -> str:
    """Return why trials must not find the files of one another; '' if nothing says that they do."""
    if inspected.asks:
        return "may ask a question about files of an earlier run"
    files = inspected.shared_files
    # `**/results.csv` of a script that knows where its own file is may stand there: its trials would not find it.
    written = [text for text in inspected.metric_files if not (files.anchored and text.startswith("**/"))]
    given = {option.default for option in inspected.options if automatic_value(option, inspected, place)}
    for paths, what in (
        (files.resumed, "goes on from {} where it finds it"),
        (files.made, "makes {}, which must not be there"),
        ([text for text in written if not text.startswith(("{", "/"))], "writes {} in its directory"),
        (files.saved, "saves {} in its directory"),
    ):
        for path in paths:
            if path not in given:
                return what.format(path)
    return ""
