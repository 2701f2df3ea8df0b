"""Reads `[[stage]]`: coarse to fine, one part of the search after the other."""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.model.errors import StudyError
from hptui.model.study import Stage
from hptui.model.trial import Value
from hptui.storage.studyfile.entries import entries_by_name, read_space
from hptui.storage.studyfile.samplers import SAMPLERS
from hptui.storage.studyfile.schema import Settings
from hptui.storage.studyfile.search import read_choice, read_pruner
from hptui.storage.studyfile.sections import validate_name
from hptui.storage.studyfile.table import TableReader
from hptui.storage.studyfile.values import show

FROM_PATTERN = re.compile(r"best(?: +([1-9][0-9]{0,3}))?")
"""Pattern of `from = "best N"`."""


def read_stages(
    values: list[Value], settings: Settings | None, allowed_names: Collection[str] | None
) -> tuple[Stage, ...]:
    """Return the stages, in order. `settings` and `allowed_names` are as in `read_space`."""
    stages: list[Stage] = []
    for index, value in enumerate(values):
        stage = _read_stage(TableReader.of(value, "stage", f"stage[{index}]"), settings, allowed_names)
        where = f"stage[{index}].name"
        if stage.name in [other.name for other in stages]:
            raise StudyError(f"two stages are named {stage.name!r}", where=where, value=stage.name)
        if stage.best is not None and not stages:
            message = "the first stage has none before it to take the best trial from"
            raise StudyError(message, where=f"stage[{index}].from", value=f"best {stage.best}")
        stages.append(stage)
    return tuple(stages)


def _read_stage(table: TableReader, settings: Settings | None, allowed_names: Collection[str] | None) -> Stage:
    name = table.required_text("name", "what this stage is called")
    validate_name(name, table.location("name"), "stage")
    space = None
    if table.has("space"):
        entries = entries_by_name(table.data["space"], table.location("space"))
        names = None if allowed_names is None else {*allowed_names, *entries}
        space = read_space(entries, (), settings, names, table.location("space"))
    stage = Stage(
        name=name,
        set=table.table("set"),
        trials=table.integer("trials", None, 1),
        space=space,
        sampler=read_choice(table, "sampler", "", SAMPLERS) if table.has("sampler") else "",
        best=_read_from(table),
        seeds=table.integer("seeds", 1, 1, 100),
        pruner=read_pruner(table) if table.has("pruner") else None,
        baseline=table.flag("baseline", False),
    )
    _check_stage(stage, table)
    return stage


def _read_from(table: TableReader) -> int | None:
    """Return the N of `from = "best N"`; None if there is no `from`."""
    if not table.has("from"):
        return None
    source = table.text("from")
    match = FROM_PATTERN.fullmatch(source.strip())
    if match is None:
        hint = 'from = "best 1" takes the best trial before this stage, "best 3" the best three'
        raise StudyError(f"cannot be {show(source)}", where=table.location("from"), value=source, hint=hint)
    return int(match[1] or 1)


def _check_stage(stage: Stage, table: TableReader) -> None:
    """Raise for keys that a stage cannot have because it searches, or because it only repeats trials."""
    if stage.space is not None and not stage.space.parameters:
        raise StudyError("is empty", where=table.location("space"), hint="leave it out, or give it parameters")
    if stage.sampler == "list":
        hint = '[[trial]] tables run in the first stage; from = "best 3" runs known configurations again'
        raise StudyError("a stage has no list of its own", where=table.location("sampler"), value="list", hint=hint)
    if stage.searches and stage.best is not None and stage.best > 1:
        hint = f'from = "best 1", or no space to run the best {stage.best} again'
        message = f"only one trial can fix what this stage does not search, got the best {stage.best}"
        raise StudyError(message, where=table.location("from"), value=f"best {stage.best}", hint=hint)
    if not stage.searches:
        for key in ("trials", "sampler", "pruner"):
            if table.has(key):
                message = (
                    f"does not go with from and no space: the best {stage.best} run again, and nothing is searched"
                )
                raise StudyError(message, where=table.location(key), value=table.data[key])
