"""Notes for the user when a study file was written for a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hptui.operations.new_draft import Draft
    from hptui.scripts.inspect import ScriptOption


def notes_for_user(draft: Draft, path: Path) -> list[str]:
    """Return notes for the user: what was not read, and what only they can give."""
    inspected = draft.inspected
    notes = list(inspected.notes)
    if inspected.parser == "constants":
        notes.append(f"{path.name} reads no parameters: it is started with other values for its constants")
    elif not inspected.parser:
        notes.append(
            f"no parameters of {path.name} were recognised: say in command and [trainer] how it takes them,"
            " or let it read them with argparse or os.environ.get"
        )
    for name, ours in draft.names.items():
        if ours != name and name not in draft.automatic:
            notes.append(f"{name} is called {ours} here; the script gets it under its own name")
    if inspected.asks:
        notes.append(
            f"{path.name} asks for an answer while it runs (input or the like): nobody answers in a trial, which ends"
            " there with an error unless the question is left out"
        )
    if not inspected.metrics and not inspected.unread and not inspected.indistinct:
        notes.append("no metric was recognised: set [objective] metric to what the script prints or logs")
    required = [draft.names[option.name] for option in inspected.options if _needs_value(option, draft)]
    if required:
        pronoun = "it" if len(required) == 1 else "them"
        notes.append(f"the script demands {', '.join(required)}: give {pronoun} a value in [trainer]")
    for group in inspected.needs_one_of:
        names = [draft.names[name] for name in group if name in draft.names]
        if not any(name in draft.automatic or name in draft.in_file for name in group):
            notes.append(f"the script demands one of {', '.join(names)}: give one a value in [trainer]")
    return notes


def _needs_value(option: ScriptOption, draft: Draft) -> bool:
    """Return True when the person must give a value."""
    from hptui.scripts.inspect.inputs.guesses import guess_value

    is_given = option.name in draft.automatic or option.name in draft.in_file
    return option.required and option.default is None and not is_given and guess_value(option) is None
