"""Which trials may be compared: of one stage, one length of training and one version of code and data.

A length has up to four coordinates: steps, epochs, examples and tokens. Two trials are of one length if the coordinate
that the study fixes is equal; the others may differ, and are then stated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.stages import comparable as stages_agree
from hptui.core.trial import Role, Trial, TrialStatus, Value
from hptui.core.values import is_number
from hptui.results.analysis.cohort import TrainingLength, searched_space, training_length
from hptui.results.analysis.cost import examples_per_epoch
from hptui.results.roles import SETTING_NAMES, number_with_role, setting_with_role
from hptui.results.view import View

SINGLE_PROCESS_TRAINERS = ("toy", "charlm", "sft")
"""Trainers of hptui: they train in one process, and a setting that they do not have does not exist."""
TOKEN_FACTS = ("train_tokens", "tokens_seen", "tokens")
"""Facts in which trainers record the tokens that a trial has seen."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A reason why two trials cannot simply be compared."""

    kind: Literal["stage", "length", "unknown length", "continued", "base model", "imported", "code"]
    unit: str = ""
    first: float | None = None
    second: float | None = None
    is_planned: bool = False
    """Whether the lengths that were planned differ, and the recorded ones do not."""

    @property
    def text(self) -> str:
        """The reason, in the words of reports and screens."""
        return "they were to train for different lengths" if self.is_planned else DIFFERENCE_TEXTS[self.kind]


DIFFERENCE_TEXTS = {
    "length": "they trained for different lengths",
    "unknown length": "it is not known whether they trained equally long",
    "stage": "they ran in different stages",
    "base model": "one is the untrained model",
    "continued": "one began from a checkpoint",
    "imported": "one was imported",
    "code": "they ran different code or data",
}


@dataclass(frozen=True, slots=True)
class Lengths:
    """The length of a training in all coordinates; None where one is unknown."""

    steps: float | None
    epochs: float | None
    examples: float | None
    tokens: float | None


def effective_batch(view: View, trial: Trial) -> float | None:
    """Return the examples per optimizer step; None if any factor of it is unknown."""
    if (recorded := _recorded_batch(trial)) is not None:
        return recorded
    settings = view.settings(trial)
    batch, accumulation = number_with_role(settings, "batch"), number_with_role(settings, "accumulation")
    own = view.study.trainer.kind in SINGLE_PROCESS_TRAINERS and trial.role is not Role.IMPORTED
    world = trial.facts.get("world_size", 1 if own else None)
    if accumulation is None and own and setting_with_role(settings, "accumulation") is None:
        accumulation = 1
    if batch is None or accumulation is None:
        return None
    # Without a record of processes, a trial that knows its accumulation is taken for one process.
    return batch * accumulation * (world if is_number(world) else 1)


def _recorded_batch(trial: Trial) -> float | None:
    recorded = trial.effective.get("effective_batch_size", trial.facts.get("effective_batch_size"))
    return float(recorded) if is_number(recorded) else None


def lengths_of(view: View, trial: Trial, facts: Mapping[str, Value]) -> Lengths:
    """Return the length of a trial's training. `facts` are those of the study (number of examples)."""
    length = training_length(view, trial)
    epochs = length.amount if length is not None and length.unit == "epochs" else None
    steps = length.amount if length is not None and length.unit == "steps" else None
    steps = steps if steps is not None else trial.total_steps
    batch, per_epoch = effective_batch(view, trial), examples_per_epoch(view, facts, trial)
    if epochs is not None:
        examples = None if per_epoch is None else epochs * per_epoch
    else:
        examples = None if steps is None or batch is None else steps * batch
    tokens = next((float(trial.facts[n]) for n in TOKEN_FACTS if is_number(trial.facts.get(n))), None)  # type: ignore[arg-type]
    return Lengths(steps, epochs, examples, tokens)


def ended_alike(trial: Trial, other: Trial, length: TrainingLength) -> bool:
    """Return whether two complete trials ended at the same step, whatever was planned for them."""
    complete = trial.status is other.status is TrialStatus.COMPLETE
    return length.unit == "steps" and complete and bool(trial.last_step) and trial.last_step == other.last_step


def comparable(view: View, trial: Trial, other: Trial) -> tuple[Difference, ...]:
    """Return what differs between two trials besides what is searched; empty if nothing does."""
    matches: list[Difference] = []
    for run in (trial, other):
        if run.role is Role.BASE:
            matches.append(Difference("base model"))
        elif run.is_uninformative:
            matches.append(Difference("continued"))
    if Role.BASE not in (trial.role, other.role):
        if not stages_agree(view.study, trial.stage, other.stage):
            matches.append(Difference("stage"))
        first, second = training_length(view, trial), training_length(view, other)
        if first is None or second is None or first.unit != second.unit:
            if first != second or not _have_one_source(trial, other):
                matches.append(Difference("unknown length"))
        elif first.amount != second.amount:
            is_planned = ended_alike(trial, other, first)
            matches.append(Difference("length", first.unit, first.amount, second.amount, is_planned))
    if (trial.role is Role.IMPORTED) != (other.role is Role.IMPORTED):
        matches.append(Difference("imported"))
    if view.ran_other_code(trial.number, other.number):
        matches.append(Difference("code"))
    return tuple(matches)


def barriers(view: View, trial: Trial, other: Trial) -> tuple[Difference, ...]:
    """Return what keeps two trials from being compared.

    Not their lengths where the length of training is itself searched: the ranking compares such trials, too.
    """
    return tuple(d for d in comparable(view, trial, other) if d.kind != "length" or not length_is_searched(view))


def is_apart(view: View, trial: Trial, other: Trial) -> bool:
    """Return whether two trials are known to have trained for different lengths or with other code."""
    return any(difference.kind in ("length", "code") for difference in barriers(view, trial, other))


def _have_one_source(trial: Trial, other: Trial) -> bool:
    """Return whether two trials of unknown length are of one study, or imported from one file."""
    if Role.IMPORTED not in (trial.role, other.role):
        return True
    return trial.role is other.role and trial.facts.get("imported_from") == other.facts.get("imported_from")


def length_is_searched(view: View) -> bool:
    """Return whether the length of training is itself a searched setting: its trials are then one cohort."""
    names = {*searched_space(view).names, *(derived.name for derived in searched_space(view).derived)}
    return bool(names & LENGTH_NAMES)


LENGTH_NAMES = frozenset([*SETTING_NAMES["steps"], *SETTING_NAMES["epochs"]])
"""Settings that are the length of a training."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Trials that may be compared to learn what settings do, with those left out for another reason than how they
    ended: of another length, of one that is not known to be the same, imported."""

    stage: str
    length: TrainingLength | None
    trials: tuple[Trial, ...]
    other_length: tuple[Trial, ...] = ()
    unknown_length: tuple[Trial, ...] = ()
    imported: tuple[Trial, ...] = ()
    other_code: tuple[Trial, ...] = ()

    @property
    def everything_here(self) -> list[Trial]:
        """The trials of the stage that ran here, of whatever length, by number."""
        return sorted((*self.trials, *self.other_length, *self.unknown_length), key=lambda trial: trial.number)

    @property
    def other_trials(self) -> list[tuple[str, tuple[Trial, ...]]]:
        """Those left out for their length or code, with what each of several of them is, if there are any."""
        kinds = (
            ("of another length of training", self.other_length),
            ("not known to have trained as long", self.unknown_length),
            ("of other code or data", self.other_code),
        )
        return [(what, trials) for what, trials in kinds if trials]


def cohort_of(view: View, stage: str | None = None) -> Cohort:
    """Return the trials of one stage and one length, whatever became of them.

    Without `stage` it is that of the best trial, or if it has too few complete trials, the one that has most.
    """
    if ("cohort", stage) not in view.memo:
        view.memo["cohort", stage] = _cohort_of(view, stage)
    cohort: Cohort = view.memo["cohort", stage]
    return cohort


def _cohort_of(view: View, stage: str | None) -> Cohort:
    ended = [trial for trial in view.trials if not trial.status.open and not trial.is_uninformative]
    imported = [trial for trial in ended if trial.role is Role.IMPORTED]
    native = [trial for trial in ended if trial.role is not Role.IMPORTED]
    pool, left = (native, imported) if native else (imported, [])
    if view.study.stages:
        chosen = _stage(view, pool) if stage is None else stage
        pool = [trial for trial in pool if trial.stage == chosen]
    else:
        chosen = ""
    pool, other_code = _of_one_version(view, pool)
    lengths = {trial.number: training_length(view, trial) for trial in pool}
    if length_is_searched(view) or not pool:
        return Cohort(chosen, None, tuple(pool), imported=tuple(left), other_code=other_code)
    complete = Counter(lengths[trial.number] for trial in pool if trial.status is TrialStatus.COMPLETE)
    counts = complete or Counter(lengths.values())
    first = {length: index for index, length in reversed(list(enumerate(lengths.values())))}
    common = min(counts, key=lambda length: (-counts[length], first[length]))
    # What ended before it stated its length, by itself or by a person, has no other one.
    early = (TrialStatus.FAILED, TrialStatus.STOPPED)
    unstated = {t.number for t in pool if t.status in early and lengths[t.number] is None}
    same = tuple(trial for trial in pool if lengths[trial.number] == common or trial.number in unstated)
    numbers = {trial.number for trial in same}
    others = [trial for trial in pool if trial.number not in numbers]
    known = tuple(trial for trial in others if _are_of_one_unit(lengths[trial.number], common))
    unknown = tuple(trial for trial in others if not _are_of_one_unit(lengths[trial.number], common))
    return Cohort(chosen, common, same, known, unknown, tuple(left), other_code)


def _are_of_one_unit(length: TrainingLength | None, other: TrainingLength | None) -> bool:
    """Return whether both lengths are known in one unit: 3 epochs are no fewer than 100 steps."""
    return length is not None and other is not None and length.unit == other.unit


def _of_one_version(view: View, pool: Sequence[Trial]) -> tuple[list[Trial], tuple[Trial, ...]]:
    """Return the trials of the version of code and data that most complete ones ran, and those of others.

    Of equally frequent ones the last. What is recorded of no trial sets it not apart.
    """
    versions = [version for version in view.versions if not version.is_mixed]
    if len(view.versions) < 2 or not versions:
        return list(pool), ()
    complete = {trial.number for trial in pool if trial.status is TrialStatus.COMPLETE}
    common = max(versions, key=lambda version: (len(complete & set(version.trials)), max(version.trials)))
    same = [trial for trial in pool if view.version_of.get(trial.number, common) is common]
    numbers = {trial.number for trial in same}
    return same, tuple(trial for trial in pool if trial.number not in numbers)


MIN_TRIALS_OF_STAGE = 8
"""Complete trials from which the stage of the best trial is the one whose settings are looked at."""


def _stage(view: View, pool: Sequence[Trial]) -> str:
    # A repeat is no further configuration: a stage of four with five runs each says less of settings than a search.
    own = [trial for trial in pool if trial.role is not Role.REPLICATE]
    counts = Counter(trial.stage for trial in own if trial.status is TrialStatus.COMPLETE)
    best = view.best.stage if view.best is not None else ""
    if counts[best] >= MIN_TRIALS_OF_STAGE or not counts:
        return best
    order = [trial.stage for trial in pool]
    return max(counts, key=lambda name: (counts[name], -order.index(name)))


def unequal_coordinate(
    view: View, trials: Sequence[Trial], setting: str, facts: Mapping[str, Value]
) -> tuple[TrainingLength, str, float] | None:
    """Return (fixed length, coordinate that differs, largest ratio) of a setting that changes it.

    A batch size at fixed steps changes the examples, at fixed epochs the steps, as far as the setting is what it is
    called: `counts_batches` says whether that is certain.
    """
    roles = [role for role in ("batch", "accumulation", "sequence") if setting in SETTING_NAMES[role]]
    fixed = {training_length(view, trial) for trial in trials}
    if not roles or len(fixed) != 1 or None in fixed:
        return None
    length = next(iter(fixed))
    assert length is not None
    if roles == ["sequence"]:
        return None
    values = [value for trial in trials if is_number(value := view.settings(trial).get(setting)) and value > 0]
    if not values or min(values) == max(values):
        return None
    batches = [effective_batch(view, trial) for trial in trials]
    known = [batch for batch in batches if batch is not None]
    ratio = max(known) / min(known) if len(known) == len(batches) and min(known) > 0 else max(values) / min(values)
    if ratio == 1:
        return None
    if length.unit == "steps":
        return length, "examples", ratio
    # A script that reports once an epoch says the same number of steps whatever its batch: those are others.
    stated = {trial.total_steps for trial in trials}
    return length, "optimizer steps" if len(stated) == 1 and any(stated) else "steps", ratio


def counts_batches(view: View, trials: Sequence[Trial]) -> bool:
    """Return whether a step of these trials is for certain one of an optimizer, on a batch of known size.

    Of a script's setting `bs` or `steps` only the name is known: its steps may be epochs, and it may have no batches.
    """
    own = view.study.trainer.kind in SINGLE_PROCESS_TRAINERS
    return all(
        (own and trial.role is not Role.IMPORTED)
        or (_recorded_batch(trial) is not None and trial.total_steps is not None)
        for trial in trials
    )
