"""The result of inspecting a script."""

from __future__ import annotations

from dataclasses import dataclass, field

from hptui.model.trial import Value


@dataclass(frozen=True, slots=True)
class ScriptOption:
    """A parameter that a script takes.

    `name` is its name in a study, `flag` its spelling in the script, without dashes. `default` is None if the script
    states none that can be read. `positional`: it is no option and needs a place in the command. `listed`: it takes
    several values. `before`: it precedes the subcommand.
    """

    name: str
    flag: str = ""
    type: str = "any"
    default: Value = None
    choices: tuple[Value, ...] = ()
    help: str = ""
    required: bool = False
    positional: bool = False
    listed: bool = False
    before: bool = False


@dataclass
class InspectedScript:
    """A script: `parser` names how it reads its parameters ('' for none), `style` how hptui passes them.

    `words` follow it on the command line (a subcommand). `metrics` are names of what it seems to measure, the likeliest
    objective first. `notes` are for the user.
    """

    parser: str = ""
    style: Value = "argparse"
    options: list[ScriptOption] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settings: dict[str, Value] = field(default_factory=dict)
    """Further settings of the trainer, such as words that set the directory that the script writes to."""
