"""Removal of what must not be shown or recorded: terminal control sequences in text, secrets of an environment.

`sanitize` makes text from outside safe for a terminal; `scrub` and its relatives remove what looks like a password or
token. Variables are recorded by an allow-list of names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

ESCAPE_SEQUENCE = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, terminated or not
    r"|\x1b[PX^_].*?(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # CSI
    r"|\x1b[ -/]*[0-~]?"  # every other escape
    r"|\x9b[0-?]*[ -/]*[@-~]?"  # the same introducers in 8 bits
    r"|\x9d[^\x07\x9c]*(?:\x07|\x9c)?"
    r"|[\x90\x98\x9e\x9f].*?(?:\x9c|$)",
    re.DOTALL,
)
"""Escape sequences of 7-bit and 8-bit terminals, complete or cut off."""
CONTROL_CHARACTER = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Characters that may not reach a terminal: controls but newline, bidirectional marks, surrogates."""
REPLACEMENT = "\ufffd"
ELLIPSIS = "…"


def sanitize(text: object, *, lines: bool = False, limit: int = 20_000) -> str:
    """Return `str(text)` without anything that a terminal would interpret.

    Newlines become `⏎` unless `lines`; a tab becomes four spaces. More than `limit` characters are cut off, with an
    ellipsis.
    """
    plain = str(text)
    if len(plain) > limit:
        plain = plain[: limit - 1] + ELLIPSIS
    if plain.isascii() and plain.isprintable():
        return plain
    plain = ESCAPE_SEQUENCE.sub("", plain.replace("\r\n", "\n")).replace("\t", "    ")
    if not lines:
        plain = plain.replace("\n", "⏎")
    return CONTROL_CHARACTER.sub(REPLACEMENT, plain)


ALLOWED_NAME = re.compile(
    r"(CUDA|CUBLAS|CUDNN|NCCL|TORCH|PYTORCH|OMP|MKL|OPENBLAS|TRANSFORMERS|TRITON|BNB|ACCELERATE|SLURM_JOB)_[A-Z0-9_]+"
    r"|HF_(HOME|HUB_CACHE|HUB_OFFLINE|DATASETS_CACHE|DATASETS_OFFLINE|ENDPOINT)"
    r"|TOKENIZERS_PARALLELISM|PYTHONHASHSEED|VIRTUAL_ENV|CONDA_DEFAULT_ENV|CONDA_PREFIX|LD_LIBRARY_PATH|LANG|TZ"
)
"""Names of variables that may be recorded."""
SECRET_NAME = re.compile(r"(?i)token(?!iz)|api[_-]?key|secret|passw|cred|private[_-]?key|access[_-]?key|auth")
"""Names of variables and options whose values are secrets."""
SECRET_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}"
    r"|AKIA[0-9A-Z]{12,}|xox[abprs]-[\w-]{8,}|AIza[\w-]{30,})"
)
"""Shapes of well-known tokens."""
URL_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
"""User and password in a URL."""
URL_SECRET = re.compile(r"(?i)([?&][^=&\s]*(?:token|key|secret|passw|sig)[^=&\s]*=)[^&\s]+")
"""Query parameters of a URL that hold a secret."""
REDACTED = "***"
"""Replacement of a secret."""


def scrub(text: str) -> str:
    """Return `text` without logins in URLs and without anything that has the form of a token."""
    return SECRET_VALUE.sub(REDACTED, URL_SECRET.sub(rf"\1{REDACTED}", URL_LOGIN.sub("", text)))


def scrub_command(command: Sequence[str]) -> str:
    """Return a command line as one string, with the values of options named like secrets hidden."""
    words: list[str] = []
    hide_next = False
    for word in command:
        name, equals, _ = word.partition("=")
        if hide_next and not word.startswith("-"):
            word = REDACTED
        elif equals and SECRET_NAME.search(name):
            word = f"{name}={REDACTED}"
        hide_next = not equals and word.startswith("-") and bool(SECRET_NAME.search(word))
        words.append(word if word == REDACTED else scrub(word))
    return shlex.join(words).replace(f"'{REDACTED}'", REDACTED)


def recordable_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that may be recorded, redacted, by name."""
    selected = {
        name: value for name, value in environ.items() if ALLOWED_NAME.fullmatch(name) and not SECRET_NAME.search(name)
    }
    return {name: scrub(value) for name, value in sorted(selected.items())}
