"""Every key that a study file may hold, table by table: reading, writing, JSON Schema and documents derive from it.

`[trainer]`, `[space]`, `[metrics]`, `[notes]` and `set` hold names of the user's own; "space" and "metrics" here are
the keys of one entry."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from hptui.core.errors import Problems, StudyError, did_you_mean, nearest
from hptui.core.key_types import join_location as join_location
from hptui.core.keys import (
    COMMAND,
    DURATION,
    FLOAT,
    NONEMPTY,
    NUMBER,
    PATH,
    TEXT,
    WHOLE,
    Key,
    Table,
    either,
    list_of,
    map_of,
    one_of,
    table,
)
from hptui.studyfile.search_tables import EXECUTOR, NAME, SEARCH_TABLES, SPACE, SPACE_TABLE

if TYPE_CHECKING:
    from hptui.core.trial import Value

SECTIONS = "hptui.studyfile.sections"
"""Module of the functions that read what a type cannot say."""
GOALS = ("minimize", "maximize")
"""Allowed goals of a metric."""
COLUMNS = either(list_of(either(TEXT, map_of(TEXT))), map_of(TEXT))
"""Columns: names, or names with headings."""

ROOT = Table(
    "",
    "top of the file",
    "What stands before the first [table], and the tables themselves.",
    "Study",
    (
        Key("name", NAME, "The study's name, which its directory gets", required=True, example='"first-model"'),
        Key("about", TEXT, "What the study is for; shown in lists and reports", example='"a model for every night"'),
        Key(
            "objective",
            either(table("objective"), list_of(table("objective"))),
            "What is made small or large; several [[objective]] make a Pareto set",
            field="objectives",
            required=True,
            example='{ metric = "loss" }',
        ),
        Key(
            "trainer",
            table("trainer"),
            "What runs: a kind, and its settings, which are the baseline",
            required=True,
            example='{ kind = "toy" }',
        ),
        Key("space", SPACE, "The parameters that are searched", example='{ dropout = "0..0.5" }'),
        Key("search", table("search"), "Who proposes trials, how many, what ends them", example="{ trials = 5 }"),
        Key(
            "stage",
            list_of(table("stage")),
            "Parts of the search, one after the other",
            field="stages",
            example='[{ name = "rate", trials = 5 }]',
        ),
        Key(
            "trial",
            list_of(table("trial")),
            "Configurations that run as given",
            field="trials",
            example="[{ set = { width = 128 } }]",
        ),
        Key(
            "preset",
            list_of(table("preset")),
            "Named configurations that run only when a person queues them",
            field="presets",
            example='[{ name = "small", set = { width = 8 } }]',
        ),
        Key("resources", table("resources"), "GPUs, trials at once, limits, checkpoints", example="{ parallel = 2 }"),
        Key(
            "metrics",
            map_of(table("metrics")),
            "How metrics are judged and shown, by their names",
            example='{ loss = { unit = "nats" } }',
        ),
        Key("report", table("report"), "What the report holds, and where it goes", example='{ figures = "svg" }'),
        Key("notes", table("notes"), "The author's words", example='{ rationale = "a first try" }'),
        Key(
            "reference",
            table("reference"),
            "A value measured elsewhere, to compare with",
            example='{ metric = "loss", value = 0.9 }',
        ),
        Key(
            "trial_name",
            TEXT,
            "Pattern of the names of trials, with settings in braces",
            example='"lr{learning_rate:.0e}"',
        ),
        Key(
            "on_end",
            COMMAND,
            "A command, as a list of words, that runs when the study comes to rest",
            example='["notify-send", "{study} is {state}"]',
        ),
        Key(
            "columns",
            COLUMNS,
            "Columns of tables; may stand here or in [report]",
            default=None,
            reader=f"{SECTIONS}:read_columns",
            example='["learning_rate", "loss"]',
        ),
    ),
)
"""The top of a study file."""

OBJECTIVE = Table(
    "objective",
    "[objective]",
    "What is made small or large. Several are written [[objective]].",
    "Objective",
    (
        Key("metric", NONEMPTY, "The name of the metric that the trainer reports", required=True, example='"loss"'),
        Key("goal", one_of(*GOALS), "Whether small or large values are good", example='"minimize"'),
        Key("select", one_of("best", "last"), "Which value of a trial's curve counts", example='"last"'),
        Key("samples", WHOLE, "Examples that a value is measured on, for its interval", low=1, example="200"),
    ),
)

RESOURCES = Table(
    "resources",
    "[resources]",
    "GPUs, trials at once, time limits, checkpoints.",
    "Resources",
    (
        Key(
            "gpus",
            either(one_of("all"), WHOLE, list_of(WHOLE)),
            'The GPUs to use: "all", a number of them, or a list of indices',
            low=0,
            reader=f"{SECTIONS}:read_gpus",
            example="[0, 1]",
        ),
        Key("trials_per_gpu", WHOLE, "Trials at once on each GPU", low=1, example="2"),
        Key("gpus_per_trial", WHOLE, "GPUs that each trial gets", low=1, example="1"),
        Key("parallel", WHOLE, "Trials at once where there is no GPU", low=1, example="2"),
        Key("timeout", DURATION, "Time after which a trial is ended", above=0, example='"30m"'),
        Key(
            "hang_after",
            DURATION,
            "Silence of a trial, in seconds of activity, after which it counts as hung",
            above=0,
            example='"10m"',
        ),
        Key("on_hang", one_of("warn", "stop"), "What is done about a trial that hangs", example='"stop"'),
        Key("lost_retries", WHOLE, "How often in a row the machine may lose a trial", low=0, example="3"),
        Key("min_free_gb", NUMBER, "Free disk space below which no trial starts", unit="GiB", low=0, example="5"),
        Key("keep_checkpoints", WHOLE, "Checkpoints that are kept of each trial", low=1, example="2"),
        Key("checkpoints", PATH, "Directory of checkpoints; without it, in the study's own", example='"/scratch/ckpt"'),
        Key("pause_grace", DURATION, "Time to save a checkpoint before a pause ends the trial", example='"2m"'),
        Key("stop_grace", DURATION, "Time to end by itself before a trial is killed", example="15"),
        Key("executor", EXECUTOR, "Where attempts run", reader=f"{SECTIONS}:read_executor", example='"local"'),
    ),
)

METRICS = Table(
    "metrics",
    "[metrics.NAME]",
    "How a metric is judged and shown.",
    "MetricSpec",
    (
        Key("goal", one_of(*GOALS), "Whether small or large values are good", example='"minimize"'),
        Key("unit", TEXT, "Unit that is shown with values", example='"nats"'),
        Key("heading", TEXT, "Heading of its column", example='"Validation loss"'),
        Key(
            "format",
            TEXT,
            "How values are written: a name such as percent, or a format specification",
            reader=f"{SECTIONS}:read_format",
            example='".4f"',
        ),
        Key("split", TEXT, "Split of the data on which it is measured", example='"validation"'),
        Key("bands", map_of(FLOAT), "Words for ranges of values, each with its bound", example="{ good = 1, bad = 3 }"),
    ),
)

REPORT = Table(
    "report",
    "[report]",
    "What the report holds, and where it is written.",
    "ReportSpec",
    (
        Key("title", TEXT, "Title of the report", example='"A small model"'),
        Key(
            "columns",
            COLUMNS,
            "Columns of tables: names, or { name = heading }",
            reader=f"{SECTIONS}:read_columns",
            example='["learning_rate", { loss = "Loss" }]',
        ),
        Key("write", PATH, "File that gets the report when the study comes to rest", example='"report.md"'),
        Key("style", one_of("results", "hyperparameters"), "What the report is about", example='"results"'),
        Key("figures", one_of("png", "svg", "none"), "Format of the figures", example='"svg"'),
        Key(
            "files",
            list_of(TEXT),
            "Files of results that are written next to the report, by name or name of a set",
            reader=f"{SECTIONS}:read_file_names",
            example='["hptui"]',
        ),
    ),
)

REFERENCE = Table(
    "reference",
    "[reference]",
    "A value measured elsewhere. It is compared only where metric, split and length of training agree.",
    "Reference",
    (
        Key("metric", NONEMPTY, "Which metric the value is of", required=True, example='"loss"'),
        Key("value", FLOAT, "What was measured elsewhere", required=True, example="0.9"),
        Key("split", TEXT, "Split of the data on which it was measured", example='"validation"'),
        Key("epochs", NUMBER, "Length of that training in epochs", low=0, example="3"),
        Key("steps", WHOLE, "Length of that training in steps", low=1, example="1000"),
        Key("source", TEXT, "Where the value is from", example='"the model card"'),
        Key(
            "targets",
            list_of(NUMBER),
            "Shares by which a trial should be better, 0.05 for five per cent",
            reader=f"{SECTIONS}:read_targets",
            example="[0.05, 0.2]",
        ),
    ),
)

TABLES: dict[str, Table] = {
    entry.name: entry for entry in (ROOT, OBJECTIVE, *SEARCH_TABLES, RESOURCES, METRICS, REPORT, REFERENCE, SPACE_TABLE)
}
"""Tables by dotted name; '' is the top of the file. An unknown key is looked for in them in this order."""

TRAINER_KIND = Key("kind", NONEMPTY, "Which trainer to run", required=True, example='"toy"')
"""The key of `[trainer]` that is no setting of a trainer."""
NOTES_KEYS = (
    Key("rationale", TEXT, "Why the study is as it is", example='"We train one of these every night."'),
    Key("future", list_of(TEXT), "What could be tried next", example='["a longer context"]'),
)
"""Keys of `[notes]` that are no notes on a setting."""


def validate_keys(keys: Collection[str], table_name: str, where: str) -> None:
    """Raise for keys that a table does not have."""
    problems, names = Problems(), TABLES[table_name].names
    problems.errors += [unknown_key_error(key, table_name, where) for key in keys if key not in names]
    problems.raise_all()


def unknown_key_error(key: str, table_name: str, where: str) -> StudyError:
    """Return the error for an unknown key.

    Its hint is the nearest spelling, else the table to which the key belongs, else the allowed keys.
    """
    names = TABLES[table_name].names
    tables = [name for name in TABLES if key in TABLES[name].names and name not in (table_name, "space", "metrics")]
    hint = did_you_mean(key, names)
    if tables and not nearest(key, names):
        hint = (
            f"it belongs in [{tables[0]}]"
            if tables[0]
            else "it belongs at the top of the file, before the first [table]"
        )
    return StudyError(f"unknown key {key!r}", where=join_location(where, key), value=key, hint=hint)


def missing_key_error(key: str, where: str, why: str = "", value: Value = None) -> StudyError:
    """Return the error for a required key that is missing."""
    return StudyError(f"missing{f': {why}' if why else ''}", where=join_location(where, key), value=value)
