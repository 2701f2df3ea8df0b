"""A model of the memory that trials need, fitted to what they needed, and the proposals that it refuses.

It is linear regression with a prior: of the peak over sizes that the trainer knows, or else of its logarithm over the
logarithms of settings that need more memory where they are larger. Errors are relative. A trial that ran out of memory
says only that it needs more than there is: it counts with the mean of what lies beyond that.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.core.memory import MemoryRule
from hptui.core.study import Study
from hptui.core.trial import Reason, Trial, TrialStatus, Value
from hptui.core.trial_history import HistoryFollower, TrialHistory
from hptui.search.feasible import FeasibleSampler
from hptui.search.memory_fit import Form, GrowingSettings, KnownSizes, fit, misfit, number, product
from hptui.search.projection import LEAST_EXCESS, SpaceProjection

Entry = TypeVar("Entry", int, tuple[float, int])
CAUTION, UNCERTAINTY, OPTIMISM = 1.0, 0.7, 1.0
"""Standard errors of a prediction that are added to it before it is compared with the memory there is. The error of
the model counts for a part of it, that of a peak for the whole. While no trial has run out, the former is taken off
instead, as far as it exceeds the latter: what is uncertain is tried."""
TOLERATED, CAUTION_STEP, MOST_CAUTION = 0.03, 0.5, 2.0
"""Share of the trials that the model admits that may run out of memory, and what each one beyond it adds to the
caution, up to the most: a sampler whose best trials are the largest proposes all of them at the edge, where the noise
of peaks decides. Counted are those that ran out, or those to be expected, whichever are more."""
LEAST_SHOWN, LEAST_MEASURED = 5, 2
"""Trials from which a model without known sizes is used: that were measured or ran out, and that were measured."""
LEAST_SPREAD = 1.1
"""Largest by smallest peak from which such a model is used: peaks that are all alike are not of the memory that ran
out, but for instance of the host process where the GPU could not be asked."""
CONSTANTS = (0.0, 0.3, 0.6, 0.8, 0.9)
"""Memory that every trial takes, tried as shares of the least measured peak."""
MOST_EVIDENCE = 120
"""Newest trials that are fitted."""
MOST_HALVINGS = 10
"""How often a batch is halved at most."""
PARTS = ("memory_model_gb", "memory_optimizer_gb", "memory_gradients_gb", "memory_activations_gb")
"""Facts that add up to the memory of a trial that shares a process: the peak is that of the group."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a trial has shown: how much it needed in GiB; with `exceeded` that it needs more than that."""

    params: Mapping[str, Value]
    gib: float
    exceeded: bool


def needed_gib(trial: Trial) -> float | None:
    """Return the memory that a trial needed, in GiB; None where that was not measured.

    For one that shares a process it is the sum of its own parts: the peak of the process is of all its trials.
    """
    shared = trial.facts.get("pack_group")
    measured = None if shared is not None else number(trial.facts.get("peak_gpu_allocated_gb"))
    if measured is None:
        parts = [number(trial.facts.get(name)) for name in PARTS]
        known = [part for part in parts if part is not None]
        measured = sum(known) if len(known) == len(PARTS) else None
    if measured is None and shared is None:
        measured = number(trial.peak_memory_gb)
    return measured or None


def capacity_gib(trials: Sequence[Trial]) -> float | None:
    """Return the memory that trials can have, in GiB; None where nothing shows how much there is.

    It is as they recorded it, else the most that one of them needed, if others ran out.
    """
    sizes = [size for trial in trials if (size := number(trial.facts.get("memory_capacity_gb")))]
    if sizes:
        return min(sizes)
    if not any(_ran_out(trial) for trial in trials):
        return None
    return max((peak for trial in trials if (peak := needed_gib(trial)) is not None), default=None)


def _ran_out(trial: Trial) -> bool:
    return trial.status is TrialStatus.FAILED and trial.reason is Reason.OOM


def evidence_of(trials: Iterable[Trial], capacity: float) -> list[Evidence]:
    """Return what the trials of a study have shown, the newest last."""
    evidence = []
    for trial in sorted(trials, key=lambda trial: trial.number):
        if _ran_out(trial):
            evidence.append(Evidence(trial.params, max(capacity, number(trial.peak_memory_gb) or 0.0), exceeded=True))
        elif (gib := needed_gib(trial)) is not None and not trial.is_uninformative:
            evidence.append(Evidence(trial.params, gib, exceeded=False))
    return evidence[-MOST_EVIDENCE:]


Known = tuple[float | None, list[Evidence]]


class EvidenceFollower:
    """What `capacity_gib` and `evidence_of` say of trials, kept up to date: each change costs little, however many.

    Trials of other studies have numbers below 0 and are left out: these may have had other machines.
    """

    def __init__(self) -> None:
        self._last: Known | None = None
        self._follower = HistoryFollower(self._forget, self._follow)
        self._forget()

    def known(self, trials: Iterable[Trial]) -> Known:
        """Return the memory that trials can have, and what they have shown, the newest last.

        It is the same object as long as nothing has changed.
        """
        changed, last = self._follower.catch_up(trials), self._last
        if changed or last is None:
            last = self._last = self._newest()
        return last

    def _newest(self) -> Known:
        if self._sizes:
            capacity: float | None = min(self._sizes)
        else:
            capacity = self._peaks[-1][0] if self._ran_out and self._peaks else None
        if capacity is None:
            return None, []
        newest = [self._shown[number] for number in self._numbers[-MOST_EVIDENCE:]]
        return capacity, evidence_of(newest, capacity)

    def _forget(self) -> None:
        self._last = None
        self._shown: dict[int, Trial] = {}
        self._sizes: Counter[float] = Counter()
        self._peaks: list[tuple[float, int]] = []
        self._numbers: list[int] = []
        self._ran_out: set[int] = set()

    def _follow(self, number: int, trial: Trial | None) -> None:
        if (before := self._shown.pop(number, None)) is not None:
            self._count(before, -1)
        if trial is not None and number >= 0 and self._count(trial, 1):
            self._shown[number] = trial

    def _count(self, trial: Trial, by: int) -> bool:
        """Count a trial, or take it back; return whether it shows anything."""
        size, peak, out = number(trial.facts.get("memory_capacity_gb")), needed_gib(trial), _ran_out(trial)
        if size:
            self._sizes[size] += by
            if not self._sizes[size]:
                del self._sizes[size]
        if peak is not None:
            _put(self._peaks, (peak, trial.number), by)
        if out or (peak is not None and not trial.is_uninformative):
            _put(self._numbers, trial.number, by)
        if out:
            (self._ran_out.add if by > 0 else self._ran_out.discard)(trial.number)
        return bool(size or peak is not None or out)


def _put(ordered: list[Entry], entry: Entry, by: int) -> None:
    """Put an entry into a list in order, or take it out."""
    if by > 0:
        insort(ordered, entry)
    else:
        del ordered[bisect_left(ordered, entry)]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A predicted peak in GiB, with the standard error of the model and that of one measurement, both relative."""

    gib: float
    error: float
    noise: float

    def risk(self, capacity: float) -> float:
        """Return the probability that it exceeds the memory."""
        return math.erfc(math.log(capacity / self.gib) / math.hypot(self.noise, self.error) / math.sqrt(2)) / 2

    def excess(self, capacity: float, caution: float | None) -> float:
        """Return by how much it exceeds the memory, as a logarithm; a trial with at most 0 should be run.

        `caution` is None while no trial has run out.
        """
        excess = math.log(self.gib / capacity)
        if caution is None:
            return excess + CAUTION * self.noise - OPTIMISM * max(0.0, self.error - self.noise)
        return excess + caution * math.hypot(self.noise, UNCERTAINTY * self.error)


class MemoryModel:
    """The memory that trials of a study need, and whether a configuration fits.

    `active`: it is known how much there is, and enough to say what exceeds it.
    """

    def __init__(self, study: Study, base: Mapping[str, Value], evidence: Sequence[Evidence], capacity: float) -> None:
        self.evidence, self.capacity = evidence, capacity
        self._base = base
        self._rule = _rule_of(study)
        self._shrinks = study.search.memory == "shrink"
        known = self._rule is not None and self._rule.terms(base, study.directory) is not None
        peaks = [item.gib for item in evidence if not item.exceeded]
        forms: list[Form]
        if known:
            forms = [KnownSizes(self._rule, base, study.directory)]  # type: ignore[arg-type]  # there is a rule
        else:
            forms = [GrowingSettings(study, base, share * min(peaks, default=0.0)) for share in CONSTANTS]
        enough = len(evidence) >= LEAST_SHOWN and LEAST_MEASURED <= len(peaks) < len(evidence)
        enough = enough and max(peaks) >= LEAST_SPREAD * min(peaks)
        self.active = known or (forms[0].size > 1 and enough)
        self._tried = 0.0
        self._caution: float | None = None
        if self.active:
            self._fit(forms)
            self._look_back()

    def _fit(self, forms: Sequence[Form]) -> None:
        """Use the form that the trials fit best."""
        least = math.inf
        for form in forms:
            rows = [(row, item) for item in self.evidence if (row := form.row(item.params, item.gib)) is not None]
            measured = [(*row, item.exceeded) for row, item in rows]
            expected = form.expected(measured)
            coefficients, noise, covariance = fit(measured, *expected)
            if (far := misfit(measured, expected, coefficients, noise)) < least:
                least, self._form = far, form
                self._coefficients, self._noise, self._covariance = coefficients, noise, covariance

    def _look_back(self) -> None:
        """Settle the caution by how much of what the model would admit runs out, and the least that fitted."""
        predicted = [(item.exceeded, self.predict(item.params)) for item in self.evidence]
        known = [(exceeded, prediction) for exceeded, prediction in predicted if prediction is not None]
        self._tried = min((prediction.gib for exceeded, prediction in known if not exceeded), default=0.0)
        if not any(exceeded for exceeded, _ in known):
            return
        admitted = [pair for pair in known if pair[1].excess(self.capacity, CAUTION) <= 0]
        seen = sum(exceeded for exceeded, _ in admitted)
        expected = sum(prediction.risk(self.capacity) for _, prediction in admitted)
        beyond = max(0.0, max(seen, expected) - TOLERATED * len(admitted))
        self._caution = min(MOST_CAUTION, CAUTION + CAUTION_STEP * beyond)

    def _excess(self, prediction: Prediction) -> float:
        """Return by how much a prediction exceeds the memory, or what has fitted if that is less."""
        excess = prediction.excess(self.capacity, self._caution)
        return min(excess, math.log(prediction.gib / self._tried)) if self._tried else excess

    def predict(self, params: Mapping[str, Value]) -> Prediction | None:
        """Return the peak of a configuration as it is, given by its overrides; None where nothing is known."""
        shape = self._form.predict(params, self._coefficients) if self.active else None
        if shape is None:
            return None
        gib, features = shape
        return Prediction(gib, math.sqrt(max(0.0, product(features, self._covariance))), self._noise)

    def shrunk(self, params: Mapping[str, Value]) -> dict[str, Value] | None:
        """Return changed settings with which a configuration fits; None if it never does."""
        changed: dict[str, Value] = {}
        for _ in range(MOST_HALVINGS):
            prediction = self.predict({**params, **changed})
            if prediction is None or self._excess(prediction) <= 0:
                return changed
            settings = {**self._base, **params, **changed}
            smaller = self._rule.smaller(settings) if self._shrinks and self._rule is not None else None
            if smaller is None:
                return None
            changed |= smaller
        return None

    def excess(self, params: Mapping[str, Value]) -> float | None:
        """Return by how much a configuration exceeds the memory, > 0 if it should not be run; None if unknown."""
        if (prediction := self.predict(params)) is None:
            return None
        excess = self._excess(prediction)
        return -LEAST_EXCESS if excess > 0 and self.shrunk(params) is not None else excess

    def margin(self, params: Mapping[str, Value]) -> float:
        """Return `excess` where a configuration should not be run; else 0."""
        return max(0.0, self.excess(params) or 0.0)

    def text(self, params: Mapping[str, Value]) -> str:
        """Return what is predicted for a configuration, for the record."""
        prediction = self.predict(params)
        return "" if prediction is None else f"memory: about {prediction.gib:.3g} of {self.capacity:.3g} GiB"


class MemoryLimits:
    """What may be proposed in a study, as far as its trials have shown: made again when they have shown more."""

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        self._study, self._base = study, base
        self.model: MemoryModel | None = None
        self._shown: Known | None = None
        self._known: tuple[object, ...] | None = None
        self._made: tuple[SpaceProjection, FeasibleSampler] | None = None
        self._followed: list[tuple[TrialHistory, EvidenceFollower]] = []

    def model_of(self, trials: Iterable[Trial]) -> MemoryModel | None:
        """Return the fitted model; None while it says nothing."""
        if self._study.search.memory == "off" or not self._study.space.parameters:
            return None
        shown = self._evidence_for(trials).known(trials)
        if shown is self._shown:
            return self.model
        self._shown = shown
        capacity, evidence = shown
        known = (
            capacity,
            *((item.gib, item.exceeded, tuple(sorted(map(str, item.params.items())))) for item in evidence),
        )
        if known != self._known:
            model = None if capacity is None else MemoryModel(self._study, self._base, evidence, capacity)
            self._known, self.model, self._made = known, model if model is not None and model.active else None, None
        return self.model

    def _evidence_for(self, trials: Iterable[Trial]) -> EvidenceFollower:
        """Return what follows these trials: a study's, or those of them that an engine learns from."""
        if not isinstance(trials, TrialHistory):
            return EvidenceFollower()
        for history, follower in self._followed:
            if history is trials:
                return follower
        self._followed = [*self._followed[-1:], (trials, EvidenceFollower())]
        return self._followed[-1][1]

    def of(self, trials: Iterable[Trial]) -> tuple[SpaceProjection, FeasibleSampler]:
        """Return the projection that holds proposals to the memory there is, and the sampler on it."""
        model = self.model_of(trials)
        if self._made is None:
            projection = SpaceProjection(self._study.space, self._base, model)
            self._made = projection, FeasibleSampler(projection)
        return self._made


def _rule_of(study: Study) -> MemoryRule | None:
    try:
        rule: MemoryRule | None = plugins.load("trainers", study.trainer.kind, "memory", study.directory)
    except HptuiError:  # a user's own function, or a trainer that is not installed here
        return None
    return rule
