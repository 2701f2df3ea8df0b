"""Keys of the top of a study file, `[objective]`, `[resources]`, `[metrics]`, `[report]` and `[reference]`."""

from __future__ import annotations

from hptui.core.keys import (
    COMMAND,
    DURATION,
    FLAG,
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
from hptui.studyfile.search_tables import EXECUTOR, NAME, SPACE

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
        Key(
            "about",
            TEXT,
            "The question that the study answers; quoted in lists and reports",
            example='"a model for every night"',
        ),
        Key(
            "objective",
            either(table("objective"), list_of(table("objective"))),
            "What to make small or large: [objective], or several [[objective]]",
            field="objectives",
            required=True,
            example='{ metric = "loss" }',
        ),
        Key(
            "trainer",
            table("trainer"),
            "What one trial runs: its kind and its settings",
            required=True,
            example='{ kind = "toy" }',
        ),
        Key("space", SPACE, "What to vary, by the names of settings", example='{ dropout = "0..0.5" }'),
        Key(
            "search",
            table("search"),
            "Who proposes trials, what ends them early, when the study ends",
            example="{ trials = 5 }",
        ),
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
            "Configurations that run when they are asked for",
            field="presets",
            example='[{ name = "small", set = { width = 8 } }]',
        ),
        Key(
            "resources",
            table("resources"),
            "GPUs, parallel trials, time limits, checkpoints",
            example="{ parallel = 2 }",
        ),
        Key(
            "metrics",
            map_of(table("metrics")),
            "How a metric is judged and shown, by its name",
            example='{ loss = { unit = "nats" } }',
        ),
        Key(
            "report",
            table("report"),
            "The report, and files to write when the study rests",
            example='{ figures = "svg" }',
        ),
        Key(
            "notes",
            table("notes"),
            "Your own words: a text per setting, rationale, and the list future",
            example='{ rationale = "a first try" }',
        ),
        Key(
            "reference",
            table("reference"),
            "A value measured elsewhere, to compare with",
            example='{ metric = "loss", value = 0.9 }',
        ),
        Key("ssh", table("ssh"), "Machines on which trials run by ssh", example='{ hosts = ["box1"] }'),
        Key("slurm", table("slurm"), "Jobs of a Slurm cluster in which trials run", example='{ dir = "/scratch/me" }'),
        Key("ray", table("ray"), "Ray cluster on which trials run", example='{ address = "auto" }'),
        Key("notify", table("notify"), "Who is notified of what happens, and how", example='{ on = ["done"] }'),
        Key(
            "trial_name",
            TEXT,
            "Template of trial names, with settings and number in braces",
            example='"lr{learning_rate:.0e}"',
        ),
        Key(
            "on_end",
            COMMAND,
            "A command, as a list of words, to run when the study rests",
            example='["notify-send", "{study} is {state}"]',
        ),
        Key(
            "columns",
            COLUMNS,
            "The same as columns in [report]",
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
        Key("select", one_of("best", "last"), "Which of a trial's points stands for it", example='"last"'),
        Key(
            "samples",
            WHOLE,
            "Examples behind a rate where the trainer reports no counts; not of imported trials, or other test sizes",
            low=1,
            example="200",
        ),
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
            "GPUs to use: all, a number of them, or their indices",
            low=0,
            reader=f"{SECTIONS}:read_gpus",
            example="[0, 1]",
        ),
        Key("trials_per_gpu", WHOLE, "Trials that share one GPU", low=1, example="2"),
        Key("gpus_per_trial", WHOLE, "GPUs of one trial", low=1, example="1"),
        Key("parallel", WHOLE, "Trials at once where there is no GPU", low=1, example="2"),
        Key(
            "timeout",
            DURATION,
            "Activity of one trial, over all attempts, after which it fails with the reason timeout",
            above=0,
            example='"30m"',
        ),
        Key(
            "hang_after",
            DURATION,
            "Silence of a trial, in seconds of activity, after which it counts as hung",
            above=0,
            example='"10m"',
        ),
        Key("on_hang", one_of("warn", "stop"), "Whether a hung trial is only warned of, or stopped", example='"stop"'),
        Key(
            "lost_retries",
            WHOLE,
            "Times that the machine may lose one trial in a row before it fails",
            low=0,
            example="3",
        ),
        Key(
            "min_free_gb",
            NUMBER,
            "Space that must be free on the disk before a trial starts",
            unit="GiB",
            low=0,
            example="5",
        ),
        Key("keep_checkpoints", WHOLE, "Checkpoints to keep of each trial", low=1, example="2"),
        Key(
            "checkpoints",
            PATH,
            "Directory for checkpoints, relative to this file; empty: in the study's directory",
            example='"/scratch/ckpt"',
        ),
        Key(
            "pause_grace", DURATION, "Time to save a checkpoint at a pause before the process is killed", example='"2m"'
        ),
        Key("stop_grace", DURATION, "Time to end by itself at a stop before the process is killed", example="15"),
        Key("executor", EXECUTOR, "Where attempts run", reader=f"{SECTIONS}:read_executor", example='"local"'),
        Key(
            "give_up",
            either(one_of("never"), DURATION),
            "Time that a trial on another machine may be unreachable before it runs elsewhere; or never",
            reader="hptui.studyfile.ssh:read_give_up",
            example='"30m"',
        ),
        Key("share", FLAG, "Whether trials also start on GPUs that processes of others use", example="true"),
        Key(
            "pack",
            either(one_of("auto"), WHOLE),
            "Trials that share a process, its base model and its passes: as measured, one, or at most so many",
            low=1,
            high=64,
            reader="hptui.studyfile.pack:read_pack",
            example='"auto"',
        ),
        Key("isolate", FLAG, "Whether each trial has a process of its own, whatever pack says", example="true"),
    ),
)

METRICS = Table(
    "metrics",
    "[metrics.NAME]",
    "How a metric is judged and shown.",
    "MetricSpec",
    (
        Key("goal", one_of(*GOALS), "Whether small or large values are good", example='"minimize"'),
        Key("unit", TEXT, "Unit, shown after the value", example='"nats"'),
        Key("heading", TEXT, "Heading of its column; empty: its name", example='"Validation loss"'),
        Key(
            "format",
            TEXT,
            "Format of values: .4f and the like, percent, scientific, duration, minutes, hours, memory, integer",
            reader=f"{SECTIONS}:read_format",
            example='".4f"',
        ),
        Key("split", TEXT, "The data that it is measured on", example='"validation"'),
        Key("bands", map_of(FLOAT), "Words for its values, each up to a bound", example="{ good = 1, bad = 3 }"),
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
            "Columns of tables: names, or names with headings; empty: what varies",
            reader=f"{SECTIONS}:read_columns",
            example='["learning_rate", { loss = "Loss" }]',
        ),
        Key(
            "write",
            PATH,
            "Directory to write results into when the study rests, relative to this file",
            example='"results"',
        ),
        Key(
            "style",
            one_of("results", "hyperparameters"),
            "Of the whole study, or of its best trial",
            example='"results"',
        ),
        Key("figures", one_of("png", "svg", "none"), "Format of the figures", example='"svg"'),
        Key(
            "files",
            list_of(TEXT),
            "Further result files: names, or the sets hptui, optuna-study-results, ax-results",
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
        Key("split", TEXT, "The data that it was measured on", example='"validation"'),
        Key("epochs", NUMBER, "Length of that training in epochs", low=0, example="3"),
        Key("steps", WHOLE, "Length of that training in steps", low=1, example="1000"),
        Key("source", TEXT, "Where the value comes from", example='"the model card"'),
        Key(
            "targets",
            list_of(NUMBER),
            "Shares by which to be better: 0.05 for five per cent",
            reader=f"{SECTIONS}:read_targets",
            example="[0.05, 0.2]",
        ),
    ),
)
