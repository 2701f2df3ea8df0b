"""`[[stage]]`: coarse to fine, one part of the search after the other."""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.model.errors import StudyError
from hptui.model.study import Stage
from hptui.model.trial import Value
from hptui.storage.studyfile.entries import entries_of, read_space
from hptui.storage.studyfile.samplers import SAMPLERS
from hptui.storage.studyfile.schema import Settings
from hptui.storage.studyfile.search import known_word, read_pruner
from hptui.storage.studyfile.sections import name_of
from hptui.storage.studyfile.table import Table
from hptui.storage.studyfile.values import show

FROM = re.compile(r"best(?: +([1-9][0-9]{0,3}))?")


def read_stages(values: list[Value], settings: Settings | None, known: Collection[str] | None) -> tuple[Stage, ...]:
    """`[[stage]]`, in order. `settings` and `known` are as `read_space` has them."""
    found: list[Stage] = []
    for index, value in enumerate(values):
        stage = _stage(Table.of(value, "stage", f"stage[{index}]"), settings, known)
        where = f"stage[{index}].name"
        if stage.name in [other.name for other in found]:
            raise StudyError(f"two stages are named {stage.name!r}", where=where, value=stage.name)
        if stage.best is not None and not found:
            what = "the first stage has none before it to take the best trial from"
            raise StudyError(what, where=f"stage[{index}].from", value=f"best {stage.best}")
        found.append(stage)
    return tuple(found)


def _stage(table: Table, settings: Settings | None, known: Collection[str] | None) -> Stage:
    name = table.need("name", "what this stage is called")
    name_of(name, table.at("name"), "stage")
    space = None
    if table.has("space"):
        entries = entries_of(table.data["space"], table.at("space"))
        names = None if known is None else {*known, *entries}
        space = read_space(entries, (), settings, names, table.at("space"))
    stage = Stage(
        name=name,
        set=table.table("set"),
        trials=table.whole("trials", None, 1),
        space=space,
        sampler=known_word(table, "sampler", "", SAMPLERS) if table.has("sampler") else "",
        best=_best(table),
        seeds=table.whole("seeds", 1, 1, 100),
        pruner=read_pruner(table) if table.has("pruner") else None,
        baseline=table.flag("baseline", False),
    )
    _fits_together(stage, table)
    return stage


def _best(table: Table) -> int | None:
    """The N of `from = "best N"`."""
    if not table.has("from"):
        return None
    source = table.text("from")
    found = FROM.fullmatch(source.strip())
    if found is None:
        hint = 'from = "best 1" takes the best trial before this stage, "best 3" the best three'
        raise StudyError(f"cannot be {show(source)}", where=table.at("from"), value=source, hint=hint)
    return int(found[1] or 1)


def _fits_together(stage: Stage, table: Table) -> None:
    """What a stage that only runs known configurations again cannot say, and what one that searches cannot."""
    if stage.space is not None and not stage.space.parameters:
        raise StudyError("is empty", where=table.at("space"), hint="leave it out, or give it parameters")
    if stage.sampler == "list":
        hint = '[[trial]] tables run in the first stage; from = "best 3" runs known configurations again'
        raise StudyError("a stage has no list of its own", where=table.at("sampler"), value="list", hint=hint)
    if stage.searches and stage.best is not None and stage.best > 1:
        hint = f'from = "best 1", or no space to run the best {stage.best} again'
        what = f"only one trial can fix what this stage does not search, got the best {stage.best}"
        raise StudyError(what, where=table.at("from"), value=f"best {stage.best}", hint=hint)
    if not stage.searches:
        for key in ("trials", "sampler", "pruner"):
            if table.has(key):
                what = f"does not go with from and no space: the best {stage.best} run again, and nothing is searched"
                raise StudyError(what, where=table.at(key), value=table.data[key])
