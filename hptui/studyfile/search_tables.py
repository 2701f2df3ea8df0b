"""Keys of `[search]` and its parts, of `[[stage]]`, `[[trial]]` and `[[preset]]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    one_of,
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
        return self._names(installed=False)

    def json_schema(self) -> dict[str, Value]:
        return {"anyOf": [{"enum": list(self._names(installed=True))}, {"type": "string", "pattern": ":"}]}

    def _names(self, installed: bool) -> tuple[str, ...]:
        from hptui import plugins  # 25 ms, which the list of keys does not need

        return (*self.others, *plugins.names(self.group, installed=installed))


SAMPLER, PRUNER = PluginName("samplers", "auto"), PluginName("pruners", "none")
EXECUTOR = PluginName("executors")

SEARCH_TABLES = (
    Table(
        "search",
        "[search]",
        "Who proposes trials, how many, and what ends them early.",
        "Search",
        (
            Key("sampler", SAMPLER, "Who proposes trials; list where only [[trial]] tables are given", example='"tpe"'),
            Key(
                "trials",
                WHOLE,
                "Trials in all, the baseline included; without it the search runs until stopped",
                low=1,
                example="20",
            ),
            Key(
                "seed",
                WHOLE,
                "Seed of the proposals and of every trial; replicates have the next ones",
                low=0,
                high=2**32 - 1,
                example="7",
            ),
            Key("baseline", FLAG, "Run [trainer] as written first, as trial 0", example="false"),
            Key("evaluate_base", FLAG, "Measure the untrained model first, with a trainer that can", example="true"),
            Key(
                "pruner",
                either(PRUNER, table("search.pruner")),
                "When to end a trial that does worse than others: a kind, or a table",
                example='{ kind = "median", startup = 3 }',
            ),
            Key("until", table("search.until"), "When the whole study ends, besides trials", example="{ hours = 8 }"),
            Key(
                "stop",
                list_of(table("search.stop")),
                "Rules that stop one trial",
                example='[{ when = "loss > 5", after = 0.3 }]',
            ),
            Key(
                "outcome",
                list_of(EXPRESSION),
                "Conditions on what a trial measured; one that breaks them is never the best",
                example='["accuracy >= 0.1"]',
            ),
            Key(
                "constraints",
                list_of(EXPRESSION),
                "Conditions on settings that every proposal keeps",
                default=(),
                example='["width * depth <= 512"]',
            ),
            Key(
                "warm_start",
                either(TEXT, list_of(TEXT)),
                "Studies, by name or directory, whose trials inform the search",
                reader=f"{SEARCH}:read_warm_start",
                example='["last-week"]',
            ),
            Key(
                "memory",
                one_of("refuse", "shrink", "off"),
                "What becomes of a proposal that is predicted not to fit into memory: see search.md",
                example='"shrink"',
            ),
            Key("laws", FLAG, "Propose first what a published law says, where one applies", example="false"),
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
            Key("kind", PRUNER, "How trials are judged", example='"median"'),
            Key(
                "warmup",
                share_of("it is a share of a trial's budget, for instance 0.2"),
                "Share of a trial's budget before which it is not pruned; the first rung of asha and hyperband",
                example="0.3",
            ),
            Key("startup", WHOLE, "Finished trials to compare with before any is pruned", low=1, example="3"),
            Key(
                "percentile",
                NUMBER,
                "Percent of trials that go on, between 0 and 100",
                default=25.0,
                low=0,
                reader=f"{SEARCH}:read_percentile",
                only_for=("percentile",),
                example="25",
            ),
            Key(
                "eta",
                NUMBER,
                "Trials that compete for one place: a whole number from 2; with bands any number above 1",
                default=3,
                above=1,
                aliases=("factor",),
                only_for=("asha", "hyperband", "bands"),
                example="3",
            ),
            Key(
                "promote",
                FLAG,
                "Pause trials at the rungs with their state kept, and let the best of each go on from there",
                default=False,
                only_for=("asha", "hyperband"),
                example="true",
            ),
            Key(
                "patience",
                NUMBER,
                "Share of the budget (below 1) or number of reports without improvement",
                default=0.2,
                low=0,
                reader=f"{SEARCH}:read_patience",
                only_for=("patient",),
                example="0.2",
            ),
            Key(
                "min_delta",
                FLOAT,
                "The least change that is an improvement",
                default=0.0,
                low=0,
                only_for=("patient",),
                example="0.01",
            ),
            Key(
                "wraps",
                PRUNER,
                "The kind that must agree",
                default="none",
                only_for=("patient",),
                example='"median"',
            ),
            Key("low", FLOAT, "The objective may not be below", None, only_for=("threshold",), example="0.01"),
            Key("high", FLOAT, "The objective may not be above", None, only_for=("threshold",), example="9.5"),
            Key("on", TEXT, "The objective that decides alone, where there are several", example='"loss"'),
            Key(
                "bands",
                list_of(WHOLE),
                "Numbers of reports at which trials are compared, as W&B counts them",
                default=(),
                reader=f"{SEARCH}:read_bands",
                only_for=("bands",),
                example="[3, 9, 27]",
            ),
            Key(
                "strict",
                FLAG,
                "Judge by the value at the band, not by the best so far",
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
                "Share of a training: values that were measured before it break no rule",
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
            Key("hours", NUMBER, "Hours of activity after which the study ends", low=0, above=0, example="8"),
            Key(
                "no_improvement",
                WHOLE,
                "Complete trials since the best, or since the Pareto set grew",
                low=1,
                above=0,
                example="10",
            ),
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
            Key(
                "set",
                map_of(VALUE),
                "Overrides onto [trainer] for all its trials; trials with other overrides are not comparable",
                example=CHANGES,
            ),
            Key("trials", WHOLE, "Trials of this stage; without it, those of [search]", low=1, example="10"),
            Key(
                "space",
                SPACE,
                "What this stage varies; without it, the study's space",
                example='{ dropout = "0..0.5" }',
            ),
            Key(
                "sampler",
                SAMPLER,
                "Who proposes its trials; without it, that of [search]",
                default="",
                example='"random"',
            ),
            Key(
                "from",
                TEXT,
                "Where it begins: best 1 with a space searches around the best trial, best 3 without one repeats three",
                field="best",
                reader="hptui.studyfile.sections:read_from",
                example='"best 1"',
            ),
            Key("seeds", WHOLE, "Runs of each configuration, each with another seed", low=1, high=100, example="3"),
            Key(
                "pruner",
                either(PRUNER, table("search.pruner")),
                "Its pruner; without it, that of [search]",
                example='"none"',
            ),
            Key("baseline", FLAG, "Run the baseline again under this stage's overrides", example="true"),
        ),
    ),
    Table(
        "trial",
        "[[trial]]",
        "A configuration that runs as given.",
        "ListedTrial",
        (
            Key("set", map_of(VALUE), "What this trial changes", required=True, example=CHANGES),
            Key("name", TEXT, "The trial's name; not a number, not best", example='"wide"'),
            Key("title", TEXT, "A title for tables and reports", example='"A wide network"'),
            Key("note", TEXT, "A note, shown with the trial", example='"more capacity"'),
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
            Key("title", TEXT, "A title for tables and reports", example='"Fits anywhere"'),
            Key("note", TEXT, "A note, shown with the preset", example='"for a small GPU"'),
        ),
    ),
)
"""The tables of the search."""
