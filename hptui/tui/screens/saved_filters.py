"""Filters of trials that a person has saved under a name, for all studies: in `$XDG_STATE_HOME/hptui`."""

from __future__ import annotations

import json
import os
from contextlib import suppress

from hptui.core.errors import UserError
from hptui.tui.config import state_path
from hptui.tui.host import Host
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog
from hptui.tui.widgets.trials import TrialTable

MAX_NAME_LENGTH = 40
"""Characters of a name at most."""


def load_filters() -> dict[str, str]:
    """Return the saved filters, name -> text, in the order in which they were saved."""
    try:
        stored = json.loads((state_path() / "filters.json").read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(text) for name, text in stored.items()} if isinstance(stored, dict) else {}


def save_filter(name: str, text: str) -> None:
    """Save a filter under a name; '' deletes that name. A state directory that is not writable is ignored."""
    filters = load_filters()
    filters.pop(name, None)
    if text:
        filters[name] = text
    path = state_path() / "filters.json"
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written under a name of its own and renamed: another hptui may save at the same time.
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(filters))
        temporary.replace(path)


def choose_filter(host: Host, table: TrialTable) -> None:
    """Let the user choose a saved filter, save the present one, or delete one."""
    filters, present = load_filters(), table.trials.filter_text
    uses = {f"{name}: {text}": text for name, text in filters.items()}
    save, delete = f"save this filter as… ({present})", "delete a saved filter…"
    options = [*uses, *([save] if present else []), *([delete] if filters else [])]
    if not options:
        host.say("no filter is saved: / filters, then F saves that filter under a name", "warn")
        return

    def choose(option: str | None) -> None:
        if option is None:
            return
        if option == save:
            dialog = TextDialog("Save the filter as", hint=present, check=_check_name)
            host.push_screen(dialog, lambda name: _save(host, name, present))
        elif option == delete:
            host.push_screen(ChoiceDialog("Delete which filter", list(filters)), lambda name: _delete(host, name))
        else:
            table.post_message(TrialTable.FilterChosen(uses[option]))

    host.push_screen(ChoiceDialog("Saved filters", options), choose)


def _save(host: Host, name: str | None, text: str) -> None:
    if name:
        save_filter(name.strip(), text)
        host.say(f"saved as {name.strip()}; F uses it in every study")


def _delete(host: Host, name: str | None) -> None:
    if name:
        save_filter(name, "")
        host.say(f"deleted the filter {name}")


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= MAX_NAME_LENGTH:
        raise UserError(f"a name of 1 to {MAX_NAME_LENGTH} characters")
