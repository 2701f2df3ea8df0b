"""The preparation of a study: find model and data, make the tokens, and collect warnings. Loads no weights.

The warnings include settings that were given and have no effect, each with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

from hptui.core.dataclass import dataclass
from hptui.core.errors import NotAvailable, UserError
from hptui.core.planned_trials import PrepareRequest
from hptui.core.required_metrics import CONDITION, OBJECTIVE, misspelling_warnings, require_measured
from hptui.trainers import evals
from hptui.trainers.data import pipeline, split
from hptui.trainers.data.layout import ExampleLayout
from hptui.trainers.data.read import holds_whole_texts, local_path
from hptui.trainers.settings import build, describe
from hptui.trainers.sft import adapters, evaluate, load
from hptui.trainers.sft.endings import ending_warnings
from hptui.trainers.sft.metrics import TRIAL_COLUMNS, reported_metrics
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.spec import Prepared

LORA = ("lora_rank", "lora_alpha", "lora_dropout", "lora_target", "lora_bias", "rslora")
QUANTISED = ("quant_type", "double_quant", "compute_dtype")
TEMPLATES = ("prompt_template", "completion_template", "system_prompt")
SPLITS = ("train_split", "validation_split", "test_split")
ANSWERS = ("generate_split", "generate_metrics", "max_new_tokens", "generate_batch_size", "stop", "custom_metrics")
FORMAT = ("answer_format", "answer_regex")
JUDGING = ("early_stopping_metric", "early_stopping_goal", "early_stopping_delta")


def unused_settings(settings: SftSettings, directory: Path) -> list[str]:
    """Return a sentence for each setting that differs from its default and has no effect."""
    schema = describe(SftSettings)
    sentences: dict[str, str] = {}
    for is_unused, names, reason in _rules(settings, directory):
        for name in names if is_unused else ():
            value = getattr(settings, name)
            if value != schema[name].default:
                sentences.setdefault(name, f"{name} = {value!r} has no effect: {reason}")
    if settings.lr_schedule == "step" and not settings.lr_steps:
        sentences["lr_schedule"] = "lr_schedule = 'step' has no effect: lr_steps names no step"
    if settings.adapter == "none" and settings.dtype == "bfloat16":
        sentences["dtype"] = (
            "dtype = 'bfloat16' would round small updates of trained weights away: the weights are in float32, and the "
            "arithmetic is in bfloat16"
        )
    return list(sentences.values())


def _named(s: SftSettings) -> list[str]:
    return [name for name in (s.train, s.validation, s.test) if name]


def _rules(s: SftSettings, directory: Path) -> Iterator[tuple[bool, tuple[str, ...], str]]:
    """Yield for each rule whether it applies, the settings that it makes unused, and the reason."""
    yield s.adapter == "none", LORA + QUANTISED, "adapter = 'none' trains the weights themselves"
    yield s.adapter == "lora", QUANTISED, "only adapter = 'qlora' keeps the model in 4 bits"
    adam = s.optimizer not in ("sgd", "adafactor")
    yield not adam, ("beta1", "beta2", "epsilon"), f"they are Adam's, and optimizer = {s.optimizer!r}"
    yield s.optimizer != "sgd", ("momentum",), f"it is that of sgd, and optimizer = {s.optimizer!r}"

    no_such_shape = f"lr_schedule = {s.lr_schedule!r} has none"
    yield s.lr_schedule not in ("linear", "cosine", "polynomial"), ("lr_end",), no_such_shape
    yield s.lr_schedule not in ("step", "exponential"), ("lr_decay",), no_such_shape
    yield s.lr_schedule != "step", ("lr_steps",), no_such_shape
    yield s.lr_schedule != "polynomial", ("lr_power",), no_such_shape
    yield s.steps > 0, ("epochs",), f"steps = {s.steps} gives the length"
    yield not s.early_stopping, ("patience",), "early_stopping is off"
    yield not s.judges, JUDGING, "neither early_stopping nor load_best nor save_model = 'best' is on"
    yield s.save_model == "none", ("merge_adapter",), "save_model = 'none' saves no model"

    yield bool(s.text_field), (*TEMPLATES, "chat_template"), "text_field gives whole texts"
    yield bool(s.messages_field), TEMPLATES, "messages_field gives whole conversations"
    whole = holds_whole_texts(local_path(s.train, directory)) and not s.text_field and not s.messages_field
    yield whole, (*TEMPLATES, "chat_template"), "train holds whole texts"
    yield whole or bool(s.text_field), ("loss_on",), "all of a whole text is learnt"
    yield bool(s.validation), ("validation_fraction",), "validation names its examples"
    yield bool(s.test), ("test_fraction",), "test names its examples"
    samples_drawn = not s.validation or bool(s.test_fraction or s.train_samples or s.eval_samples)
    yield not samples_drawn and not s.generate_samples, ("split_seed",), "nothing is drawn"
    all_files = all((path := local_path(name, directory)) is not None and path.is_file() for name in _named(s))
    yield all_files and not s.split_column, SPLITS, "there is no split_column, and files know no splits"
    all_local = all(local_path(name, directory) is not None for name in _named(s))
    yield all_local, ("dataset_config",), "the data lie on this machine"
    yield (
        s.model.startswith("hptui:") or (directory / s.model).is_dir(),
        ("revision",),
        "the model lies on this machine",
    )

    yield not s.generate_samples, ANSWERS + FORMAT, "generate_samples = 0 asks for no answers"
    yield "accuracy" not in s.generate_metrics, FORMAT, "accuracy is not among generate_metrics"
    yield s.answer_format != "regex", ("answer_regex",), f"answer_format = {s.answer_format!r}"


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
        ends = ending_warnings(chosen, data.facts, tokenizer.eos_token)
        return PreparedData(
            facts, [*unused_settings(chosen, directory), *data.warnings, *ends], _lengths(chosen, config, data), metrics
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
