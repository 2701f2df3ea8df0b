"""Keys of one entry of `[space]`, in any of its forms."""

from __future__ import annotations

from hptui.core.keys import EXPRESSION, FLAG, NUMBER, TEXT, VALUE, Key, Table, list_of

RANGE, CHOICES, DISTRIBUTION, DERIVED = "range", "choices", "distribution", "expr"
"""Forms of an entry of `[space]`."""

SPACE_TABLE = Table(
    "space",
    "[space]",
    "One entry of the search space: a range, choices, a distribution, or a derived value.",
    "",
    (
        Key("low", NUMBER, "Lower bound of a range", default=None, only_for=(RANGE,), example="1e-5"),
        Key("high", NUMBER, "Upper bound of a range", default=None, only_for=(RANGE,), example="1e-2"),
        Key(
            "log",
            FLAG,
            "Search magnitudes alike: on a logarithmic scale",
            default=False,
            only_for=(RANGE,),
            example="true",
        ),
        Key(
            "step",
            NUMBER,
            "Distance between values",
            default=None,
            only_for=(RANGE, DISTRIBUTION),
            example="0.1",
        ),
        Key(
            "int",
            FLAG,
            "Only whole numbers; without it, the bounds decide",
            default=None,
            only_for=(RANGE,),
            example="true",
        ),
        Key(
            "choices",
            list_of(VALUE),
            "The values to choose from; numbers are ordered",
            default=(),
            only_for=(CHOICES,),
            example="[8, 16]",
        ),
        Key(
            "ordered",
            FLAG,
            "Whether neighbouring choices are alike; without it, the values decide",
            default=None,
            only_for=(CHOICES,),
            example="true",
        ),
        Key(
            "weights",
            list_of(NUMBER),
            "How likely each choice is at random; without it, all alike",
            default=(),
            only_for=(CHOICES,),
            example="[1, 3]",
        ),
        Key(
            "shape",
            TEXT,
            "How the choices came about, for display",
            default="",
            only_for=(CHOICES,),
            example='"normal(0, 1)"',
        ),
        Key(
            "distribution",
            EXPRESSION,
            "One of normal(mean, sd), log_normal(mean, sd), beta(a, b); searched as 200 equally likely values",
            default=None,
            only_for=(DISTRIBUTION,),
            example='"normal(0, 1)"',
        ),
        Key(
            "expr",
            EXPRESSION,
            "Derived from other settings: recorded, not searched",
            default=None,
            only_for=(DERIVED,),
            example='"width / 2"',
        ),
        Key(
            "when",
            EXPRESSION,
            "The parameter exists only while this holds",
            default=None,
            only_for=(RANGE, CHOICES, DISTRIBUTION),
            example='"depth > 2"',
        ),
        Key("note", TEXT, "Why it is searched; quoted in reports", default="", example='"tried by hand before"'),
    ),
)
"""The keys of one entry of `[space]`, in any of its forms."""
