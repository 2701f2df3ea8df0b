"""What differs between two studies, in sentences for a person who is about to confirm it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hptui.model.space import Choice, Derived, Parameter, Space
from hptui.model.study import ListedTrial, Preset, Study
from hptui.model.trial import Value
from hptui.storage.studyfile.dump import dump_stage, to_json
from hptui.storage.studyfile.values import plain, show

SILENT = ("space", "stage", "trial", "preset", "source", "directory")


def changes(old: Study, new: Study) -> list[str]:
    """One sentence for each difference: `learning_rate: 1e-5..1e-4 log → 1e-5..5e-4 log`. None: the same study."""
    before, after = to_json(old), to_json(new)
    for document in (before, after):
        search = document["search"]
        assert isinstance(search, dict)
        for key in ("constraints", "stop", "outcome"):
            del search[key]
    return [
        *_space(old.space, new.space),
        *_listed("stop rule", map(str, old.search.stop), map(str, new.search.stop)),
        *_listed("outcome", map(str, old.search.outcome), map(str, new.search.outcome)),
        *_tables(before, after),
        *_stages(old, new),
        *_trials("trial", old.trials, new.trials),
        *_trials("preset", old.presets, new.presets),
    ]


def _space(old: Space, new: Space) -> Iterator[str]:
    before, after = ({item.name: item for item in (*space.parameters, *space.derived)} for space in (old, new))
    yield from _named(
        {name: _line(item) for name, item in before.items()}, {n: _line(item) for n, item in after.items()}
    )
    for name in before:
        if name in after and before[name].note != after[name].note:
            yield f"{name}: note {show(before[name].note)} → {show(after[name].note)}"
    if list(before) != list(after) and before.keys() == after.keys():
        yield "[space]: the order of the parameters changed"
    yield from _listed("constraint", map(str, old.constraints), map(str, new.constraints))


def _listed(what: str, old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    """What was taken out of a list of conditions, and what came into it; their order means nothing."""
    before, after = list(old), list(new)
    yield from (f"{what} removed: {text}" for text in before if text not in after)
    yield from (f"{what} added: {text}" for text in after if text not in before)


def _line(item: Parameter | Derived) -> str:
    if isinstance(item, Derived):
        return item.describe()
    order = item.ordered if isinstance(item, Choice) else None
    ordered = "" if order is None else " ordered" if order else " unordered"
    return item.describe() + ordered + (f" when {item.when.text}" if item.when else "")


def _named(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """What was added, removed and changed among named things."""
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{name} removed (was {before[name]})"
        elif name not in before:
            yield f"{name} added: {after[name]}"
        elif before[name] != after[name]:
            yield f"{name}: {before[name]} → {after[name]}"


def _tables(before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[str]:
    """Every other key, by its dotted place, table by table."""
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in SILENT:
            values = (dict(_flat(key, document[key])) if key in document else {} for document in (before, after))
            yield from _named(*({place: show(value) for place, value in found.items()} for found in values))


def _flat(place: str, value: Value) -> Iterator[tuple[str, Value]]:
    if place == "objective" and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        yield place, value
        return
    for key, item in value.items():
        yield from _flat(f"{place}.{key}", item)


def _stages(old: Study, new: Study) -> Iterator[str]:
    """What differs in each stage; which there are, and in what order."""
    before, after = ({stage.name: stage for stage in study.stages} for study in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"stage {name} removed"
        elif name not in before:
            yield f"stage {name} added"
        else:
            said = [*_space(before[name].space or Space(), after[name].space or Space())]
            one, other = (dump_stage(replace(stage, space=None)) for stage in (before[name], after[name]))
            said += _named(*({place: show(value) for place, value in _places(found)} for found in (one, other)))
            yield from (f"stage {name}: {text}" for text in said)
    if list(before) != list(after) and before.keys() == after.keys():
        yield "the order of the stages changed"


def _places(found: Mapping[str, object]) -> list[tuple[str, Value]]:
    """The keys of a stage by their dotted places."""
    return [pair for key, value in found.items() for pair in _flat(key, plain(value, key))]


def _trials(what: str, old: Sequence[ListedTrial | Preset], new: Sequence[ListedTrial | Preset]) -> Iterator[str]:
    before, after = ({one.name or f"[{index}]": one for index, one in enumerate(found)} for found in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{what} {name} removed"
        elif name not in before:
            yield f"{what} {name} added: {show(dict(after[name].set))}"
        elif before[name] != after[name]:
            yield f"{what} {name}: {show(dict(before[name].set))} → {show(dict(after[name].set))}"
