"""Which settings a text names: by their names, by other words for them, or by their values (`8bit Adam`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hptui.core.format import setting as written
from hptui.core.space import Space
from hptui.core.trial import Value
from hptui.core.values import is_number
from hptui.results.roles import SETTING_NAMES


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SPOKEN_ROLES = frozenset(
    (
        *("learning_rate", "batch", "weight_decay", "sequence", "schedule", "rank", "alpha", "layers", "width", "clip"),
        *("mixed", "checkpointing", "four_bit"),
    )
)
"""Roles whose other names people use in a question: `learning rate` for `lr`, `batch` for `batch_size`."""
ADJECTIVES = {
    "width": ("wide", "wider", "widest", "narrow", "narrower", "narrowest"),
    "layers": ("deep", "deeper", "deepest", "shallow", "shallower", "shallowest"),
}
"""Words for values of settings, by role: `Is 128 wide better than 64?` asks about `width`."""
SHORT_FOR = {"optim": "optimizer", "opt": "optimizer", "scheduler": "schedule", "ctx": "context", "seq": "sequence"}
"""Words of names by what people write for them."""
COMMON_WORDS = _word_set("am an as at be by do go if in is it my no of on or so to up we")
"""Words of two letters that are no abbreviation of a setting."""
FILL_WORDS = COMMON_WORDS | _word_set("and for from has its not the use with")
"""Words that stand in any text and in values of several words: they name nothing."""
NAMES_OF_ANYTHING = _word_set(
    "adapter best count data default device dims eval final first init learning length limit list load lora "
    "main mode model name names number output param params path per rate ratio scale seed size sizes split step "
    "steps strategy target test time total train training type update updates used using valid value values with"
)
"""Words that stand in names of many kinds of settings: one of them alone names none."""
WORDS_OF_ANYTHING = _word_set(
    "all any auto base best big both default even false fast final first full good half high large last left less "
    "lora low main max mean min more most new no none normal off old on one right same simple slow small some "
    "standard step sum top true uniform word yes zero"
)
"""Words that are values of settings and stand in any text: only two of one setting name it."""
BESIDE_A_VALUE = _word_set(
    "and any as best better enough fine good help helps high instead is large low or overkill really small still "
    "than that the too versus vs what which worse worst worth"
)
"""Words after a number that is a value; behind others it counts something: `32 examples`."""
AFTER_A_RATE = r"(?!(?:'s)?\s(?:decay|schedul\w*|warm\w*))"
"""What does not follow where a learning rate itself is named."""
MIN_LETTERS = 3
"""Letters of a word that names a setting by its value, or is a part of a name."""


def named_settings(about: str, names: Sequence[str], values: Mapping[str, Sequence[Value]] | None = None) -> list[str]:
    """Return the settings that a text names: as `learning_rate`, as words, or by `values` of them."""
    text = _plain(about)
    named = {name for name in names if _is_named((name, name.rpartition(".")[2]), text)}
    # Another word for a setting is only for one that its own name does not match: `batch` is batch_size.
    known = {_role(name) for name in named} - {""}
    spoken = [name for name in names if (role := _role(name)) in SPOKEN_ROLES and role not in known]
    named |= {name for name in spoken if _is_named((*SETTING_NAMES[_role(name)], _role(name)), text)}
    named |= {name for name in names if _role(name) not in known and _is_named(ADJECTIVES.get(_role(name), ()), text)}
    named |= _by_own_words(text, [name for name in names if name not in named and _role(name) not in known], names)
    if values:
        named |= _by_values(about, {name: values.get(name, ()) for name in names})
    return [name for name in names if name in named]


def values_of(space: Space, tried: Iterable[Mapping[str, Value]]) -> dict[str, list[Value]]:
    """Return the values of each setting by which a text may name it: its choices, and those of trials."""
    by_text: dict[str, dict[str, Value]] = {}
    for parameter in space.parameters:
        for value in getattr(parameter, "choices", ()):
            by_text.setdefault(parameter.name, {})[written(value)] = value
    for settings in tried:
        for name, value in settings.items():
            by_text.setdefault(name, {})[written(value)] = value
    return {name: list(values.values()) for name, values in by_text.items()}


def _role(name: str) -> str:
    last = name.rpartition(".")[2]
    return next((role for role, names in SETTING_NAMES.items() if last in names), "")


def _plain(text: str) -> str:
    """Return a text in small letters with one space between words, `8-bit` as `8bit`."""
    plain = re.sub(r"[\s_\-.]+", " ", text.lower()).strip()
    return re.sub(r"\b(\d+) (?=bits?\b)", r"\1", plain)


def _is_named(names: Iterable[str], text: str) -> bool:
    forms = {_plain(form) for form in names}
    return any(
        len(form) > 1
        and form not in COMMON_WORDS
        and re.search(rf"(?<!\w){re.escape(form)}s?(?!\w){AFTER_A_RATE if form.endswith('rate') else ''}", text)
        for form in forms
    )


def _words(name: str) -> set[str]:
    """Return the words of a name or a value, as people write them: `optim` is an optimizer."""
    words = _plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).split()
    return {SHORT_FOR.get(word, word) for word in words}


def _by_own_words(text: str, names: Sequence[str], every: Sequence[str]) -> set[str]:
    """Return the settings of which a text has a word that is in no other setting's name: `warmup`."""
    common = Counter(word for name in every for word in _words(name))
    named = set()
    for name in names:
        own = [word for word in _words(name) if common[word] == 1 and word not in NAMES_OF_ANYTHING]
        own += ["optimiser"] if "optimizer" in own else []
        if _is_named([word for word in own if sum(map(str.isalpha, word)) >= MIN_LETTERS], text):
            named.add(name)
    return named


def _by_values(about: str, values: Mapping[str, Sequence[Value]]) -> set[str]:
    """Return the settings that a text names by their values, where these are of one setting alone."""
    heard_words = _plain(about).split()
    heard_words = [re.sub(r"^\W+|\W+$", "", word) for word in heard_words]
    texts = {name: [v for v in own if isinstance(v, str) and v.strip()] for name, own in values.items()}
    words = {name: {word for text in own for word in _words(text)} for name, own in texts.items()}
    shared = Counter(word for own in words.values() for word in own)
    in_names = {name: {word for other in values if other != name for word in _words(other)} for name in values}
    named = set()
    for name, own in words.items():
        # A word of all values tells none of them apart, but names their setting: `Adam` of `adamw` and `adamw_8bit`.
        heard_own = {word for word in own for heard in heard_words if shared[word] == 1 and _is_word_of(heard, word)}
        if heard_own - WORDS_OF_ANYTHING - in_names[name] or len(heard_own) > 1:
            named.add(name)
    numbers = Counter(written(value) for own in values.values() for value in own if is_number(value))
    for name, of_setting in values.items():
        own_numbers = [v for v in of_setting if is_number(v) and numbers[written(v)] == 1]
        if any(_is_number_named(about.lower(), value, _words(name)) for value in own_numbers):
            named.add(name)
    ranges = {name: [v for v in own if is_number(v)] for name, own in values.items()}
    for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+(?:e[+-]?\d+)?|e[+-]?\d+)(?![\w.]*\d)", about.lower()):
        inside = [name for name, own in ranges.items() if own and min(own) <= float(match[0]) <= max(own)]
        named |= set(inside) if len(inside) == 1 else set()
    return named


def _is_word_of(heard: str, word: str) -> bool:
    """Return whether a word that was written is one of a value: itself, its plural, or `adam` for `adamw`."""
    if sum(map(str.isalpha, word)) < MIN_LETTERS or word in FILL_WORDS:
        return False
    return heard in (word, f"{word}s") or (len(heard) > MIN_LETTERS and word[:-1] == heard)


def _is_number_named(text: str, value: Value, words: set[str]) -> bool:
    """Return whether a text names a number as a value: alone, with a word of its setting, or as `1e-3`."""
    for match in re.finditer(r"(?<![\w.])(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.]*\d)\s?-?([a-z]*)", text):
        if float(match[1]) != value:
            continue
        unit = match[2].removesuffix("s")
        if unit and unit in {word.removesuffix("s") for word in words}:
            return True
        if not match[1].isdigit() or not unit or match[2] in BESIDE_A_VALUE:
            return True
    return False
