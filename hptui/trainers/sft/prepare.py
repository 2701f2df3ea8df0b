"""The preparation of a study: find model and data, make the tokens, and collect warnings. Loads no weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hptui.model.ahead import PrepareRequest
from hptui.model.errors import NotAvailable, UserError
from hptui.model.wanted import CONDITION, OBJECTIVE, misspelling_warnings, require_measured
from hptui.trainers import evals
from hptui.trainers.data import pipeline, split
from hptui.trainers.data.layout import ExampleLayout
from hptui.trainers.preparing import Prepared
from hptui.trainers.settings import build, describe
from hptui.trainers.sft import adapters, evaluate, load
from hptui.trainers.sft.measures import TRIAL_COLUMNS, reported_metrics
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.unused import unused_settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PreparedData:
    """The result of checking one trial's settings."""

    facts: dict[str, Any]
    warnings: list[str]
    doubts: list[str]
    metrics: tuple[str, ...]


def prepare(ahead: PrepareRequest, directory: Path, cache: Path) -> Prepared:
    """Return facts about the data, and warnings.

    Raises: UserError for whatever cannot work in a planned trial; NotAvailable for what is missing on this machine.
    """
    inspect = DataInspection(ahead, directory, cache)
    chosen = build(SftSettings, ahead.settings)
    if not chosen.custom_metrics:
        inspect.names(
            reported_metrics(chosen, tested=True)
        )  # a misspelt objective is found even if the model is not available
    prepared, absent = _or_unavailable(lambda: inspect(chosen))
    places_of: dict[str, list[str]] = {}
    metrics = set(prepared.metrics) if prepared else set[str]()
    for variant in ahead.variants:
        try:
            other, missing = _or_unavailable(lambda settings=variant.settings: inspect(build(SftSettings, settings)))  # type: ignore[misc]
        except UserError as error:
            if variant.runs:
                raise UserError(f"{variant.where}: {error.message}", hint=error.hint) from error
            places_of.setdefault(f"it cannot run: {error.message}", []).append(variant.where)
            continue
        if missing is not None:
            absent = absent or NotAvailable(f"{variant.where}: {missing.message}", hint=missing.hint)
        if other is not None:
            metrics |= set(other.metrics)
            for warning in (*other.warnings, *other.doubts):
                places_of.setdefault(warning, []).append(variant.where)
    if absent is not None:
        raise absent
    assert prepared is not None
    require_measured(ahead.wanted, metrics, {CONDITION})
    shared = {*prepared.warnings, *prepared.doubts}
    others = [f"{_listed_places(places)}: {warning}" for warning, places in places_of.items() if warning not in shared]
    misspellings = misspelling_warnings(ahead.wanted, metrics, {*describe(SftSettings), *TRIAL_COLUMNS})
    warnings = [*prepared.warnings, *others]
    facts: dict[str, Any] = {**prepared.facts, "warnings": warnings}
    return Prepared(facts, [*warnings, *prepared.doubts, *misspellings])


def _or_unavailable(inspect: Callable[[], PreparedData]) -> tuple[PreparedData | None, NotAvailable | None]:
    """Return the result of an inspection and None, or None and the error that something is missing."""
    try:
        return inspect(), None
    except NotAvailable as absent:
        return None, absent


def _listed_places(places: list[str]) -> str:
    """Return a short text for the trials that a warning is about."""
    shortened = f"{places[0]} and {len(places) - 1} more"
    return places[0] if len(places) == 1 else shortened


@dataclass(slots=True)
class DataInspection:
    """Checks settings of trials; what they have in common is loaded once."""

    ahead: PrepareRequest
    directory: Path
    cache: Path
    _kept: dict[str, Any] = field(default_factory=dict)

    def __call__(self, chosen: SftSettings) -> PreparedData:
        """Check the settings of one trial. Raises: UserError or NotAvailable."""
        directory = self.directory
        evals.load_custom_metrics(chosen.generation(str(directory)))
        of_model = (chosen.model, chosen.revision, chosen.trust_remote_code)
        config = self._once(("config", *of_model), lambda: _config(chosen, directory))
        if chosen.adapter != "none":
            outline = self._once(("outline", *of_model), lambda: load.model_outline(chosen, directory))
            adapters.check_targets(outline, chosen)
        source = (chosen.tokenizer or chosen.model, chosen.revision, chosen.trust_remote_code)
        tokenizer = self._once(("tokenizer", *source), lambda: load.load_tokenizer(chosen, directory))
        data = pipeline.load(chosen, directory, self.cache, tokenizer)
        self._once(("vocabulary", *of_model, data.folder), lambda: _vocabulary(config, data))
        custom_metrics = evaluate.check_answers(chosen, data, directory)
        evaluate.check_judging_metric(chosen, custom_metrics)
        metrics = (*reported_metrics(chosen, tested=bool(len(data.tokens["test"]))), *custom_metrics)
        self.names(metrics)
        objectives = [metric.name for metric in self.ahead.wanted if metric.use == OBJECTIVE]
        evaluate.check_validation(chosen, data, objectives)
        facts = {
            "model": chosen.model,
            "architecture": (config.architectures or [config.model_type])[0],
            # transformers has no public name for the commit that it has loaded
            "model_revision": getattr(config, "_commit_hash", None) or chosen.revision or None,
            "trust_remote_code": chosen.trust_remote_code,
            **data.facts,
        }
        return PreparedData(
            facts, [*unused_settings(chosen, directory), *data.warnings], _lengths(chosen, config, data), metrics
        )

    def names(self, metrics: tuple[str, ...]) -> None:
        """Refuse objectives that such a trial would not measure. Raises: UserError."""
        require_measured(self.ahead.wanted, metrics, {OBJECTIVE})

    def _once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        name = repr(key)
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]  # type: ignore[no-any-return]


def _config(settings: SftSettings, directory: Path) -> Any:
    """Return the model's configuration. If the model is not available, check the data at least."""
    try:
        return load.load_config(settings, directory)
    except NotAvailable as absent:
        try:
            splits = split.load(settings, directory)
        except NotAvailable as other:
            raise NotAvailable(f"{absent.message}; {other.message}", hint=absent.hint) from other
        columns = split.column_names(splits.rows["train"])
        ExampleLayout(settings, columns, plain=splits.plain, chat=lambda messages, begin: "")
        raise


def _vocabulary(config: Any, data: pipeline.StudyData) -> None:
    """Refuse tokens for which the model has no embedding. Raises: UserError."""
    size = getattr(config.get_text_config(), "vocab_size", None)
    largest = max(int(tokens.ids.max(initial=0)) for tokens in data.tokens.values())
    if isinstance(size, int) and largest >= size:
        raise UserError(f"tokenizer: it makes tokens up to {largest}, but the model knows {size}")


def _lengths(settings: SftSettings, config: Any, data: pipeline.StudyData) -> list[str]:
    """Return a warning if examples are longer than the model was made for."""
    limit = getattr(config, "max_position_embeddings", None)
    longest = min(settings.max_length, max(int(tokens.lengths.max(initial=0)) for tokens in data.tokens.values()))
    if not isinstance(limit, int) or longest <= limit:
        return []
    return [f"examples have up to {longest} tokens, but the model was made for {limit}: set max_length = {limit}"]
