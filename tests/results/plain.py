"""The numbers of a report once more, from the recorded trials alone: plain Python and numpy, no code of `results`.

`Plain(made).numbers` has numbers by the key that a fact of the report has. Written from the
texts of the documentation, not from the code, so that an error would have to be made twice.
"""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
from scipy import linalg, optimize, stats

from tests.results.generated import LENGTHS


def finite(trial, metric):
    value = (trial.values or {}).get(metric)
    return str(trial.status) == "complete" and value is not None and math.isfinite(value)


def union(spans):
    """Length of a union of intervals, by counting between all end points."""
    edges = sorted({edge for span in spans for edge in span})
    return sum(high - low for low, high in itertools.pairwise(edges) if any(a <= low and high <= b for a, b in spans))


def pooled(groups):
    """The standard deviation within groups, and its degrees of freedom."""
    squares = sum((len(group) - 1) * statistics.variance(group) for group in groups if len(group) > 1)
    df = sum(len(group) - 1 for group in groups)
    return math.sqrt(squares / df), df


def student(values, noise, low_limit=None, high_limit=None):
    n, mean = len(values), statistics.fmean(values)
    deviation, df = noise
    half = stats.t.ppf(0.975, df) * deviation / math.sqrt(n)
    low, high = mean - half, mean + half
    low = low if low_limit is None or min(values) < low_limit else max(low, low_limit)
    return low, high if high_limit is None else min(high, high_limit)


def wilson(k, n):
    z = stats.norm.ppf(0.975)
    p, d = k / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / d, z / d * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def best_of_equal(count):
    """E[max] of normal variables, by integrating 1 - F(x)^n."""
    x = np.linspace(-12, 12, 200_001)
    above = np.trapezoid(1 - stats.norm.cdf(x[x >= 0]) ** count, x[x >= 0])
    return float(above - np.trapezoid(stats.norm.cdf(x[x <= 0]) ** count, x[x <= 0]))


class Plain:
    """The expected numbers of one study."""

    def __init__(self, made) -> None:
        self.made, self.metric = made, made.metric
        self.sign = 1 if made.goal == "minimize" else -1
        self.trials = made.trials
        self.numbers: dict[str, float] = {}
        roles = ("base", "replicate")
        ranked = [t for t in self.trials if str(t.role) not in roles and finite(t, self.metric)]
        self.order = sorted(ranked, key=lambda t: (self.sign * t.values[self.metric], t.number))
        self._counts()
        self._costs()
        self._curves()
        if self.order:
            self._best()
            self._fresh()

    def value(self, trial):
        return trial.values[self.metric]

    def _counts(self):
        n = self.numbers
        if self.trials:
            n["study.trials"] = len(self.trials)
        for status in ("complete", "failed", "pruned"):
            if same := [t for t in self.trials if str(t.status) == status]:
                n[f"study.{status}"] = len(same)
        for trial in self.trials:
            if str(trial.status) == "failed":
                key = f"wrong.{trial.reason}"
                n[key] = n.get(key, 0) + 1
        for trial in self.trials:
            n[f"trial.{trial.number}.number"] = trial.number
            n[f"trial.{trial.number}.seconds"] = trial.seconds
            if trial.peak_memory_gb is not None:
                n[f"trial.{trial.number}.peak_memory_gb"] = trial.peak_memory_gb
            if finite(trial, self.metric):
                n[f"trial.{trial.number}.{self.metric}"] = self.value(trial)
            for name, value in trial.params.items():
                n[f"trial.{trial.number}.{name}"] = value

    def _costs(self):
        n = self.numbers
        ran = [t for t in self.trials if str(t.role) != "imported"]
        if ran:
            n["cost.wall"] = union([(t.started, t.ended) for t in ran])
        timed = [t for t in ran if str(t.status) == "complete" and str(t.role) != "base"]
        if timed:
            seconds = [t.seconds for t in timed]
            n |= {"time.n": len(timed), "time.total": sum(seconds)}
            n |= {"time.mean": statistics.fmean(seconds), "time.median": statistics.median(seconds)}
        heavy = [t.peak_memory_gb for t in self.trials if t.peak_memory_gb is not None and str(t.role) != "base"]
        if heavy:
            n |= {"memory.n": len(heavy), "memory.mean": statistics.fmean(heavy)}

    def _curves(self):
        for number, by_metric in self.made.curves.items():
            for name, points in by_metric.items():
                if len(points) > 2:
                    key = f"curve.{number}.{name}"
                    self.numbers |= {f"{key}.first": points[0][1], f"{key}.last": points[-1][1]}
                    self.numbers |= {f"{key}.from": points[0][0], f"{key}.to": points[-1][0]}
                self.numbers[f"trial.{number}.evaluations"] = len(points)

    def _best(self):
        n, best = self.numbers, self.order[0]
        n["best.of"] = len(self.peers())
        baseline = next((t for t in self.trials if str(t.role) == "baseline"), None)
        self.baseline = baseline if baseline is not None and finite(baseline, self.metric) else None
        if self.baseline is not None and self.value(self.baseline):
            base = statistics.fmean(self.value(t) for t in self.runs(self.baseline))
            n["best.change"] = self._change(base, self.value(best))
        ran = [t for t in self.trials if str(t.role) != "imported"]
        if best.ended is not None:
            n["cost.until_best"] = union([(t.started, min(t.ended, best.ended)) for t in ran if t.started < best.ended])
        if self.made.kind == "rate":
            k = round(self.value(best) * self.made.questions)
            low, high = wilson(k, self.made.questions)
            n |= {"best.k": k, "best.n": self.made.questions, "best.interval.low": low, "best.interval.high": high}

    def peers(self):
        """The trials that are not known to have trained for another length than the best."""
        known = {t.number: t.params.get(self.made.unit) for t in self.order}
        usual = LENGTHS[self.made.unit][0]
        lengths = {t.number: known[t.number] or (None if str(t.role) == "imported" else usual) for t in self.order}
        own = lengths[self.order[0].number]
        return [t for t in self.order if None in (own, lengths[t.number]) or lengths[t.number] == own]

    def runs(self, trial):
        again = [t for t in self.trials if t.replicate_of == trial.number and finite(t, self.metric)]
        return [trial, *again]

    def _fresh(self):
        n = self.numbers
        used = {t.seed for t in self.order}
        groups = {t.number: self.runs(t) for t in self.order}
        limits = (0.0, 1.0) if self.made.kind == "rate" else (0.0, None)
        limits = (None, None) if self.metric == "score" else limits
        for trial in self.order:
            fresh = [self.value(t) for t in groups[trial.number][1:] if t.seed not in used]
            if fresh:
                key = f"fresh.{trial.number}"
                n |= {f"{key}.n": len(fresh), f"{key}.mean": statistics.fmean(fresh)}
                if len(fresh) > 1:
                    others = [list(map(self.value, groups[t.number])) for t in self.order if t is not trial]
                    low, high = student(fresh, pooled([fresh, *others]), *limits)
                    n |= {f"{key}.interval.low": low, f"{key}.interval.high": high}
        if self.baseline is not None:
            base = [self.value(t) for t in groups[self.baseline.number]]
            key = f"baseline.{self.baseline.number}.mean"
            n |= {key: statistics.fmean(base), f"{key}.n": len(base)}
            self._difference(base)
        repeated = [list(map(self.value, group)) for group in groups.values() if len(group) > 1]
        if repeated:
            self.deviation, _ = pooled(repeated)
            n["noise.deviation"] = float(f"{self.deviation:.2g}")
            n["noise.runs"] = sum(map(len, repeated))
            if self.made.kind != "rate":
                n["best.luck"] = float(f"{best_of_equal(len(self.peers())) * self.deviation:.2g}")
        if self.made.kind == "rate":
            rate = statistics.median(self.value(t) for t in self.peers())
            spread = math.sqrt(rate * (1 - rate) / self.made.questions)
            n["best.luck"] = float(f"{100 * best_of_equal(len(self.peers())) * spread:.2g}")

    def _difference(self, base):
        fresh_mean = self.numbers.get(f"fresh.{self.order[0].number}.mean")
        if fresh_mean is not None and self.order[0] is not self.baseline:
            self.numbers["fresh.best.change"] = self._change(statistics.fmean(base), fresh_mean)

    def _change(self, old, new):
        """The change as a share of the old value; of a rate the difference, which is shown in points."""
        return new - old if self.made.kind == "rate" else new / old - 1


def evidence(position, category, values, group):
    """Twice the gain in penalised log likelihood by a group of settings: dense algebra, numeric gradients."""
    y = np.asarray(values, float)
    y = (y - y.mean()) / y.std()
    count = position.shape[1]
    squares = [
        (position[:, None, j] != position[None, :, j]).astype(float)
        if category[j]
        else (position[:, None, j] - position[None, :, j]) ** 2
        for j in range(count)
    ]

    def loss(x, active):
        weights, scale, noise = np.exp(x[:-2]), math.exp(x[-2]), math.exp(x[-1])
        r = np.sqrt(
            sum((w * squares[j] for w, j in zip(weights, active, strict=True)), np.zeros((len(y), len(y)))) + 1e-12
        )
        k = scale * (1 + math.sqrt(5) * r + 5 / 3 * r * r) * np.exp(-math.sqrt(5) * r) + 1
        k += (noise + 1e-8) * np.eye(len(y))
        sign, logdet = np.linalg.slogdet(k)
        if sign <= 0:
            return 1e10
        found = 0.5 * y @ linalg.solve(k, y, assume_a="pos") + 0.5 * logdet
        found += 0.5 * sum(max(0.0, v - math.log(2)) ** 2 for v in x[:-2])
        return found + x[-2] ** 2 / 4.5 + (x[-1] - math.log(0.05)) ** 2 / 8

    def smallest(active, starts):
        bounds = [(-9, 4)] * len(active) + [(-5, 4), (-12, 1)]
        return min(
            (optimize.minimize(loss, s, (active,), "L-BFGS-B", bounds=bounds) for s in starts), key=lambda r: r.fun
        )

    everything = list(range(count))
    starts = [[math.log(w)] * count + [0.0, math.log(v)] for w, v in ((0.5, 0.1), (0.05, 0.5), (1.0, 0.02))]
    full = smallest(everything, starts)
    rest = [j for j in everything if j not in group]
    start = [full.x[j] for j in rest] + list(full.x[-2:])
    reduced = smallest(rest, [start, [math.log(0.3)] * len(rest) + [0.0, math.log(0.3)]])
    return 2 * (reduced.fun - min(full.fun, reduced.fun))
