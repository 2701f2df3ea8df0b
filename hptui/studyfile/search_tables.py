"""Keys of `[search]` with its parts, `[[stage]]`, `[[trial]]`, `[[preset]]`, and of an entry of `[space]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hptui import plugins
from hptui.core.key_types import TextType
from hptui.core.keys import (
    EXPRESSION,
    FLAG,
    FLOAT,
    NUMBER,
    TEXT,
    VALUE,
    WHOLE,
    Key,
    Table,
    either,
    list_of,
    map_of,
    share_of,
    table,
    text_like,
)

if TYPE_CHECKING:
    from hptui.core.plugin_specs import Group
    from hptui.core.trial import Value

SEARCH = "hptui.studyfile.search_section"
"""Module of the functions that read what a type cannot say."""
NAME = text_like("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
"""A name that can be the name of a directory."""
SPACE = either(map_of(either(TEXT, table("space"))), list_of(table("space.listed")))
"""`[space]`: entries by name; in JSON also a list of entries, each with its `name`."""
CHANGES = "{ learning_rate = 1e-4 }"
"""Example of settings that a trial changes."""


class PluginName(TextType):
    """The name of a built-in or installed sampler, pruner or executor, or "module:Object"."""

    def __init__(self, group: Group, *others: str) -> None:
        super().__init__()
        self.group, self.others = group, others

    @property
    def words(self) -> tuple[str, ...]:
        """The built-in names."""
        return (*self.others, *plugins.names(self.group))

    def json_schema(self) -> dict[str, Value]:
        names = (*self.others, *plugins.names(self.group, installed=True))
        return {"anyOf": [{"enum": list(names)}, {"type": "string", "pattern": ":"}]}


SAMPLER, PRUNER = PluginName("samplers", "auto"), PluginName("pruners", "none")
EXECUTOR = PluginName("executors")

SEARCH_TABLES = (
    Table(
        "search",
        "[search]",
        "Who proposes trials, how many, and what ends them early.",
        "Search",
        (
            Key("sampler", SAMPLER, "Who proposes trials; auto chooses by space and budget", example='"tpe"'),
            Key("trials", WHOLE, "Trials that the search makes; without it, until something else", low=1, example="20"),
            Key("seed", WHOLE, "Seed of all random choices", low=0, high=2**32 - 1, example="7"),
            Key("baseline", FLAG, "Run [trainer] as it stands as the first trial", example="false"),
            Key("evaluate_base", FLAG, "Measure the untrained model first, with a trainer that can", example="true"),
            Key(
                "pruner",
                either(PRUNER, table("search.pruner")),
                "Ends trials whose curves lag behind: a kind, or a table with its settings",
                reader=f"{SEARCH}:read_pruner",
                example='{ kind = "median", startup = 3 }',
            ),
            Key("until", table("search.until"), "What ends the whole search, besides trials", example="{ hours = 8 }"),
            Key(
                "stop",
                list_of(table("search.stop")),
                "Rules that end a trial early, by its metrics",
                example='[{ when = "loss > 5", after = 0.3 }]',
            ),
            Key(
                "outcome",
                list_of(EXPRESSION),
                "Conditions on measured values; a trial that breaks one is never the best",
                example='["accuracy >= 0.1"]',
            ),
            Key(
                "constraints",
                list_of(EXPRESSION),
                "Conditions on parameters that every proposed trial keeps",
                default=(),
                example='["width * depth <= 512"]',
            ),
            Key(
                "warm_start",
                either(TEXT, list_of(TEXT)),
                "Studies, by name or directory, whose trials the search learns from",
                reader=f"{SEARCH}:read_warm_start",
                example='["last-week"]',
            ),
            Key(
                "sampler_settings",
                map_of(VALUE),
                "Settings of the sampler's own; only samplers of installed packages have any",
                example="{}",
            ),
        ),
    ),
    Table(
        "search.pruner",
        "[search.pruner]",
        "Ends trials whose curves lag behind those of others.",
        "PrunerSettings",
        (
            Key("kind", PRUNER, "Which rule decides", example='"median"'),
            Key(
                "warmup",
                share_of("it is a share of a trial's budget, for instance 0.2"),
                "Share of its budget, below 1, before which no trial ends; asha and hyperband: the first rung",
                example="0.3",
            ),
            Key("startup", WHOLE, "Trials that must have finished before one is compared", low=1, example="3"),
            Key(
                "percentile",
                NUMBER,
                "Percentage of trials that go on, between 0 and 100",
                default=25.0,
                low=0,
                only_for=("percentile",),
                example="25",
            ),
            Key(
                "eta",
                NUMBER,
                "How many trials compete for a place at a rung: whole, from 2; with bands any number above 1",
                default=3,
                above=1,
                aliases=("factor",),
                only_for=("asha", "hyperband", "bands"),
                example="3",
            ),
            Key(
                "patience",
                NUMBER,
                "How long without improvement: a share of the budget below 1, or a whole number of reports",
                default=0.2,
                low=0,
                only_for=("patient",),
                example="0.2",
            ),
            Key(
                "min_delta",
                FLOAT,
                "Smallest change that counts",
                default=0.0,
                low=0,
                only_for=("patient",),
                example="0.01",
            ),
            Key(
                "wraps",
                PRUNER,
                "Kind that must agree with patient",
                default="none",
                only_for=("patient",),
                example='"median"',
            ),
            Key(
                "low", FLOAT, "A value below this ends the trial", default=None, only_for=("threshold",), example="0.01"
            ),
            Key(
                "high", FLOAT, "A value above this ends the trial", default=None, only_for=("threshold",), example="9.5"
            ),
            Key("on", TEXT, "The objective that decides alone, if there are several", example='"loss"'),
            Key(
                "bands",
                list_of(WHOLE),
                "Numbers of reports, ascending, at which trials are compared",
                default=(),
                only_for=("bands",),
                example="[3, 9, 27]",
            ),
            Key(
                "strict",
                FLAG,
                "Compare values at a band, not best so far",
                default=True,
                only_for=("bands",),
                example="false",
            ),
        ),
    ),
    Table(
        "search.stop",
        "[[search.stop]]",
        "A rule that ends a trial early, by its metrics.",
        "StopRule",
        (
            Key("when", EXPRESSION, "The condition that ends a trial", required=True, example='"loss > 5"'),
            Key(
                "after",
                share_of("it is a share of a trial's training, for instance 0.1"),
                "Share of a trial's training, below 1, that passes before the rule is tried",
                example="0.1",
            ),
        ),
    ),
    Table(
        "search.until",
        "[search.until]",
        "What ends the whole search, besides the number of trials.",
        "StoppingConditions",
        (
            Key("trials", WHOLE, "The same as trials in [search]", low=1, default=None, example="20"),
            Key("hours", NUMBER, "Hours of activity of the study", low=0, above=0, example="8"),
            Key("no_improvement", WHOLE, "Complete trials without a better one", low=1, above=0, example="10"),
            Key("target", NUMBER, "Value of the only objective that is good enough", example="0.5"),
        ),
    ),
    Table(
        "stage",
        "[[stage]]",
        "A part of the search, with overrides of its own.",
        "Stage",
        (
            Key("name", NAME, "What this stage is called", required=True, example='"rate"'),
            Key("set", map_of(VALUE), "Settings that all trials of the stage have", example=CHANGES),
            Key("trials", WHOLE, "Trials that the stage makes, in place of those of [search]", low=1, example="10"),
            Key("space", SPACE, "What the stage searches, in place of [space]", example='{ dropout = "0..0.5" }'),
            Key("sampler", SAMPLER, "Who proposes trials of the stage", default="", example='"random"'),
            Key(
                "from",
                TEXT,
                'The best trials before, as "best 2": run again, or with a space: "best 1" as its fixed settings',
                field="best",
                reader="hptui.studyfile.sections:read_from",
                example='"best 1"',
            ),
            Key("seeds", WHOLE, "Runs of each configuration, with one seed each", low=1, high=100, example="3"),
            Key(
                "pruner",
                either(PRUNER, table("search.pruner")),
                "The pruner of the stage, in place of that of [search]",
                reader=f"{SEARCH}:read_pruner",
                example='"none"',
            ),
            Key("baseline", FLAG, "Run [trainer] as it stands in this stage, too", example="true"),
        ),
    ),
    Table(
        "trial",
        "[[trial]]",
        "A configuration that runs as given.",
        "ListedTrial",
        (
            Key("set", map_of(VALUE), "What this trial changes", required=True, example=CHANGES),
            Key("name", TEXT, "A name to call the trial by, no number and not best", example='"wide"'),
            Key("title", TEXT, "What tables and reports call it", example='"A wide network"'),
            Key("note", TEXT, "Why it runs; shown with the trial", example='"more capacity"'),
        ),
    ),
    Table(
        "preset",
        "[[preset]]",
        "A named configuration that runs only when a person queues it.",
        "Preset",
        (
            Key("name", NAME, "What it is called when it is queued", required=True, example='"small"'),
            Key("set", map_of(VALUE), "What this preset changes", required=True, example=CHANGES),
            Key("title", TEXT, "What tables and reports call it", example='"Fits anywhere"'),
            Key("note", TEXT, "What it is for; shown with the preset", example='"for a small GPU"'),
        ),
    ),
)
"""The tables of the search."""

RANGE, CHOICES, DISTRIBUTION, DERIVED = "range", "choices", "distribution", "expr"
"""Forms of an entry of `[space]`."""

SPACE_TABLE = Table(
    "space",
    "[space]",
    "One entry of the search space: a range, choices, a distribution, or a derived value.",
    "",
    (
        Key("low", NUMBER, "Smallest value", default=None, only_for=(RANGE,), example="1e-5"),
        Key("high", NUMBER, "Largest value", default=None, only_for=(RANGE,), example="1e-2"),
        Key("log", FLAG, "Try all magnitudes alike", default=False, only_for=(RANGE,), example="true"),
        Key(
            "step",
            NUMBER,
            "Distance between two values; without it, any value",
            default=None,
            only_for=(RANGE, DISTRIBUTION),
            example="0.1",
        ),
        Key("int", FLAG, "Only whole numbers", default=None, only_for=(RANGE,), example="true"),
        Key("choices", list_of(VALUE), "The values to choose from", default=(), only_for=(CHOICES,), example="[8, 16]"),
        Key("ordered", FLAG, "Whether choices have an order", default=None, only_for=(CHOICES,), example="true"),
        Key(
            "weights",
            list_of(NUMBER),
            "How often each choice is drawn, relative to the others",
            default=(),
            only_for=(CHOICES,),
            example="[1, 3]",
        ),
        Key(
            "shape",
            TEXT,
            "The distribution that choices stand for, in words",
            default="",
            only_for=(CHOICES,),
            example='"normal(0, 1)"',
        ),
        Key(
            "distribution",
            EXPRESSION,
            "normal(mean, sd), log_normal(mean, sd) or beta(a, b)",
            default="",
            only_for=(DISTRIBUTION,),
            example='"normal(0, 1)"',
        ),
        Key(
            "expr",
            EXPRESSION,
            "The value follows from other settings",
            default="",
            only_for=(DERIVED,),
            example='"width / 2"',
        ),
        Key(
            "when",
            EXPRESSION,
            "The parameter exists only where this holds",
            default="",
            only_for=(RANGE, CHOICES, DISTRIBUTION),
            example='"depth > 2"',
        ),
        Key("note", TEXT, "Why it is searched; shown with the parameter", default="", example='"tried by hand before"'),
    ),
)
"""The keys of one entry of `[space]`, in any of its forms."""
