"""`FactWriter`: formats a study's numbers as facts of a report, with the trials that they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from statistics import stdev

from hptui.core.format import NO_VALUE, TOTAL_SUFFIX, duration, memory, metric, nonfinite_name, number, setting
from hptui.core.trial import INCOMPLETE_MARK, SECONDS_ALONE, Role, Trial, TrialStatus, Value
from hptui.results.analysis.cohort import measured_value, replicates
from hptui.results.analysis.significance import Interval, is_in_percent
from hptui.results.columns import given_title, setting_column, setting_of_column
from hptui.results.digits import (
    PRINTED_PERCENTAGE,
    Digits,
    change_text,
    digits_of,
    duration_change,
    in_points,
    printed_decimal,
    without_zeros,
)
from hptui.results.facts import Fact, Line, Name, join_parts, join_with_and, line
from hptui.results.report_data import ReportData
from hptui.results.roles import is_rate_by_name

DEFAULT_HEADINGS = {
    "seconds": "Training time",
    SECONDS_ALONE: "Own time",
    "peak_memory_gb": "Peak memory",
    "number": "Trial",
    "note": "Notes",
    "name": "Name",
    "title": "Experiment",
    "status": "Status",
    "reason": "Reason",
    "role": "Role",
}
"""Headings of the built-in columns, where the study file names none."""
MEASURED = {"seconds": "seconds", SECONDS_ALONE: f"facts.{SECONDS_ALONE}", "peak_memory_gb": "peak_memory_gb"}
"""What hptui measures of a trial besides metrics, and the field of the record."""
MAX_LISTED_TRIALS = 12
"""Longer lists of trials are cut to this number; the remaining count is stated."""


class FactWriter:
    """Turns the contents of a `ReportData` into parts of lines."""

    def __init__(self, record: ReportData) -> None:
        self.data, self.view, self.study = record, record.view, record.view.study
        self.originals = {trial.number: trial for trial in record.view.trials}
        """Trials as stored; those that are ranked may hold means over seeds."""
        self._known_digits: dict[str, Digits] = dict.fromkeys(MEASURED, Digits(None, 0))

    # names ------------------------------------------------------------------------------------------------------

    def heading(self, name: str) -> str:
        """Return the heading of a column or metric."""
        spec = self.study.metrics.get(name)
        label = self.study.report.columns.get(name)
        if (setting_name := setting_of_column(self.view, name)) is not None:
            return (label if label and label != name else "") or setting_name
        return (
            (label if label and label != name else "")
            or (spec.heading if spec else "")
            or DEFAULT_HEADINGS.get(name, name)
        )

    def name(self, name: str) -> Name:
        """Return a setting or metric for running text: as code, unless it has a heading of its own.

        A setting that is called like something else of a trial, such as `seconds`, is called by its own name.
        """
        if name in DEFAULT_HEADINGS and name in self._settings:
            return self.column_name(setting_column(self.view, name))
        return self.column_name(name)

    def column_name(self, name: str) -> Name:
        """Return what a column is headed by: `seconds` there is the time that was measured."""
        heading = self.heading(name)
        return Name(heading, code=heading in (name, setting_of_column(self.view, name)))

    @cached_property
    def _settings(self) -> frozenset[str]:
        """The names of all settings."""
        return frozenset([*self.view.base, *(name for trial in self.view.trials for name in trial.params)])

    def trial(self, trial: Trial, *, capital: bool = False) -> Line:
        """Return `trial 3`, or with a title or name `Exp 2 (trial 3)`; to begin a sentence `Trial 3 (Exp 2)`."""
        given_name = self.given_name(trial)
        parts = line("{word} {n}", word="Trial" if capital else "trial", n=self.number(trial))
        if not given_name:
            return parts
        return (*parts, " (", Name(given_name), ")") if capital else (Name(given_name), " (", *parts, ")")

    def number(self, trial: Trial) -> Fact:
        """Return the number of a trial."""
        return Fact(f"trial.{trial.number}.number", trial.number, str(trial.number), (trial.number,), "number")

    def given_name(self, trial: Trial) -> str:
        """Return the name that a person gave a trial, as the table of trials shows it: its name or its title."""
        columns = self.study.report.columns
        return trial.name if "name" in columns and "title" not in columns and given_title(trial) else given_title(trial)

    def trials(self, trials: Sequence[Trial], key: str, *, capital: bool = False) -> Line:
        """Return `trials 2, 8 and 12`, with `capital` to begin a sentence; of many some and a count."""
        if not trials:
            return ("None" if capital else "none",)
        word = "trial " if len(trials) == 1 else "trials "
        if len(trials) <= MAX_LISTED_TRIALS:
            named = [trial for trial in trials if self.given_name(trial)]
            parts = [self.trial(trial, capital=capital and trial is named[0]) for trial in named]
            if unnamed := [trial for trial in trials if not self.given_name(trial)]:
                word = "trial " if len(unnamed) == 1 else "trials "
                word = word.capitalize() if capital and not named else word
                parts.append((word, *join_with_and((self.number(trial),) for trial in unnamed)))
            return join_with_and(parts)
        others = self.count(f"{key}.more", trials[MAX_LISTED_TRIALS:])
        word = word.capitalize() if capital else word
        return (word, *join_parts(self.number(trial) for trial in trials[:MAX_LISTED_TRIALS]), " and ", others, " more")

    # numbers ----------------------------------------------------------------------------------------------------

    def value(self, trial: Trial, name: str, *, so_far: bool = False) -> Fact | str:
        """Return a trial's value of a metric, of its time or memory; `–` if not measured.

        Only a complete trial has a value of an objective; `so_far` returns what another one last reported. A mean over
        replicates becomes a fact of all of them.
        """
        objective = name in [goal.metric for goal in self.study.objectives]
        value = (trial.values or {}).get(name) if objective and not so_far else measured_value(trial, name)
        if value is None:
            return NO_VALUE
        original = self.originals.get(trial.number, trial)
        if objective and value == (trial.values or {}).get(name) != (original.values or {}).get(name):
            runs = tuple(run.number for run in replicates(self.view, original))
            return Fact(
                f"trial.{trial.number}.{name}.mean", value, self.format_value(name, value), runs, f"values.{name}"
            )
        field = MEASURED.get(name) or ("values." if name in (trial.values or {}) else "metrics.") + name
        return Fact(f"trial.{trial.number}.{name}", value, self.format_value(name, value), (trial.number,), field)

    def format_value(self, name: str, value: float) -> str:
        """Return a value of a metric as text, in the metric's own format."""
        if not math.isfinite(value):
            return nonfinite_name(value)
        if name in ("seconds", SECONDS_ALONE):
            return duration(value)
        if name == "peak_memory_gb":
            return memory(value)
        spec = self.study.metrics.get(name)
        own = "" if spec is not None and spec.format else self._digits(name).text(value)
        text = f"{own} {spec.unit}".rstrip() if own and spec is not None else own or metric(value, spec)
        return f"−{text[1:]}" if text.startswith("-") else text

    def _digits(self, name: str) -> Digits:
        """Return the digits of all values of a metric; none for time, memory or no values."""
        if name not in self._known_digits:
            self._known_digits[name] = digits_of(self._ranked_values(name), self._standard_error(name))
        return self._known_digits[name]

    def _ranked_values(self, name: str) -> list[float]:
        """Return the finite values of a metric, that of the best trial first."""
        order = self.data.order or [trial for trial in self.view.trials if trial.status is TrialStatus.COMPLETE]
        return [value for trial in order if (value := measured_value(trial, name)) is not None]

    def _standard_error(self, name: str) -> float | None:
        """Return the standard error of the configuration that was repeated most; None without repeats."""
        originals = {trial.replicate_of for trial in self.view.trials if trial.replicate_of is not None}
        groups = [replicates(self.view, self.originals[number]) for number in sorted(originals & set(self.originals))]
        values = [value for run in max(groups, key=len, default=[]) if (value := measured_value(run, name)) is not None]
        return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None

    def setting(self, trial: Trial, name: str) -> Line:
        """Return a setting as requested; `3 → 2` where another value was used; `–` where it has none."""
        settings = self.view.settings(trial)
        if name not in settings or trial.role is Role.BASE:  # the base model was not trained, so settings do not apply
            return (NO_VALUE,)
        field = f"params.{name}" if name in trial.params else f"trainer.{name}"
        fact = Fact(f"trial.{trial.number}.{name}", settings[name], setting(settings[name]), (trial.number,), field)
        used = trial.effective.get(name, settings[name])
        if used == settings[name]:
            return (fact,)
        key = f"trial.{trial.number}.effective.{name}"
        return (fact, " → ", Fact(key, used, setting(used), (trial.number,), f"effective.{name}"))

    def base_setting(self, name: str) -> Fact:
        """Return a setting of the study file: as the baseline found it, else as it is now."""
        value = self.view.compared_base[name]
        return Fact(f"base.{name}", value, setting(value) if value != "" else NO_VALUE, (), f"trainer.{name}")

    def cell(self, trial: Trial, name: str) -> Line:
        """Return the content of a table cell. A setting takes precedence over a metric of the same name."""
        metrics = {objective.metric for objective in self.study.objectives} | set(self.study.metrics)
        if (hidden := setting_of_column(self.view, name)) is not None:
            return self.setting(trial, hidden)
        if name in MEASURED:
            return (self.value(trial, name),)
        if name in metrics:
            return self.marked_value(trial, name)
        if name in self.view.settings(trial):
            return self.setting(trial, name)
        if name in trial.effective:
            value, field = trial.effective[name], f"effective.{name}"
            return (Fact(f"trial.{trial.number}.{field}", value, setting(value), (trial.number,), field),)
        if name in trial.facts:
            value, field = trial.facts[name], f"facts.{name}"
            return (Fact(f"trial.{trial.number}.{field}", value, setting(value), (trial.number,), field),)
        return self.marked_value(trial, name)

    def marked_value(self, trial: Trial, name: str) -> Line:
        """Return a trial's value of a metric, marked if its curve is incomplete."""
        value = self.value(trial, name)
        return (value, INCOMPLETE_MARK) if trial.incomplete_curve and value != NO_VALUE else (value,)

    def count(self, key: str, trials: Iterable[Trial]) -> Fact:
        """Return the number of trials."""
        numbers = tuple(trial.number for trial in trials)
        return Fact(key, len(numbers), f"{len(numbers):,}", numbers)

    def count_with_noun(self, key: str, trials: Sequence[Trial], singular: str, plural: str = "") -> Line:
        """Return the number of trials with the noun for them: `1 trial`, `3 trials`."""
        return (self.count(key, trials), " ", singular if len(trials) == 1 else plural or f"{singular}s")

    def of_value(
        self, key: str, value: Value, trials: Iterable[Trial] = (), *, text: str = "", field: str = ""
    ) -> Fact:
        """Return any value as a fact; four significant digits where it is a number."""
        numbers = tuple(trial.number for trial in trials)
        return Fact(key, value, text or setting(value), numbers, field)

    def of_metric(self, key: str, name: str, value: float, trials: Iterable[Trial], field: str = "") -> Fact:
        """Return a number in the format of a metric: a mean, a bound of an interval."""
        return Fact(key, value, self.format_value(name, value), tuple(trial.number for trial in trials), field)

    def is_rate(self, name: str) -> bool:
        """Return whether a metric is a share: counted, of a number of samples, in per cent, or by its name.

        What has another unit is no share, whatever it is called.
        """
        spec, trials = self.study.metrics.get(name), self.view.trials
        written = f"{spec.format}{spec.unit}" if spec is not None else ""
        samples = any(objective.metric == name and objective.samples for objective in self.study.objectives)
        counted = any(name + TOTAL_SUFFIX in trial.metrics for trial in trials)
        if samples or counted or written == "percent" or written.endswith("%"):
            return True
        return not (spec is not None and spec.unit) and self._is_named_rate(name)

    def _is_named_rate(self, name: str) -> bool:
        """Return whether a metric is a share by its name and its values: an accuracy from 0 to 1, or to 100."""
        values = self._ranked_values(name) if is_rate_by_name(name) else []
        return bool(values) and min(values) >= 0 and max(values) <= 100

    def is_share(self, name: str) -> bool:
        """Return whether all values are from 0 to 1: a rate may be from 0 to 100, too."""
        values = self._ranked_values(name)
        within = bool(values) and min(values) >= 0 and max(values) <= 1
        return within and not any(is_in_percent(trial, name) for trial in self.view.trials)

    def percentage(
        self, key: str, value: float, trials: Iterable[Trial], *, signed: bool = False, digits: int = 1
    ) -> Fact:
        """Return a share as a percentage."""
        text = f"{value:+.{digits}%}" if signed and value else f"{value:.{digits}%}"
        return Fact(key, value, text.replace("-", "−") if signed else text, tuple(trial.number for trial in trials))

    def confidence(self) -> Fact:
        """Return the confidence level of all intervals."""
        return Fact("confidence", 0.95, "95%")

    def interval(self, key: str, name: str, bounds: Interval, trials: Sequence[Trial]) -> Line:
        """Return an interval, `1.4% to 6.4%`: a rate as percentages, another metric in its own format."""
        if bounds.k is not None:
            return line(
                "{low} to {high}",
                low=self.percentage(f"{key}.low", bounds.low, trials),
                high=self.percentage(f"{key}.high", bounds.high, trials),
            )
        low = self.of_metric(f"{key}.low", name, bounds.low, trials)
        high = self.of_metric(f"{key}.high", name, bounds.high, trials)
        unit = high.text.partition(" ")[2]
        if unit and low.text.endswith(f" {unit}"):  # named once: `45.9 to 58.0 points`
            low = Fact(low.key, low.value, low.text.removesuffix(f" {unit}"), low.trials, low.field)
        return line("{low} to {high}", low=low, high=high)

    def duration(self, key: str, seconds: float, trials: Iterable[Trial] = (), field: str = "") -> Fact:
        """Return a duration; `seconds` is rounded for display."""
        return Fact(key, seconds, duration(seconds), tuple(trial.number for trial in trials), field)

    def memory(self, key: str, gb: float, trials: Iterable[Trial] = (), field: str = "") -> Fact:
        """Return an amount of memory in GiB."""
        return Fact(key, gb, memory(gb), tuple(trial.number for trial in trials), field)

    def gpu_hours(self, key: str, seconds: float, trials: Iterable[Trial]) -> Fact:
        """Return the hours of GPUs, with two digits behind the point up to ten."""
        hours = seconds / 3600
        text = f"{hours:.2g}" if hours < 0.1 else f"{hours:.2f}" if hours < 10 else f"{hours:,.0f}"
        return self.of_value(key, hours, trials, text=text)

    def difference(self, key: str, name: str, value: float, trials: Iterable[Trial]) -> Fact:
        """Return a signed difference in the unit of a metric, with the digits of its values."""
        text = in_points(self.format_value(name, abs(value)).removeprefix("~").partition(" (")[0])
        short, spec = float(f"{abs(value):.2g}"), self.study.metrics.get(name)
        if short == abs(value) or (value and not any(digit in text for digit in "123456789")):
            text = in_points(f"{without_zeros(number(short))} {spec.unit if spec else ''}".rstrip())  # values have more
        sign = "−" if value < 0 else "+" if value else ""
        return Fact(key, value, f"{sign}{text}", tuple(trial.number for trial in trials))

    def change(self, key: str, name: str, old: float, new: float, trials: Iterable[Trial]) -> Fact | str:
        """Return the signed change between two values as they are printed; `equal` if they print the same."""
        before, after = self.format_value(name, old), self.format_value(name, new)
        if before == after:
            return "equal"
        numbers = tuple(trial.number for trial in trials)
        change = duration_change if name == "seconds" else change_text
        text = self._points(name, before, after) or change(before, after, new - old)
        return Fact(key, new - old, text, numbers)

    def _points(self, name: str, before: str, after: str) -> str:
        """Return the signed change of a rate, as printed, in percentage points; '' for no rate."""
        first, second = printed_decimal(before), printed_decimal(after)
        if first is None or second is None or not self.is_rate(name):
            return ""
        points = (second - first) * (1 if PRINTED_PERCENTAGE.match(after) or not self.is_share(name) else 100)
        return f"{points.normalize():+f} point{'' if abs(points) == 1 else 's'}".replace("-", "−")

    def share(self, key: str, name: str, old: float, new: float, trials: Iterable[Trial]) -> Fact | None:
        """Return the signed change as a percentage; None where it has no meaning.

        It has one for positive values of which the old one, as printed, is at least ten units of its last digit.
        A rate has percentage points: `+2.0%` would be read as both.
        """
        texts = [self.format_value(name, value) for value in (old, new)]
        before, after = (printed_decimal(text) for text in texts)
        if before is None or after is None or before == after:
            return None
        if points := self._points(name, *texts):
            return Fact(key, new - old, points, tuple(trial.number for trial in trials))
        if old <= 0 or new < 0:
            return None
        if before < Decimal((0, (1,), int(before.as_tuple().exponent) + 1)):
            return None
        exact, printed = (new - old) / old, float((after - before) / before)
        digits = next((n for n in (1, 0) if f"{exact:.{n}%}" == f"{printed:.{n}%}"), None)
        fact = None if digits is None else self.percentage(key, exact, trials, signed=True, digits=digits)
        is_all = fact is not None and fact.text in ("−100%", "−100.0%") and new != 0  # nearly all of it is not 100 %
        return fact if fact is not None and fact.text.strip("+−0.%") and not is_all else None  # nor is a little 0 %
