"""What a secret is, and its replacement in everything that is shown, exported or reported.

A value is a secret by its name (`api_key`, `password`), by its form whatever its name (`sk-…`, a URL with a login), or
by both: a name that ends in key or token, and a value that looks random. The store and the run directories keep what
must run again.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hptui.core.sanitize import sanitize

REDACTED = "***"
"""Replacement of a secret."""

_ALWAYS_NAMED = r"passwords?|passwd|passphrase|secrets?|credentials?|(?:api|access|private|secret)_?keys?"
ALWAYS_SECRET = re.compile(rf"(?:.*)(?:{_ALWAYS_NAMED})")
"""Names, in small letters with `_` between words, whose values are always secrets."""
MAYBE_SECRET = re.compile(r"(?:.*_)?(?:token|key)")
"""Names whose values are secrets if they look random."""
NEVER_SECRET = re.compile(
    r"(?:.*_)?(?:pad|eos|bos|unk|sep|cls|mask|stop|start|end|eot|eod|image|audio|video|special|new|think|text|input|output"
    r"|target|label|answer|question|prompt|response|instruction|messages?|chat|column|field|sort|primary|group|dict"
    r"|batch|feature|metric|split)_(?:token|key)"
)
"""Names of special tokens and of columns, whose values are no secrets."""
PLACEHOLDER = re.compile(r"\{[\w.]*\}|\$\{[^}]*\}|\$\w+")
"""References to a value that stands elsewhere."""
PLAIN_WORDS = frozenset({"", "none", "null", "true", "false", "nothing", "auto"})
"""Values that say that there is none."""

MIN_RANDOM_LENGTH = 20
"""Characters from which a value can look random."""
MIN_ENTROPY = 3.0
"""Bits per character from which a value looks random."""
MIN_TURNS = 0.3
"""Share of neighbouring characters of different classes (small, capital, digit) from which a value looks random."""

SECRET_FORM = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"hf_[A-Za-z0-9]{16,}|(?:sk|rk|pk)[-_](?=[\w-]*[0-9A-Z])[A-Za-z0-9_-]{12,}"
    r"|gh[pousr]_[A-Za-z0-9]{12,}|github_pat_\w{12,}|glpat-[\w-]{12,}|(?:AKIA|ASIA)[0-9A-Z]{12,}|xox[abeoprs]-[\w-]{8,}"
    r"|xapp-[\w-]{8,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?|gsk_\w{16,}|nvapi-[\w-]{16,}"
    r"|pypi-[\w-]{16,}|npm_\w{16,}|dop_v1_\w{16,}|r8_\w{16,}|wandb_v1_\w{16,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\d{8,10}:AA[A-Za-z0-9_-]{33})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?i:(?<=bearer )|(?<=basic ))[A-Za-z0-9+/=._~-]{12,}",
    re.DOTALL,
)
"""Forms of well-known tokens and keys."""
URL_LOGIN = re.compile(r"(?<=://)(?!git@)[^/@\s\"'<>]+@")
"""User and password in a URL; `git@`, the user of every SSH remote, is none."""
URL_SECRET = re.compile(r"(?i)([?&;][^=&\s]*(?:token|key|secret|passw|sig|auth|cred)[^=&\s]*=)[^&\s\"'<>]+")
"""Query parameters of a URL that hold a secret."""
WEBHOOK = re.compile(r"(?i)(https?://(?:[\w.-]*hooks?\.[\w.-]+|api\.telegram\.org|chat\.googleapis\.com)/)[^\s\"'<>]+")
WEBHOOK_PATH = re.compile(r"(?i)(https?://[^\s/\"'<>]+/(?:[^\s\"'<>]*/)?(?:web)?hooks?/)[^\s\"'<>]+")
"""URLs at which anybody who knows them may post."""
NAMED = re.compile(
    rf"(?i)(?P<name>[\w.-]*(?:{_ALWAYS_NAMED.replace('_?', '[_-]?')}|token|key))"
    r"(?P<between>[\"']?\s*=(?!=)\s*|[\"']\s*:\s*|\s*:\s*|\s+)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&()\[\]{}<>\"']+)"
)
"""`name=value`, `"name": "value"`, `--name value` in a text."""
NAME_PARTS = ("key", "token", "passw", "passp", "secret", "cred")
"""Parts of names in small letters: a text without any of them names no secret."""
FORM_PART = re.compile(
    r"hf_|[srp]k[-_]|gh[pousr]_|github_pat_|glpat-|a[ks]ia|xox|xapp-|aiza|ya29|eyj|gsk_|nvapi-|pypi-|npm_|dop_v1_|r8_"
    r"|wandb_v1_|sg\.|begin |bearer |basic |:aa"
)
"""Parts in small letters: a text without any of them holds no well-known key."""


@functools.lru_cache(maxsize=1 << 15)
def _name_kind(name: str) -> str:
    """Return `always`, `maybe` or '' for the name of a setting, an option or a variable."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    words = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if ALWAYS_SECRET.fullmatch(words):
        return "always"
    return "maybe" if MAYBE_SECRET.fullmatch(words) and not NEVER_SECRET.fullmatch(words) else ""


def names_secret(name: str) -> bool:
    """Return whether any value of this name is a secret."""
    return _name_kind(name) == "always"


def looks_random(text: str) -> bool:
    """Return whether a text looks like a generated key: long, of one word, and of high entropy."""
    if len(text) < MIN_RANDOM_LENGTH or not re.fullmatch(r"[A-Za-z0-9+/=_.~:-]+", text):
        return False
    counts = Counter(text)
    entropy = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    if entropy < MIN_ENTROPY:
        return False
    if max(map(len, re.split(r"[^A-Za-z0-9+=]", text))) >= MIN_RANDOM_LENGTH:
        return True
    classes = ["d" if letter.isdigit() else "u" if letter.isupper() else "l" for letter in text if letter.isalnum()]
    turns = sum(first != second for first, second in itertools.pairwise(classes))
    return turns >= MIN_TURNS * (len(classes) - 1)


def is_secret(name: str, value: object) -> bool:
    """Return whether a value is a secret because of its name. Flags and measured numbers are none."""
    kind = _name_kind(name)
    if not kind:
        return False
    if isinstance(value, str):
        plain = value.strip().strip("`.:!?").lower()
        if plain in PLAIN_WORDS or REDACTED in value or PLACEHOLDER.fullmatch(value.strip()):
            return False
        return kind == "always" or looks_random(value)
    return kind == "always" and isinstance(value, int) and not isinstance(value, bool)


_labels: dict[str, str] = {}
"""What stands for the values that were masked because of their names: `***`, or `***2` for the second of a choice."""
_known: set[str] = set()
"""Those of them that this process masks wherever they stand, without a name, too: no plain words or numbers."""
_known_pattern: list[re.Pattern[str] | None] = [None]
VALUE_KEYS = ("choices", "value", "values", "default")
"""Keys under which a table with a `name` has the values of that name."""
MIN_BARE_LENGTH = 4
"""Characters from which a secret is hidden in an error where it stands without quotes."""
MAX_KNOWN = 1000
"""Values that are remembered."""


def remember(value: object, label: str = REDACTED) -> str:
    """Remember a secret and what stands for it, which is returned; an earlier label of a choice is kept."""
    text = str(value)
    if label == REDACTED and text in _labels:
        return _labels[text]
    if len(_labels) >= MAX_KNOWN or not text or len(text) > 4096:
        return label
    _labels[text] = label
    is_distinct = not text.isdigit() and (not text.isalpha() or text != text.lower())
    if len(text) >= 6 and is_distinct and text not in _known:
        _known.add(text)
        _mask_key.cache_clear()
        _known_pattern[0] = re.compile("|".join(map(re.escape, sorted(_known, key=len, reverse=True))))
    return label


def known_secrets() -> frozenset[str]:
    """Return the values that this process has masked because of their names, and masks everywhere."""
    return frozenset(_known)


def mask_text(text: str) -> str:
    """Return a text with its secrets masked.

    These are logins and tokens of URLs, well-known keys, values of secret names, and known secrets.
    """
    if (known := _known_pattern[0]) is not None:
        text = known.sub(lambda match: _labels[match[0]], text)
    lower = text.lower()
    if "://" in lower:
        text = URL_LOGIN.sub(f"{REDACTED}@", text)
        text = URL_SECRET.sub(rf"\1{REDACTED}", text)
        text = WEBHOOK_PATH.sub(rf"\1{REDACTED}", WEBHOOK.sub(rf"\1{REDACTED}", text))
    if FORM_PART.search(lower):
        text = SECRET_FORM.sub(REDACTED, text)
    if any(part in lower for part in NAME_PARTS):
        text = NAMED.sub(_masked_pair, text)
    return text


def _masked_pair(match: re.Match[str]) -> str:
    name, between, value = match["name"], match["between"], match["value"]
    quote = value[0] if value[:1] in "\"'" and len(value) > 1 else ""
    plain = value[1:-1] if quote else value
    if not is_secret(name, plain) or plain.startswith(("{", "$")):
        return match[0]
    if not quote and "=" not in between:  # in prose, `password: see below` holds none
        is_option = between.isspace() and name.startswith("--")
        is_field = ":" in between and len(plain) >= 6 and any(letter.isdigit() for letter in plain)
        if not (is_option and not plain.startswith("-")) and not is_field and not looks_random(plain):
            return match[0]
    return f"{name}{between}{quote}{remember(plain)}{quote}"


def shown(text: object, *, lines: bool = False, limit: int = 20_000) -> str:
    """Return a text as it may be shown: sanitized for a terminal, and with secrets masked."""
    return mask_text(sanitize(text, lines=lines, limit=limit))


class Numbers(list[Any]):
    """A list of JSON objects in which there is no text from outside, so that nothing can be secret."""


def mask(value: Any, name: str = "") -> Any:
    """Return a value of JSON with every secret in it masked; the same object if there is none.

    `name` is the name of the value; all texts of a table or a list with a secret's name are secrets.
    """
    kind = type(value)
    if kind is float or kind is bool or value is None or kind is Numbers:
        return value
    if isinstance(value, str):
        if is_secret(name, value):
            return remember(value)
        masked = mask_text(value)
        return value if masked == value else masked
    if isinstance(value, int):
        return REDACTED if is_secret(name, value) else value
    if isinstance(value, Mapping):
        return _mask_mapping(value, name)
    if isinstance(value, list | tuple):
        return _mask_sequence(value, name)
    return value


def _mask_mapping(value: Mapping[Any, Any], name: str) -> Mapping[Any, Any]:
    parent = name if name and names_secret(name) else ""
    own_name = value.get("name") if "name" in value else ""  # a parameter: { name = "api_key", choices = […] }
    described = own_name if isinstance(own_name, str) and _name_kind(own_name) else ""
    result: dict[Any, Any] | None = None
    for key, item in value.items():
        kind = type(item)
        if kind is float or kind is bool or item is None:
            new_item = item
        else:
            item_name = described if described and key in VALUE_KEYS else str(key)
            if item_name == described and key == "choices" and isinstance(item, list | tuple):
                label_choices(described, item)
            new_item = mask(item, parent or item_name)
        new_key = _mask_key(key) if type(key) is str else key
        if new_item is not item or new_key != key:
            if result is None:
                result = dict(value)
            if new_key != key:
                del result[key]
            result[new_key] = new_item
    return value if result is None else result


@functools.lru_cache(maxsize=1 << 15)
def _mask_key(key: str) -> str:
    masked = mask_text(key)
    return key if masked == key else masked


def _mask_sequence(value: Sequence[Any], name: str) -> Sequence[Any]:
    if name and names_secret(name):
        masked = [mask(item, name) for item in value]
    elif value and all(isinstance(item, str) for item in value):
        masked = mask_words(value)
    else:
        masked = [mask(item) for item in value]
    if all(new is old for new, old in zip(masked, value, strict=True)):
        return value
    return tuple(masked) if isinstance(value, tuple) else masked


def hide_value(text: str, where: str, value: Any) -> str:
    """Return a text about the value at a location, without the value if its name says secret."""
    if not any(names_secret(part) for part in re.split(r"[.\[]", where)):
        return text
    for leaf in sorted({*_leaves(value)}, key=len, reverse=True):
        quoted = rf"(?<=[\"']){re.escape(leaf)}(?=[\"'])"
        bare = rf"|(?<!\w){re.escape(leaf)}(?!\w)" if len(leaf) >= MIN_BARE_LENGTH else ""
        text = re.sub(quoted + bare, REDACTED, text)
    return text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        if str(value).strip().lower() not in PLAIN_WORDS:
            yield str(value)
    elif not isinstance(value, str) and isinstance(value, Iterable):
        for item in value:
            yield from _leaves(item)


def label_choices(name: str, choices: Sequence[Any]) -> dict[str, str]:
    """Return what is shown for the secrets among the choices of a parameter: `***1`, `***2`."""
    texts = {index: value for index, value in enumerate(choices, 1) if isinstance(value, str)}
    return {
        value: remember(value, f"{REDACTED}{index}") for index, value in texts.items() if mask(value, name) != value
    }


def mask_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command line, with the values of options named like secrets masked."""
    masked: list[str] = []
    option = ""
    for word in words:
        name, equals, value = word.partition("=")
        is_name = bool(equals) and re.fullmatch(r"[\w.+-]+", name) is not None
        if option and not word.startswith("-") and is_secret(option, word):
            new = remember(word)
        elif is_name and is_secret(name, value):
            new = f"{name}={remember(value)}"
        else:
            new = mask_text(word)
        option = word if not equals and word.startswith("-") else ""
        masked.append(word if new == word else new)
    return masked


def masked_command(command: Sequence[str]) -> str:
    """Return a command line as one string, quoted for a shell, with secrets masked."""
    return shlex.join(mask_words(command)).replace(f"'{REDACTED}'", REDACTED)


ALLOWED_NAME = re.compile(
    r"(CUDA|CUBLAS|CUDNN|NCCL|TORCH|PYTORCH|OMP|MKL|OPENBLAS|TRANSFORMERS|TRITON|BNB|ACCELERATE|SLURM_JOB)_[A-Z0-9_]+"
    r"|HF_(HOME|HUB_CACHE|HUB_OFFLINE|DATASETS_CACHE|DATASETS_OFFLINE|ENDPOINT)"
    r"|TOKENIZERS_PARALLELISM|PYTHONHASHSEED|VIRTUAL_ENV|CONDA_DEFAULT_ENV|CONDA_PREFIX|LD_LIBRARY_PATH|LANG|TZ"
)
"""Names of variables that may be recorded."""
UNRECORDED_NAME = re.compile(r"(?i)token(?!iz)|secret|passw|cred|[_-]key\b|auth")
"""Names of variables that are not recorded, whatever their values."""


def recordable_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that may be recorded, masked, by name."""
    return {
        name: mask_text(value)
        for name, value in sorted(environ.items())
        if ALLOWED_NAME.fullmatch(name) and not UNRECORDED_NAME.search(name)
    }
