"""Once per study: find model and data, make the tokens, and see what is doubtful, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hptui.model.ahead import Ahead
from hptui.model.errors import Absent, UserError
from hptui.model.wanted import CONDITION, OBJECTIVE, doubtful, refuse_unmeasured
from hptui.trainers import evals
from hptui.trainers.data import pipeline, split
from hptui.trainers.data.layout import Layout
from hptui.trainers.preparing import Prepared
from hptui.trainers.settings import build, describe
from hptui.trainers.sft import adapters, evaluate, load
from hptui.trainers.sft.measures import RECORDED, measures
from hptui.trainers.sft.settings import Settings
from hptui.trainers.sft.unused import unused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at one trial's settings has brought."""

    facts: dict[str, Any]
    warnings: list[str]
    doubts: list[str]
    metrics: tuple[str, ...]


def prepare(ahead: Ahead, directory: Path, cache: Path) -> Prepared:
    """Facts of the data, and doubts. Whatever cannot work, in any trial that is known of, is a `UserError`."""
    look = Look(ahead, directory, cache)
    chosen = build(Settings, ahead.settings)
    if not chosen.custom_metrics:
        look.names(
            measures(chosen, tested=True)
        )  # an objective that is misspelt is so whether or not the model is here
    found, absent = _or_absent(lambda: look(chosen))
    said: dict[str, list[str]] = {}
    metrics = set(found.metrics) if found else set[str]()
    for one in ahead.variants:
        try:
            other, missing = _or_absent(lambda settings=one.settings: look(build(Settings, settings)))  # type: ignore[misc]
        except UserError as error:
            if one.runs:
                raise UserError(f"{one.where}: {error.message}", hint=error.hint) from error
            said.setdefault(f"it cannot run: {error.message}", []).append(one.where)
            continue
        if missing is not None:
            absent = absent or Absent(f"{one.where}: {missing.message}", hint=missing.hint)
        if other is not None:
            metrics |= set(other.metrics)
            for warning in (*other.warnings, *other.doubts):
                said.setdefault(warning, []).append(one.where)
    if absent is not None:
        raise absent
    assert found is not None
    refuse_unmeasured(ahead.wanted, metrics, {CONDITION})
    known = {*found.warnings, *found.doubts}
    others = [f"{_who(places)}: {warning}" for warning, places in said.items() if warning not in known]
    slips = doubtful(ahead.wanted, metrics, {*describe(Settings), *RECORDED})
    warnings = [*found.warnings, *others]
    facts: dict[str, Any] = {**found.facts, "warnings": warnings}
    return Prepared(facts, [*warnings, *found.doubts, *slips])


def _or_absent(look: Callable[[], Found]) -> tuple[Found | None, Absent | None]:
    try:
        return look(), None
    except Absent as absent:
        return None, absent


def _who(places: list[str]) -> str:
    """Which of the variants, in a few words."""
    few = f"{places[0]} and {len(places) - 1} more"
    return places[0] if len(places) == 1 else few


@dataclass(slots=True)
class Look:
    """Looks at settings, one after the other; what they have in common is looked at once."""

    ahead: Ahead
    directory: Path
    cache: Path
    _kept: dict[str, Any] = field(default_factory=dict)

    def __call__(self, chosen: Settings) -> Found:
        directory = self.directory
        evals.prepare(chosen.generation(str(directory)))
        of_model = (chosen.model, chosen.revision, chosen.trust_remote_code)
        config = self._once(("config", *of_model), lambda: _config(chosen, directory))
        if chosen.adapter != "none":
            outline = self._once(("outline", *of_model), lambda: load.outline(chosen, directory))
            adapters.check_targets(outline, chosen)
        source = (chosen.tokenizer or chosen.model, chosen.revision, chosen.trust_remote_code)
        tokenizer = self._once(("tokenizer", *source), lambda: load.tokenizer_of(chosen, directory))
        data = pipeline.load(chosen, directory, self.cache, tokenizer)
        self._once(("vocabulary", *of_model, data.folder), lambda: _vocabulary(config, data))
        own = evaluate.check_answers(chosen, data, directory)
        evaluate.check_judged(chosen, own)
        metrics = (*measures(chosen, tested=bool(len(data.tokens["test"]))), *own)
        self.names(metrics)
        objectives = [one.name for one in self.ahead.wanted if one.use == OBJECTIVE]
        evaluate.check_validation(chosen, data, objectives)
        facts = {
            "model": chosen.model,
            "architecture": (config.architectures or [config.model_type])[0],
            "model_revision": getattr(config, "_commit_hash", None) or chosen.revision or None,
            "trust_remote_code": chosen.trust_remote_code,
            **data.facts,
        }
        return Found(facts, [*unused(chosen, directory), *data.warnings], _lengths(chosen, config, data), metrics)

    def names(self, metrics: tuple[str, ...]) -> None:
        """Refuse objectives that no such trial would measure."""
        refuse_unmeasured(self.ahead.wanted, metrics, {OBJECTIVE})

    def _once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        name = repr(key)
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]  # type: ignore[no-any-return]


def _config(settings: Settings, directory: Path) -> Any:
    """The configuration of the model. Where that is not here, the data at least are looked at."""
    try:
        return load.config_of(settings, directory)
    except Absent as absent:
        try:
            splits = split.load(settings, directory)
        except Absent as other:
            raise Absent(f"{absent.message}; {other.message}", hint=absent.hint) from other
        columns = split.columns(splits.rows["train"])
        Layout(settings, columns, plain=splits.plain, chat=lambda messages, begin: "")
        raise


def _vocabulary(config: Any, data: pipeline.Data) -> None:
    """Refuse tokens that the model has no embedding for."""
    size = getattr(config.get_text_config(), "vocab_size", None)
    largest = max(int(some.ids.max(initial=0)) for some in data.tokens.values())
    if isinstance(size, int) and largest >= size:
        raise UserError(f"tokenizer: it makes tokens up to {largest}, but the model knows {size}")


def _lengths(settings: Settings, config: Any, data: pipeline.Data) -> list[str]:
    room = getattr(config, "max_position_embeddings", None)
    longest = min(settings.max_length, max(int(some.lengths.max(initial=0)) for some in data.tokens.values()))
    if not isinstance(room, int) or longest <= room:
        return []
    return [f"examples have up to {longest} tokens, but the model was made for {room}: set max_length = {room}"]
