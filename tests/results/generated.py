"""Studies of every shape, made from a seed: for properties of whole reports, whatever was recorded."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from hptui.core.answers import QUESTIONS_FACT, RIGHT_FACT, encode_right
from hptui.core.trial import Attempt, AttemptState, Reason, Role, Trial, TrialStatus
from hptui.results.report_data import ReportData
from hptui.store.records import MetricSummary
from tests.results.kit import view_of
from tests.results.seeds import START, one

ABOUTS = (
    "",
    "Does a higher learning rate help?",
    "Which lora_rank and dropout are best?",
    "A first look at the adapter.",
    "How well does it learn",
)
LENGTHS = {"steps": (100, 200), "epochs": (1, 3)}
FAILURES = (Reason.OOM, Reason.NAN, Reason.CRASH, Reason.TIMEOUT, Reason.USAGE, Reason.LOST, Reason.HUNG)


class Made:
    """A study: its file, trials, curves, attempts and facts, and what is true of it."""

    def __init__(self, seed: int) -> None:
        self.die = die = random.Random(seed)
        self.kind = die.choice(["loss", "loss", "loss", "rate", "rate", "percent", "negative", "large"])
        self.sampler = die.choice(["tpe", "tpe", "gp", "random", "list", "grid"])
        self.count = die.choice([0, 1, 1, 2, 3, 5, 7, 8, 9, 12, 14, 20, 30, 45])
        self.unit = die.choice(["steps", "steps", "epochs"])
        self.questions = die.choice([50, 200, 1000])
        self.has_answers = self.kind == "rate" and die.random() < 0.4
        self.goal = "minimize" if self.kind in ("loss", "negative", "large") else "maximize"
        self.metric = {"rate": "accuracy", "percent": "score"}.get(self.kind, "val_loss")
        self.effect = die.choice(["none", "bowl", "slope", "category", "batch", "wall"])
        self.noise = die.choice([0.02, 0.1, 0.5])
        self.hard = [die.gauss(0, 1) for _ in range(self.questions)]
        self.trials: list[Trial] = []
        self.curves: dict[int, dict[str, list[tuple[int, float, float]]]] = {}
        self._make_trials()

    @property
    def text(self) -> str:
        """The study file."""
        length = LENGTHS[self.unit][0]
        about = self.die.choice(ABOUTS)
        rows = [
            'name = "gen"',
            f'about = "{about}"' if about else "",
            "[objective]",
            f'metric = "{self.metric}"',
            f'goal = "{self.goal}"',
            f"samples = {self.questions}" if self.kind == "rate" else "",
            "[trainer]",
            'kind = "made:train"',
            f"{self.unit} = {length}",
            "learning_rate = 1e-3\ndropout = 0.1\nlora_rank = 16\nbatch_size = 8",
            'adapter = "lora"',
            "[space]",
            'learning_rate = "1e-5..1e-1 log"',
            'dropout = "0.0..0.5"',
            "lora_rank = { choices = [4, 8, 16, 32] }",
            'batch_size = "2..16 int"',
            'adapter = { choices = ["lora", "qlora", "full"] }',
            "[search]",
            f'sampler = "{"tpe" if self.sampler in ("list", "grid") else self.sampler}"',
            f"trials = {max(1, self.count)}",
        ]
        if self.kind == "percent":
            rows.append('[metrics.score]\ngoal = "maximize"\nunit = "points"')
        return "\n".join(row for row in rows if row)

    def true_value(self, params: dict) -> float:
        """The mean of a trial's value, in units of a loss."""
        rate = (math.log10(params.get("learning_rate", 1e-3)) + 5) / 4
        if self.effect == "bowl":
            return 3 * (rate - 0.5) ** 2
        if self.effect == "slope":
            return 1.5 * (1 - rate)
        if self.effect == "category":
            return {"lora": 0.4, "qlora": 0.5, "full": 0.0}[params.get("adapter", "lora")]
        if self.effect == "batch":
            return 1.5 / params.get("batch_size", 8)
        return 0.0

    def value_of(self, loss: float) -> float:
        """The recorded value of such a loss."""
        if self.kind == "negative":
            return loss - 5
        if self.kind == "large":
            return 1000 * (1 + loss)
        if self.kind == "percent":
            return 100 / (1 + math.exp(loss))
        return 1 + loss

    def _make_trials(self) -> None:
        die = self.die
        fails = die.choice([0.0, 0.0, 0.1, 0.3, 1.0])
        prunes = die.choice([0.0, 0.0, 0.3])
        other_length = die.choice([0.0, 0.0, 0.0, 0.2, 0.6])
        for n in range(self.count):
            role = Role.BASELINE if n == 0 and die.random() < 0.7 else Role.SEARCH
            if self.sampler == "list" and n:
                role = Role.LISTED
            params = {} if role is Role.BASELINE else self._params()
            if role is not Role.BASELINE and die.random() < other_length:
                params[self.unit] = LENGTHS[self.unit][1]
            self._add(params, role, fails, prunes)
        if self.count and die.random() < 0.2:
            self._add({}, Role.BASE, 0.0, 0.0)
        if self.count and die.random() < 0.15:
            self.trials.append(
                replace(self._new(self._params(), Role.IMPORTED), seconds=0.0, started=None, ended=None, engine="")
            )
        self._repeat()

    def _params(self) -> dict:
        die = self.die
        rate = 10 ** die.uniform(-5, -1)
        return {
            "learning_rate": rate,
            "dropout": round(die.uniform(0, 0.5), 3),
            "lora_rank": die.choice([4, 8, 16, 32]),
            "batch_size": die.randint(2, 16),
            "adapter": die.choice(["lora", "qlora", "full"]),
        }

    def _new(self, params: dict, role: Role, **more) -> Trial:
        """A complete trial, with its curve."""
        number = len(self.trials)
        loss = self.true_value(params) + self.die.gauss(0, self.noise)
        if self.kind == "rate":
            shift = 1.2 * loss
            right = [h + self.die.gauss(0, 1) > shift for h in self.hard]
            value = sum(right) / len(right)
            if self.has_answers:
                more["facts"] = {QUESTIONS_FACT: "q", RIGHT_FACT: {self.metric: encode_right(right)}}
        else:
            value = round(self.value_of(loss), 6)
        steps = params.get("steps", 100)
        trial = one(
            number,
            params,
            {self.metric: value},
            role=role,
            total_steps=steps,
            last_step=steps,
            engine="" if role in (Role.LISTED, Role.BASELINE, Role.BASE) else self.sampler,
            peak_memory_gb=round(self.die.uniform(1, 40), 2),
            seed=more.pop("seed", 42),
            **more,
        )
        if self.kind != "rate" and role is not Role.IMPORTED:
            points = self.die.choice([0, 5, 12, 25])
            spread = abs(value) * 0.3 + 0.1
            sign = 1 if self.goal == "minimize" else -1
            values = [
                value + sign * spread * math.exp(-4 * i / max(1, points)) + self.die.gauss(0, spread / 50)
                for i in range(1, points)
            ]
            own = [(4 * (i + 1), v, float(i)) for i, v in enumerate([*values, value])]
            best = (min if sign > 0 else max)(point[1] for point in own)
            trial = replace(trial, values={self.metric: best}, metrics={self.metric: value})
            self.curves[number] = {self.metric: own} if points else {}
        return trial

    def _add(self, params: dict, role: Role, fails: float, prunes: float) -> None:
        trial = self._new(params, role)
        if self.effect == "wall" and params.get("batch_size", 0) >= 12 and role is not Role.BASE:
            trial = replace(trial, status=TrialStatus.FAILED, reason=Reason.OOM, values=None, metrics={})
        elif self.die.random() < fails:
            trial = replace(trial, status=TrialStatus.FAILED, reason=self.die.choice(FAILURES), values=None, metrics={})
        elif self.die.random() < prunes and role is Role.SEARCH and self.curves.get(trial.number, {}).get(self.metric):
            points = self.curves[trial.number][self.metric]
            points = points[: len(points) // 2 + 1]
            self.curves[trial.number] = {self.metric: points}
            trial = replace(
                trial,
                status=TrialStatus.PRUNED,
                reason=Reason.PRUNER,
                values=None,
                last_step=points[-1][0],
                metrics={self.metric: points[-1][1]},
            )
        if trial.status is TrialStatus.FAILED:
            self.curves.pop(trial.number, None)
        self.trials.append(trial)

    def _repeat(self) -> None:
        complete = [
            t for t in self.trials if t.status is TrialStatus.COMPLETE and t.role in (Role.SEARCH, Role.BASELINE)
        ]
        if not complete or self.die.random() < 0.5:
            return
        sign = 1 if self.goal == "minimize" else -1
        best = min(complete, key=lambda t: sign * t.values[self.metric])
        chosen = [best, *([complete[0]] if complete[0] is not best and self.die.random() < 0.6 else [])]
        for trial in chosen:
            for n in range(self.die.choice([1, 2, 3])):
                self.trials.append(
                    self._new(dict(trial.params), Role.REPLICATE, replicate_of=trial.number, seed=100 + n)
                )

    def record(self) -> ReportData:
        """The study as a report reads it."""
        summaries: dict[str, dict[int, MetricSummary]] = {}
        for number, by_metric in self.curves.items():
            for name, points in by_metric.items():
                low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
                last = points[-1]
                summaries.setdefault(name, {})[number] = MetricSummary(
                    last[0], last[1], low[1], low[0], high[1], high[0], len(points), 0
                )
        attempts = {
            t.number: (
                Attempt(
                    token=str(t.number),
                    trial=t.number,
                    n=1,
                    state=AttemptState.DONE,
                    started=t.started or START,
                    ended=t.ended,
                    seconds=t.seconds,
                    peak_rss_gb=t.peak_memory_gb,
                ),
            )
            for t in self.trials
            if t.role is not Role.IMPORTED
        }
        return ReportData(view_of(self.trials, self.text), attempts, summaries, self.curves)
