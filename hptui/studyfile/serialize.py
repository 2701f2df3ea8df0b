"""Writes a study as JSON, from which an equal one is restored, and describes the differences of two studies.

The JSON has the study file's own keys, complete, in an order that survives sorted keys where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hptui.core.masking import mask
from hptui.core.notify import Notify
from hptui.core.space import Choice, Derived, Parameter, Space
from hptui.core.study import (
    ListedTrial,
    Preset,
    PrunerSettings,
    RayCluster,
    Resources,
    Slurm,
    Ssh,
    Stage,
    Study,
)
from hptui.core.trial import Value
from hptui.core.values import show, to_plain
from hptui.studyfile.schema import TABLES
from hptui.studyfile.space_entries import dump_space
from hptui.studyfile.unknown_keys import with_unknown

TABLES_THAT_KEEP_NONE = ("trainer", "stage", "trial", "preset")
"""Tables with the user's settings, in which None is a value."""


def to_json(study: Study) -> dict[str, Value]:
    """Return all of a study; `from_json` restores an equal study."""
    document = dump_table("", study)
    document["search"] = _with_constraints(dump_table("search", study.search), study.space)
    document |= {"source": study.source, "directory": study.directory}
    pruned = {key: value if key in TABLES_THAT_KEEP_NONE else _without_none(value) for key, value in document.items()}
    plain = {key: to_plain(value, key) for key, value in pruned.items() if value is not None}
    return with_unknown(plain, study.unknown_keys)


def dump_table(name: str, record: Any) -> dict[str, object]:
    """Return the keys of a table and their values in JSON, in the order of `schema.TABLES`.

    `record` is the object of the table's class.
    """
    table = TABLES[name]
    values = {}
    for key, field in table.stored_keys():
        value = getattr(record, field)
        write = WRITERS.get(f"{name}.{key.name}")
        values[key.name] = write(value) if write else None if value is None else key.type.plain(value)
    return values


def dump_stage(stage: Stage) -> dict[str, object]:
    """Return one of `[[stage]]`, without what it inherits from `[search]` and `[space]`."""
    table = {key: value for key, value in dump_table("stage", stage).items() if value is not None}
    return {key: value for key, value in table.items() if key != "sampler" or value}


def dump_pruner(settings: PrunerSettings) -> dict[str, object]:
    """Return the settings of a pruner that its kind has, those that only a plug-in knows at the end."""
    values = {**dump_table("search.pruner", settings), **settings.values}
    if not values.get("promote"):
        values.pop("promote", None)  # older versions do not know it
    known = {key.name: values.pop(key.name) for key in TABLES["search.pruner"].keys if key.name in values}
    return {**known, **values}


def _dump_all(name: str) -> Callable[[Iterable[Any]], list[dict[str, object]]]:
    return lambda records: [dump_table(name, record) for record in records]


def _dump_resources(resources: Resources) -> dict[str, object]:
    """Return `[resources]`; keys that older versions do not know stand there only if they are set."""
    usual = {name: getattr(Resources(), name) for name in ("executor", "share", "give_up", "pack", "isolate")}
    document = dump_table("resources", resources)
    return {key: value for key, value in document.items() if key not in usual or value != usual[key]}


def _with_constraints(search: dict[str, object], space: Space) -> dict[str, object]:
    """Return `[search]` with the constraints of the space, before the last keys."""
    last = {key: search.pop(key) for key in ("warm_start", "laws", "memory", "sampler_settings")}
    for key, usual in (("laws", True), ("memory", "refuse")):
        if last[key] == usual:
            del last[key]  # older versions do not know it
    return {**search, "constraints": [condition.text for condition in space.constraints], **last}


WRITERS: Mapping[str, Callable[[Any], object]] = {
    ".objective": _dump_all("objective"),
    ".trainer": lambda trainer: {"kind": trainer.kind, **trainer.settings},
    ".space": dump_space,
    ".search": lambda search: search,
    ".stage": lambda stages: [dump_stage(stage) for stage in stages],
    ".trial": _dump_all("trial"),
    ".preset": _dump_all("preset"),
    ".resources": _dump_resources,
    ".metrics": lambda metrics: {name: dump_table("metrics", metric) for name, metric in metrics.items()},
    ".report": lambda report: dump_table("report", report),
    ".notes": lambda notes: {**notes.settings, "rationale": notes.rationale, "future": notes.future},
    ".reference": lambda reference: None if reference is None else dump_table("reference", reference),
    ".notify": lambda notify: dump_table("notify", notify) if notify != Notify() else None,
    ".ssh": lambda ssh: dump_table("ssh", ssh) if ssh != Ssh() else None,
    ".slurm": lambda slurm: _without_none(dump_table("slurm", slurm)) if slurm != Slurm() else None,
    ".ray": lambda ray: dump_table("ray", ray) if ray != RayCluster() else None,
    "ray.resources": lambda resources: dict(resources),
    "ssh.hosts": lambda hosts: [_without_none(dump_table("ssh.host", host)) for host in hosts],
    "ssh.host.gpus": lambda gpus: gpus,
    "search.pruner": dump_pruner,
    "search.until": lambda until: dump_table("search.until", until),
    "search.stop": _dump_all("search.stop"),
    "search.sampler_settings": lambda settings: dict(settings) or None,
    "stage.space": lambda space: None if space is None else dump_space(space),
    "stage.sampler": lambda sampler: sampler or None,
    "stage.from": lambda best: best and f"best {best}",
    "stage.pruner": lambda spec: dump_pruner(spec) if spec else None,
    "resources.gpus": lambda gpus: gpus,
    "resources.pack": lambda pack: pack,
    "report.columns": lambda columns: [{"name": name, "heading": heading} for name, heading in columns.items()],
}
"""Functions that write what the type of a key alone does not, by table and key."""


def _without_none(value: object) -> object:
    """Return the value without None: TOML cannot express it, and the reader fills in defaults."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


SEPARATELY_COMPARED_KEYS = ("space", "stage", "trial", "preset", "source", "directory")
"""Keys that are compared by functions of their own, or not at all."""


def describe_changes(old: Study, new: Study) -> list[str]:
    """Return one sentence for each difference, such as `learning_rate: 1e-5..1e-4 log → 1e-5..5e-4 log`.

    The list is empty if the studies are the same.
    """
    before, after = to_json(old), to_json(new)
    for document in (before, after):
        search = document["search"]
        assert isinstance(search, dict)
        for key in ("constraints", "stop", "outcome"):
            del search[key]
    return [
        *_space_changes(old.space, new.space),
        *_list_changes("stop rule", map(str, old.search.stop), map(str, new.search.stop)),
        *_list_changes("outcome", map(str, old.search.outcome), map(str, new.search.outcome)),
        *_table_changes(before, after),
        *_stage_changes(old, new),
        *_trial_changes("trial", old.trials, new.trials),
        *_trial_changes("preset", old.presets, new.presets),
    ]


def _space_changes(old: Space, new: Space) -> Iterator[str]:
    before, after = ({item.name: item for item in (*space.parameters, *space.derived)} for space in (old, new))
    yield from _named_changes(
        {name: _describe_entry(item) for name, item in before.items()},
        {n: _describe_entry(item) for n, item in after.items()},
    )
    for name in before:
        if name in after and before[name].note != after[name].note:
            yield f"{name}: note {show(before[name].note)} → {show(after[name].note)}"
    if list(before) != list(after) and before.keys() == after.keys():
        yield "[space]: the order of the parameters changed"
    yield from _list_changes("constraint", map(str, old.constraints), map(str, new.constraints))


def _list_changes(noun: str, old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    """Yield what was removed from a list of conditions, and what was added; order has no meaning."""
    before, after = list(old), list(new)
    yield from (f"{noun} removed: {text}" for text in before if text not in after)
    yield from (f"{noun} added: {text}" for text in after if text not in before)


def _describe_entry(item: Parameter | Derived) -> str:
    if isinstance(item, Derived):
        return item.describe()
    order = item.ordered if isinstance(item, Choice) else None
    ordered = "" if order is None else " ordered" if order else " unordered"
    return item.describe() + ordered + (f" when {item.when.text}" if item.when else "")


def _named_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield what was added, removed and changed among named things."""
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{name} removed (was {_shown(name, before)})"
        elif name not in before:
            yield f"{name} added: {_shown(name, after)}"
        elif before[name] != after[name]:
            yield f"{name}: {_shown(name, before)} → {_shown(name, after)}"


def _shown(location: str, texts: Mapping[str, str]) -> str:
    return str(mask(texts[location], location.rpartition(".")[2]))


def _table_changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[str]:
    """Yield changes of every other key, by dotted location, table by table."""
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in SEPARATELY_COMPARED_KEYS:
            values = (dict(_flatten(key, document[key])) if key in document else {} for document in (before, after))
            yield from _named_changes(
                *(
                    {location: show(value) for location, value in values_by_location.items()}
                    for values_by_location in values
                )
            )


def _flatten(location: str, value: Value) -> Iterator[tuple[str, Value]]:
    if location == "objective" and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        yield location, value
        return
    for key, item in value.items():
        yield from _flatten(f"{location}.{key}", item)


def _stage_changes(old: Study, new: Study) -> Iterator[str]:
    """Yield the changes of each stage, of the set of stages, and of their order."""
    before, after = ({stage.name: stage for stage in study.stages} for study in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"stage {name} removed"
        elif name not in before:
            yield f"stage {name} added"
        else:
            lines = [*_space_changes(before[name].space or Space(), after[name].space or Space())]
            old_keys, new_keys = (dump_stage(replace(stage, space=None)) for stage in (before[name], after[name]))
            lines += _named_changes(
                *({location: show(value) for location, value in _flatten_stage(keys)} for keys in (old_keys, new_keys))
            )
            yield from (f"stage {name}: {text}" for text in lines)
    if list(before) != list(after) and before.keys() == after.keys():
        yield "the order of the stages changed"


def _flatten_stage(keys: Mapping[str, object]) -> list[tuple[str, Value]]:
    """Return the keys of a stage by dotted location."""
    return [pair for key, value in keys.items() for pair in _flatten(key, to_plain(value, key))]


def _trial_changes(
    noun: str, old: Sequence[ListedTrial | Preset], new: Sequence[ListedTrial | Preset]
) -> Iterator[str]:
    before, after = (
        {entry.name or f"[{index}]": entry for index, entry in enumerate(entries)} for entries in (old, new)
    )
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{noun} {name} removed"
        elif name not in before:
            yield f"{noun} {name} added: {show(dict(after[name].set))}"
        elif before[name] != after[name]:
            yield f"{noun} {name}: {show(dict(before[name].set))} → {show(dict(after[name].set))}"
