"""The declared form of an option: the words that a script reads for it, and what it makes of them.

A value is passed by this form and not by its Python type: false must reach a script whose default is true, and a list
must be several words for `nargs`, repeated options for `append`, one word for a converter that splits text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value

UNKNOWN = object()
"""A value that is known at run time only."""


class FormKind(StrEnum):
    """How an option is written."""

    FLAG = "flag"
    """`--x` means true; it cannot be denied."""
    STORE_FALSE = "store_false"
    """`--no-x` means false; it cannot be affirmed."""
    ON_OFF = "--x/--no-x"
    """One flag for true, one for false (BooleanOptionalAction, click, typer, absl)."""
    STORE_CONST = "store_const"
    """Flags that set a constant each."""
    VALUE = "value"
    """`--x=VALUE`."""
    NARGS = "nargs"
    """`--x VALUE VALUE`."""
    APPEND = "append"
    """`--x=VALUE --x=VALUE`."""
    POSITIONAL = "positional"
    """A word in its place, without a name."""
    VARIABLE = "variable"
    """An environment variable."""


class Reads(StrEnum):
    """What a script makes of one word."""

    UNKNOWN = "unknown"
    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    """`words` are read as false and true."""
    ANY_TEXT = "any text is true"
    """`type=bool` of argparse: only an empty text is false."""
    CHARACTERS = "characters"
    """`type=list` of argparse: each character of a text is an entry."""
    PARTS = "parts"
    """Text that is split at `separator`."""
    PYTHON = "python"
    JSON = "json"
    YAML = "yaml"
    FIRE = "fire"
    HYDRA = "hydra"


FLAG_KINDS = (FormKind.FLAG, FormKind.STORE_FALSE, FormKind.ON_OFF, FormKind.STORE_CONST)
"""Kinds that take no value: each flag of `sets` sets one."""


READS_OF_TYPE = {"bool": Reads.BOOL, "int": Reads.INT, "float": Reads.FLOAT, "str": Reads.TEXT}
"""What a script makes of a word, by the type of an option."""


@dataclass(frozen=True, slots=True)
class OptionForm:
    """How one option is declared.

    `flags` are its spellings with dashes, the longest first (empty: as the study's style spells it). `sets` are pairs
    of a value and the flag that sets it. `silent` is what the script has when nothing is passed, UNKNOWN if the source
    does not show it. `extends`: passed values are added to the default. `count` is argparse's nargs as text. `words`
    are those for false and true, `null` that for None ("" where no word means None). `choices` are the declared ones,
    `texts` those that a converter compares with; `items` is what it makes
    of each item of a list in one word.
    """

    kind: FormKind = FormKind.VALUE
    reads: Reads = Reads.UNKNOWN
    flags: tuple[str, ...] = ()
    sets: tuple[tuple[Value, str], ...] = ()
    silent: object = UNKNOWN
    extends: bool = False
    count: str = ""
    words: tuple[str, str] = ("False", "True")
    null: str = ""
    separator: str = ","
    choices: tuple[Value, ...] = ()
    texts: tuple[str, ...] = ()
    items: Reads = Reads.UNKNOWN

    @property
    def takes_value(self) -> bool:
        """Whether words follow the option's name."""
        return self.kind not in FLAG_KINDS

    def describe(self) -> str:
        """Return the form for a person: `flag`, `takes a value (float)`, `nargs='+' (int)`."""
        if not self.takes_value:
            return str(self.kind)
        read = "" if self.reads is Reads.UNKNOWN else f" ({self.reads})"
        if self.reads is Reads.ANY_TEXT:
            return "takes a value (type=bool: any text is true)"
        shape = {FormKind.VALUE: "takes a value", FormKind.NARGS: f"nargs={self.count or '+'}"}.get(
            self.kind, str(self.kind)
        )
        return f"{shape}{read}"


def merged(first: OptionForm, second: OptionForm) -> OptionForm | None:
    """Return the form of two declarations of one destination; None if they contradict each other.

    `--shuffle` and `--no-shuffle` with one destination are a pair; the default of the first counts, as in argparse.
    """
    if first == second:
        return first
    if first.kind not in FLAG_KINDS or second.kind not in FLAG_KINDS:
        return None
    sets = tuple(dict.fromkeys((*first.sets, *second.sets)))
    booleans = [value for value, _ in sets if isinstance(value, bool)]
    kind = FormKind.ON_OFF if len(booleans) == len(sets) else FormKind.STORE_CONST
    return replace(first, kind=kind, sets=sets, flags=tuple(dict.fromkeys((*first.flags, *second.flags))))


def flag(*names: str, silent: object = False) -> OptionForm:
    """Return the form of a flag that only says true."""
    longest = max(names, key=len)
    return OptionForm(FormKind.FLAG, flags=names, sets=((True, longest),), silent=silent)


def on_off(on: str, off: str, silent: object = UNKNOWN, *others: str) -> OptionForm:
    """Return the form of a flag for true with one for false."""
    return OptionForm(FormKind.ON_OFF, flags=(on, *others), sets=((True, on), (False, off)), silent=silent)


def normal_name(text: str) -> str:
    """Return a name as forms are looked up by: without dashes in front, `-` as `_`."""
    return text.lstrip("-").replace("-", "_")


def forms_by_name(options: Iterable[tuple[Iterable[str], OptionForm]]) -> dict[str, OptionForm]:
    """Return forms by every name that a study may use; a name with two different forms is left out.

    A flag that sets false is an option by its own name, too: `no_shuffle = true` passes `--no-shuffle`.
    """
    forms: dict[str, OptionForm | None] = {}
    aliases: dict[str, OptionForm] = {}
    for names, form in options:
        for name in {normal_name(name) for name in names}:
            before = forms.get(name, form)
            forms[name] = None if before is None else merged(before, form)
        for value, spelling in form.sets:
            silent: object = UNKNOWN if form.silent is UNKNOWN else form.silent == value
            aliases.setdefault(normal_name(spelling), flag(spelling, silent=silent))
    return {name: form for name, form in (aliases | forms).items() if form is not None}
