"""Parsing of expressions to syntax trees, with hints at probable mistakes.

The tree is not checked here: `expressions` decides which nodes belong to the language.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings

from hptui.model.errors import ExpressionError

MAX_EXPRESSION_LENGTH = 500
"""Most characters of an expression."""

_SPELLINGS = {r"&&": "'and' is written for &&", r"\|\|": "'or' is written for ||", r"!(?!=)": "'not' is written for !"}
_SPELLINGS |= {r"(?<![<>=!])=(?!=)": "== is written for ="}
_WORDS = ("and", "or", "not", "in", "if", "else", "is", "True", "False")


def parse_tree(text: str) -> ast.expr:
    """Return the syntax tree of an expression, its nodes unchecked.

    Raises: ExpressionError.
    """
    if not text:
        raise ExpressionError("an expression is empty")
    if len(text) > MAX_EXPRESSION_LENGTH:
        raise ExpressionError(f"{text[:60]!r}…: {len(text)} characters, at most {MAX_EXPRESSION_LENGTH} are read")
    if not text.isprintable():  # refuses line breaks, tabs, invisible and right-to-left characters
        raise ExpressionError(f"{text!r}: an expression is one line of visible characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning for '\d' or `1if x` would go to stderr
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"{text!r}: {error.msg}", hint=_syntax_hint(text)) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"{text!r}: this cannot be read") from None


def _syntax_hint(text: str) -> str:
    """Return a hint at an operator of another language, or at a keyword that cannot be a name."""
    for pattern, hint in _SPELLINGS.items():
        if re.search(pattern, text):
            return hint
    words = [word for word in keyword.kwlist if word not in _WORDS and re.search(rf"\b{word}\b", text)]
    return f"{words[0]!r} cannot be a name in an expression" if words else ""
