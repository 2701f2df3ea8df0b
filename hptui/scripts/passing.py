"""Passes parameters on a command line as the script declares its options; says which cannot be passed.

What the source does not show is passed as the study's style has it. Silence passes a value only if it is what the
script has when nothing is passed; else the parameter is refused, or unsaid where the study file declares its form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, replace

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.core.values import show
from hptui.scripts.inspect.forms import FLAG_KINDS, UNKNOWN, FormKind, OptionForm, Reads, normal_name
from hptui.scripts.option_forms import Forms, form_of, values_to_pass
from hptui.scripts.styles import STYLES, ArgumentStyle, argument, joined, list_word, spelling, value_word

__all__ = ["CannotBePassed", "Forms", "Passed", "form_of", "pass_parameters", "variable_text", "words_of"]


class CannotBePassed(ValueError):
    """A value that no word of this option stands for; its text says why."""


@dataclass
class Passed:
    """Words of a command line; parameters that are not in them, with the reason.

    `refused` must not run; `unsaid` are those whose form the study file itself declares.
    """

    words: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unsaid: dict[str, str] = field(default_factory=dict)

    def add(self, other: Passed) -> None:
        """Add what else was passed."""
        self.words += other.words
        self.refused |= other.refused
        self.unsaid |= other.unsaid


def pass_parameters(style: ArgumentStyle, parameters: Mapping[str, Value], forms: Forms) -> Passed:
    """Return parameters as words, in their order, each by its declared form."""
    items = values_to_pass(parameters, style, forms) if style.tables == "flat" else parameters.items()
    passed = Passed()
    for name, value in items:
        form = form_of(forms, style, name)
        try:
            if form is None or _has_own_form(style, name, value):
                passed.words += _by_style(style, name, value, form)
            else:
                passed.words += words_of(form, style, name, value)
        except CannotBePassed as error:
            if not _is_declared(style, name, value):
                passed.refused[name] = str(error)
                continue
            words = argument(style, name, value) if value is not None or style.nulls else []
            passed.words += words
            if not words or (form is not None and form.reads is Reads.ANY_TEXT):
                passed.unsaid[name] = str(error)
    # W&B gives every parameter in wandb.config as well, and its command line is its own.
    return Passed(passed.words) if style.also == "wandb" else passed


def _has_own_form(style: ArgumentStyle, name: str, value: Value) -> bool:
    """Return whether the study file states for this parameter alone how a boolean is passed."""
    return isinstance(value, bool) and normal_name(name) in dict(style.each)


def _is_declared(style: ArgumentStyle, name: str, value: Value) -> bool:
    """Return whether the study file states how such a value is passed."""
    if isinstance(value, bool):
        return "booleans" in style.stated or normal_name(name) in dict(style.each)
    if value is None:
        return "nulls" in style.stated
    return isinstance(value, list) and "lists" in style.stated


def _by_style(style: ArgumentStyle, name: str, value: Value, form: OptionForm | None) -> list[str]:
    words = argument(style, name, value) if value is not None or style.nulls else []
    if not words and (form is None or not _is_silent(form, value)):
        raise CannotBePassed(f"nothing would be passed for {show(value)}, and what the script then does is not known")
    if form is not None and form.reads is Reads.ANY_TEXT and value is False and words and not words[-1].endswith("="):
        raise CannotBePassed("the script reads it with type=bool, which takes any text for true")
    return words


def words_of(form: OptionForm, style: ArgumentStyle, name: str, value: Value) -> list[str]:
    """Return one parameter as words, as the script declares it.

    Raises: CannotBePassed.
    """
    if form.kind in FLAG_KINDS:
        return _flag_words(form, value)
    if form.kind is FormKind.POSITIONAL:
        raise CannotBePassed(f'it has no name but a place: put "{{{name}}}" into the command')
    is_default = value is not None and type(form.silent) is type(value) and form.silent == value
    if is_default and form.reads is Reads.TEXT and isinstance(value, bool | int | float):
        return []  # `type=str, default=False`: its word "False" would be a text, which is true
    try:
        return _value_words(form, style, name, value)
    except CannotBePassed:
        if is_default:
            return []  # a default that its own option could not read: `type=int, default=1e-4`
        raise


def _value_words(form: OptionForm, style: ArgumentStyle, name: str, value: Value) -> list[str]:
    option = _option_name(form, style, name)
    if value is None:
        if form.null:
            return _joined(style, option, form.null)
        if form.silent is None:
            return []
        raise CannotBePassed(f"no word of it means none{_silence(form)}")
    if form.kind is FormKind.NARGS:
        return [option, *_several(form, style, value)]
    if form.kind is FormKind.APPEND:
        return _repeated(form, style, option, value)
    if isinstance(value, list) and not value and form.reads is Reads.PARTS:
        if form.silent == []:
            return []
        raise CannotBePassed("text that is split is never an empty list")
    return _joined(style, option, word_of(form, style, value))


def variable_text(form: OptionForm | None, style: ArgumentStyle, value: Value) -> str | None:
    """Return the text of an environment variable; None if it must be left unset.

    Raises: CannotBePassed.
    """
    if form is None or form.kind is not FormKind.VARIABLE:
        if value is None:
            raise CannotBePassed("an environment variable has no text for none")
        return value_word(style, value)
    if value is not None:
        return word_of(form, style, value)
    if form.null or form.silent is None:
        return form.null or None
    raise CannotBePassed(f"no text of the variable means none{_silence(form)}")


def _flag_words(form: OptionForm, value: Value) -> list[str]:
    for set_value, flag in form.sets:
        if _same(set_value, value):
            return [flag]
    if _is_silent(form, value):
        return []
    flags = ", ".join(f"{flag} means {show(set_value)}" for set_value, flag in form.sets)
    raise CannotBePassed(f"it is a flag ({flags or form.flags[0]}){_silence(form)}")


def _is_silent(form: OptionForm, value: Value) -> bool:
    return form.silent is not UNKNOWN and _same(form.silent, value)


def _same(left: object, right: object) -> bool:
    """Return whether two values are equal; 1 is true, but no text is a number."""
    return left == right and isinstance(left, str) == isinstance(right, str) and (left is None) == (right is None)


def _silence(form: OptionForm) -> str:
    if form.silent is UNKNOWN:
        return ", and what the script has when nothing is passed is not known"
    return f"; when nothing is passed, the script has {form.silent!r}"


def _option_name(form: OptionForm, style: ArgumentStyle, name: str) -> str:
    """Return the option's name: as the style spells it if the script knows that, else as the script does."""
    styled = style.prefix + spelling(style, name)
    if not form.flags or styled in form.flags or "prefix" in style.stated:
        return styled
    return next((flag for flag in form.flags if normal_name(flag) == normal_name(name)), form.flags[0])


def _joined(style: ArgumentStyle, option: str, word: str) -> list[str]:
    if len(option) == 2 and option.startswith("-") and style.separator == "=":
        return [option + word] if word else [option, word]  # click takes the = of `-x=1` for a part of the value
    return joined(style, option, word)


def _several(form: OptionForm, style: ArgumentStyle, value: Value) -> list[str]:
    """Return the words of a list for `nargs`."""
    items = _beyond_default(form, list(value) if isinstance(value, list) else [value])
    if form.count.isdigit() and len(items) != int(form.count):
        raise CannotBePassed(f"it takes {form.count} values, not {len(items)}")
    if not items and form.count == "+":
        raise CannotBePassed("it takes at least one value")
    words = [_item(form, style, item) for item in items]
    for word in words:
        if word.startswith("-") and not NEGATIVE_NUMBER.fullmatch(word):
            raise CannotBePassed(f"the word {word!r} in a list would be read as an option")
    return words


NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
"""Words with a dash that argparse takes for numbers."""


def _repeated(form: OptionForm, style: ArgumentStyle, option: str, value: Value) -> list[str]:
    items: list[Value] = list(value) if isinstance(value, list) else [value]
    if form.extends:
        items = _beyond_default(form, items)
    elif not items and form.silent != []:
        raise CannotBePassed(f"an empty list cannot be passed{_silence(form)}")
    return [part for item in items for part in _joined(style, option, _item(form, style, item))]


def _beyond_default(form: OptionForm, items: list[Value]) -> list[Value]:
    """Return the values to pass, where the script adds them to its default."""
    if not form.extends:
        return items
    default = form.silent
    if not isinstance(default, list) or items[: len(default)] != default:
        raise CannotBePassed(f"values are added to its default{_silence(form)}")
    return items[len(default) :]


def _item(form: OptionForm, style: ArgumentStyle, item: Value) -> str:
    if item is None:
        if form.null:
            return form.null
        raise CannotBePassed("no word of it means none")
    if isinstance(item, list):
        raise CannotBePassed("a list within a list has no words")
    return word_of(form, style, item)


def word_of(form: OptionForm, style: ArgumentStyle, value: Value) -> str:
    """Return the one word that the script reads as this value.

    Raises: CannotBePassed.
    """
    word = _read_word(form, style, value)
    choices = [str(choice) for choice in form.choices]
    if choices and word not in choices and value not in form.choices and word.lower() not in map(str.lower, choices):
        raise CannotBePassed(f"it is one of {', '.join(choices)}")
    return word


def _read_word(form: OptionForm, style: ArgumentStyle, value: Value) -> str:
    match form.reads:
        case Reads.FIRE:
            return value_word(STYLES["fire"], value)
        case Reads.HYDRA:
            return value_word(STYLES["hydra"], value)
        case Reads.CHARACTERS:
            raise CannotBePassed("the script takes each character of its text for an entry (type=list)")
        case Reads.JSON:
            return json.dumps(value)
        case Reads.PYTHON:
            return repr(value)
        case Reads.YAML:
            return _yaml_word(form, style, value)
        case Reads.BOOL | Reads.ANY_TEXT:
            return _boolean_word(form, value)
        case Reads.INT | Reads.FLOAT:
            return _number_word(form, value)
        case Reads.PARTS:
            return _parts_word(form, style, value)
    return _text_word(form, style, value)


def _yaml_word(form: OptionForm, style: ArgumentStyle, value: Value) -> str:
    if form.count != "?" and isinstance(value, list) != bool(form.count):
        raise CannotBePassed("it is a list" if form.count else "it is no list")
    for item in value if isinstance(value, list) and form.items is not Reads.UNKNOWN else ():
        if isinstance(item, bool) != (form.items is Reads.BOOL):
            raise CannotBePassed(f"it is a list of {form.items}, not with {show(item)}")
        _item(replace(form, reads=form.items, choices=()), style, item)
    if not isinstance(value, str):
        return json.dumps(value)
    if PLAIN_YAML.fullmatch(value) is None or value.lower() in YAML_WORDS:
        raise CannotBePassed("it is read as YAML, to which this text means something else")
    return value


PLAIN_YAML = re.compile(r"[A-Za-z_/](?:[\w./@+-]| (?!#))*")
"""Texts that YAML reads as they are, if they are none of the words."""
YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


BOOLEAN_WORDS = ("True", "true", "1", "yes", "y", "t", "on", "False", "false", "0", "no", "n", "f", "off")


def _boolean_word(form: OptionForm, value: Value) -> str:
    if isinstance(value, str) and value in form.texts and value not in (*form.words, "", *BOOLEAN_WORDS):
        return value  # a third word that the converter knows, such as "auto"
    if not isinstance(value, bool | int | float) or value not in (0, 1):
        raise CannotBePassed(f"it is true or false, not {show(value)}")
    if form.reads is Reads.ANY_TEXT:
        return "True" if value else ""
    return form.words[bool(value)]


def _number_word(form: OptionForm, value: Value) -> str:
    kind = "a whole number" if form.reads is Reads.INT else "a number"
    if isinstance(value, bool) and form.reads is Reads.INT:
        return str(int(value))
    if isinstance(value, float) and form.reads is Reads.INT:
        if not value.is_integer():
            raise CannotBePassed(f"it is {kind}, not {show(value)}")
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        try:
            int(value) if form.reads is Reads.INT else float(value)
        except ValueError:
            pass
        else:
            return value
    raise CannotBePassed(f"it is {kind}, not {show(value)}")


def _parts_word(form: OptionForm, style: ArgumentStyle, value: Value) -> str:
    if isinstance(value, bool):
        raise CannotBePassed("it is text that the script splits")
    if isinstance(value, str):
        return value  # joined already
    read = replace(form, reads=form.items, choices=())
    words = [_item(read, style, item) for item in (value if isinstance(value, list) else [value])]
    for word in words if isinstance(value, list) else ():
        if form.separator in word:
            raise CannotBePassed(f"{word!r} has a {form.separator!r}, at which the script splits it")
    return form.separator.join(words)


def _text_word(form: OptionForm, style: ArgumentStyle, value: Value) -> str:
    if value is False and form.silent is True:
        raise CannotBePassed("the script reads any text for true, without type=")
    if isinstance(value, bool):
        return form.words[value]
    if isinstance(value, dict) and "tables" not in style.stated and form.kind is not FormKind.VARIABLE:
        raise CannotBePassed("it takes one word, and how that holds a table is not known")
    if not isinstance(value, list) or form.kind is FormKind.VARIABLE:
        return value_word(style, value)
    if style.lists in ("spaced", "repeated") or "lists" not in style.stated:
        raise CannotBePassed('it takes one word, and how that holds a list is not known: style = { lists = "comma" }')
    return list_word(style, value)
