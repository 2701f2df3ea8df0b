"""What trials cost: time and memory per trial, per epoch, per 1,000 examples; and the cost of an improvement."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from hptui.core.dataclass import dataclass
from hptui.core.format import duration, setting
from hptui.core.trial import Attempt, AttemptState, Role, Trial, TrialStatus, Value
from hptui.core.values import is_number
from hptui.results.analysis.cohort import objective_value, of_same_code, ranked_trials, sort_by_rank, violates_outcome
from hptui.results.packing import has_shares, own_seconds
from hptui.results.roles import SETTING_NAMES, number_with_role
from hptui.results.view import View

MIN_FOR_SPREAD = 3
"""Other trials from which on the best is compared with how much trials differ."""

EXAMPLE_COUNT_FACTS = ("examples_trained_on", "train_examples", "train_samples", "examples", "n_train")
"""Facts in which trainers record the number of examples of one pass over the training data."""


@dataclass(frozen=True, slots=True)
class TrialMean:
    """Mean, median (`middle`) and total over trials."""

    value: float
    middle: float
    total: float
    trials: tuple[Trial, ...]


def mean_of(trials: Sequence[Trial], values: Sequence[float]) -> TrialMean | None:
    """Return the mean of values; None for no values."""
    if not values:
        return None
    total = math.fsum(values)
    return TrialMean(total / len(values), median(values), total, tuple(trials))


def timed_trials(view: View) -> list[Trial]:
    """Return the complete trials that trained here, whose time was measured. Imported ones ran elsewhere."""
    if "timed" not in view.memo:
        view.memo["timed"] = [
            trial
            for trial in view.trials
            if trial.status is TrialStatus.COMPLETE
            and trial.seconds > 0
            and trial.role not in (Role.BASE, Role.IMPORTED)
        ]
    return list(view.memo["timed"])


def seconds_per_trial(view: View) -> TrialMean | None:
    """Return the seconds per complete trial, from its start to its end."""
    trials = timed_trials(view)
    return mean_of(trials, [trial.seconds for trial in trials])


def own_seconds_per_trial(view: View) -> TrialMean | None:
    """Return what a complete trial took of the machine; None where no trial shared a process."""
    trials = timed_trials(view)
    return mean_of(trials, [own_seconds(trial) for trial in trials]) if has_shares(trials) else None


def seconds_per_epoch(view: View) -> TrialMean | None:
    """Return the seconds per epoch, over trials given in epochs that were not stopped early."""
    trials = [trial for trial in timed_trials(view) if _epochs(view, trial)]
    return mean_of(trials, [own_seconds(trial) / (_epochs(view, trial) or 1) for trial in trials])


def _epochs(view: View, trial: Trial) -> float | None:
    settings = view.settings(trial)
    steps, epochs = number_with_role(settings, "steps"), number_with_role(settings, "epochs")
    stopped_early = trial.total_steps and trial.last_step is not None and trial.last_step < trial.total_steps
    return epochs if epochs and not steps and not stopped_early else None


def examples_per_epoch(view: View, facts: Mapping[str, Value], trial: Trial) -> float | None:
    """Return the number of examples of one epoch, as recorded of the trial or of the study's data."""
    for source in (trial.facts, facts):
        for name in EXAMPLE_COUNT_FACTS:
            if is_number(count := source.get(name)) and count > 0:
                limit = view.settings(trial).get("train_samples")
                return min(count, limit) if is_number(limit) and limit > 0 else count
    return None


def seconds_per_thousand(view: View, facts: Mapping[str, Value]) -> tuple[TrialMean, TrialMean] | None:
    """Return the seconds per 1,000 examples: of the data set (all epochs), and of processed examples."""
    counted = [
        (t, n, e) for t in timed_trials(view) if (n := examples_per_epoch(view, facts, t)) and (e := _epochs(view, t))
    ]
    trials = [trial for trial, *_ in counted]
    per_data_set = mean_of(trials, [1000 * own_seconds(trial) / n for trial, n, _ in counted])
    per_pass = mean_of(trials, [1000 * own_seconds(trial) / (n * epochs) for trial, n, epochs in counted])
    return (per_data_set, per_pass) if per_data_set and per_pass else None


def peak_memory(view: View) -> TrialMean | None:
    """Return the peak memory in GiB over trials that recorded it."""
    trials = [trial for trial in view.trials if trial.peak_memory_gb is not None and trial.role is not Role.BASE]
    return mean_of(trials, [trial.peak_memory_gb or 0.0 for trial in trials])


def mean_memory(attempts: Mapping[int, Sequence[Attempt]], trial: Trial) -> tuple[str, float] | None:
    """Return ('gpu' or 'rss', mean GiB) of a trial's last attempt that measured it."""
    for attempt in reversed(attempts.get(trial.number, ())):
        if attempt.mean_gpu_gb is not None:
            return "gpu", attempt.mean_gpu_gb
        if attempt.mean_rss_gb is not None:
            return "rss", attempt.mean_rss_gb
    return None


def busy_intervals(attempts: Iterable[Attempt]) -> list[tuple[float, float]]:
    """Return start and end of each attempt, in seconds since the epoch."""
    spans = []
    for attempt in attempts:
        if attempt.started > 0:
            end = attempt.started + attempt.seconds if attempt.ended is None else attempt.ended
            spans.append((attempt.started, max(attempt.started, end)))
    return sorted(spans)


def union_seconds(spans: Iterable[tuple[float, float]]) -> float:
    """Return the seconds that at least one of the spans covers."""
    covered, reached = 0.0, -math.inf
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def seconds_from_start_to_end(attempts: Sequence[Attempt]) -> float | None:
    """Return the seconds of attempts with all that is around the training, such as starting up.

    None where they read as those of the training, or where the start of one is not known.
    """
    if not all(attempt.started > 0 for attempt in attempts):
        return None
    whole = math.fsum(end - start for start, end in busy_intervals(attempts))
    trained = math.fsum(attempt.seconds for attempt in attempts)
    return whole if whole > trained and duration(whole) != duration(trained) else None


def gpus_of(attempt: Attempt) -> dict[str, str]:
    """Return the names of an attempt's GPUs by UUID, else by host, device and position."""
    gpu = attempt.environment.get("gpu")
    if not gpu:
        return {}
    names = [name for name in str(gpu).split(", ") if name]
    uuids = str(attempt.environment.get("gpu_uuid") or "").split(", ")
    if len(uuids) != len(names) or not all(uuids):
        uuids = [f"{attempt.host}/{attempt.device}/{position}" for position in range(len(names))]
    return dict(zip(uuids, names, strict=True))


def gpu_seconds(attempts: Iterable[Attempt]) -> float:
    """Return the seconds in which each GPU was busy, summed over the GPUs.

    Attempts that share a GPU count once.
    """
    runs_by_gpu: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        for gpu in gpus_of(attempt):
            runs_by_gpu[gpu].append(attempt)
    return math.fsum(union_seconds(busy_intervals(runs)) for runs in runs_by_gpu.values())


def gpu_names(attempts: Iterable[Attempt]) -> dict[str, int]:
    """Return how many GPUs of each name were used."""
    gpus = {gpu: name for attempt in attempts for gpu, name in gpus_of(attempt).items()}
    names = list(gpus.values())
    return {name: names.count(name) for name in dict.fromkeys(names)}


def memory_by_loading(view: View) -> tuple[str, dict[str, list[Trial]]] | None:
    """Return the setting that loads a model in four bits, and trials with known memory by its values.

    None unless at least two values ran. A value is named as it was set: `qlora` and `lora`, `true` and `false`.
    """
    trials = timed_trials(view)
    for name in SETTING_NAMES["four_bit"]:
        trials_by_value: dict[str, list[Trial]] = {}
        for trial in trials:
            if name in (settings := view.settings(trial)) and trial.peak_memory_gb is not None:
                trials_by_value.setdefault(setting(settings[name]), []).append(trial)
        if len(trials_by_value) > 1:
            return name, trials_by_value
    return None


@dataclass(frozen=True, slots=True)
class CheaperTrial:
    """A trial nearly as good as the best that took clearly less time."""

    trial: Trial
    loss: float
    """The share by which its value is worse."""
    seconds: float
    """Its time, or own share of it, as a share of that of the best trial."""


def is_trained_once(attempts: Mapping[int, Sequence[Attempt]], trial: Trial) -> bool:
    """Return whether all of a trial's time went into its result: no attempt was lost or failed.

    What such an attempt did was done again. A trial that was paused, or promoted to a longer training, went on from its
    checkpoint.
    """
    lasting = (AttemptState.DONE, AttemptState.PAUSED)
    return all(attempt.state in lasting for attempt in attempts.get(trial.number, ()))


def cheaper_trial(
    view: View, attempts: Mapping[int, Sequence[Attempt]], worse: float = 0.05, saved: float = 0.2
) -> CheaperTrial | None:
    """Return the fastest trial within the share `worse` of the best that saved the share `saved` of time.

    Of several trials it also lies less far from the best than half of what the one in the middle does: five per cent
    of a large value may be all that the trials differ by.
    """
    ranked = of_same_code(view, ranked_trials(view), view.best)
    order = [trial for trial in sort_by_rank(view, ranked) if not violates_outcome(view, trial)]
    if len(order) < 2 or len(view.study.objectives) > 1:
        return None
    best, *others = order
    if not is_trained_once(attempts, best):
        return None
    value = objective_value(view, best)
    distances = [abs(objective_value(view, trial) - value) for trial in others]
    near = median(distances) / 2 if len(distances) >= MIN_FOR_SPREAD else math.inf
    candidates = [
        CheaperTrial(
            trial, abs(objective_value(view, trial) - value) / abs(value), own_seconds(trial) / own_seconds(best)
        )
        for trial in others
        if value and own_seconds(best) > 0 and own_seconds(trial) > 0 and is_trained_once(attempts, trial)
        if abs(objective_value(view, trial) - value) <= near
    ]
    eligible = [candidate for candidate in candidates if candidate.loss <= worse and candidate.seconds <= 1 - saved]
    return min(eligible, key=lambda candidate: candidate.seconds, default=None)
