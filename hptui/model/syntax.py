"""Text to syntax tree: what is no expression at all is refused here, with a hint at what was probably meant.

The tree is not yet checked: `expressions` decides which nodes belong to the language.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings

from hptui.model.errors import ExpressionError

MAX_LENGTH = 500

_SPELLINGS = {r"&&": "'and' is written for &&", r"\|\|": "'or' is written for ||", r"!(?!=)": "'not' is written for !"}
_SPELLINGS |= {r"(?<![<>=!])=(?!=)": "== is written for ="}
_WORDS = ("and", "or", "not", "in", "if", "else", "is", "True", "False")


def tree_of(text: str) -> ast.expr:
    """The syntax tree, its nodes unchecked."""
    if not text:
        raise ExpressionError("an expression is empty")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"{text[:60]!r}…: {len(text)} characters, at most {MAX_LENGTH} are read")
    if not text.isprintable():  # line breaks, tabs, invisible and right-to-left characters
        raise ExpressionError(f"{text!r}: an expression is one line of visible characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # '\d' and `1if x` are worth no warning here
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"{text!r}: {error.msg}", hint=_spelling(text)) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"{text!r}: this cannot be read") from None


def _spelling(text: str) -> str:
    """A hint at what another language would write, or at a word that cannot be a name."""
    for pattern, hint in _SPELLINGS.items():
        if re.search(pattern, text):
            return hint
    words = [word for word in keyword.kwlist if word not in _WORDS and re.search(rf"\b{word}\b", text)]
    return f"{words[0]!r} cannot be a name in an expression" if words else ""
