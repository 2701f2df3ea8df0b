"""What the user reads of constants that have no one value: they are assigned several times, and stay as they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.inputs.constants import plain_constants
from hptui.scripts.inspect.ranges import is_tuned
from hptui.scripts.inspect.syntax import InspectedScript
from hptui.scripts.reaching import reaching_places
from hptui.scripts.syntax_nodes import is_plain, slot_value


def several_values_notes(script: InspectedScript, tree: ast.Module) -> Iterator[str]:
    """Yield a note that names the constants that people tune and that cannot be set as one value."""
    if script.style != "constants":
        return
    known = {option.name for option in script.options}
    places = {name: own for name, own in reaching_places(tree).items() if name not in known and is_tuned(name)}
    unset = [n for n, own in places.items() if not any(is_plain(slot_value(*place)) for place in own)]
    names = [name for name in unset if name in plain_constants(tree)]
    if names:
        verb = "is" if len(names) == 1 else "are"
        yield f"{', '.join(names)} {verb} assigned several times, so no one value can be set: the script keeps its own"
