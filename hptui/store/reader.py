"""Questions to a store: of its writer, and of front ends, which read a study while its runner writes.

Standard library only, so that front ends start fast. Results are fetched whole, and a read transaction ends with its
query: an open one lets the write-ahead log grow. Strings are returned as they were stored: front ends sanitize them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from hptui.core.errors import MachineError, NotFound
from hptui.core.rungs import RungResult
from hptui.core.trial import Attempt, Rejection, StudyState, Trial, TrialStatus
from hptui.store import metric_points, records, rungs, samples
from hptui.store.connection import Connection
from hptui.store.damage import reads_records, table_of
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.records import (
    ATTEMPT_COLUMNS,
    TRIAL_COLUMNS,
    TRIAL_COLUMNS_OF_FORMAT_1,
    ArtifactRow,
    Bucket,
    CheckpointRow,
    Command,
    EventRow,
    MetricSummary,
    Revision,
    Sample,
    StudyRow,
)

_IS_OPEN = "state IN ('starting', 'running')"


@reads_records
class StoreReader:
    """The questions to a store. One that was opened with `open` is a context manager; it may move between threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def open(cls, sd: StudyDir) -> StoreReader:
        """Open a study's store for reading.

        Raises: NotFound, MachineError.
        """
        sd.require_store()
        return cls(Connection.read_only(sd.db))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # the study ------------------------------------------------------------------------------------------------

    def study(self) -> StudyRow:
        """Return the row of the study."""
        row = self.connection.row(records.STUDY_QUERY)
        if row is None:
            raise MachineError(f"{self.connection.path} holds no study")
        return records.study_row(row)

    def activity(self) -> tuple[StudyState, float]:
        """Return the state of the study and its seconds of activity, without reading its specification."""
        row = self.connection.row("SELECT state, seconds FROM study")
        if row is None:
            raise MachineError(f"{self.connection.path} holds no study")
        return StudyState(row[0]), float(row[1])

    def revision(self) -> int:
        """Return the revision of the study's specification."""
        return int(self.connection.row("SELECT revision FROM study")[0])

    def spec_json(self, rev: int | None = None) -> dict[str, Any]:
        """Return the study's specification, the current one or that of a revision.

        Raises: NotFound.
        """
        if rev is None:
            return dict(self.study().spec)
        row = self.connection.row("SELECT spec_json FROM revisions WHERE rev = ?", (rev,))
        if row is None:
            raise NotFound(f"the study has no revision {rev}")
        return table_of(records.parse_json(row[0]))

    def revisions(self) -> list[Revision]:
        """Return all revisions of the specification, oldest first."""
        rows = self.connection.rows("SELECT rev, at, spec_json, why FROM revisions ORDER BY rev")
        return [Revision(rev, at, table_of(records.parse_json(spec)), why) for rev, at, spec, why in rows]

    def defaults(self) -> dict[str, Any]:
        """Return the trainer's values for settings that the study file does not give, as of the last run."""
        return table_of(records.parse_json(self.get_meta(MetaKey.DEFAULTS, "{}")))

    def study_facts(self) -> dict[str, Any]:
        """Return facts about the whole study that are not in its file: splits of its data, warnings on them."""
        return table_of(records.parse_json(self.get_meta(MetaKey.FACTS, "{}")))

    def stage_history(self) -> list[dict[str, Any]]:
        """Return the stages that have begun, in order.

        Each has its `name`, the numbers of the trials that it builds on (`from`), the settings of the first of them
        (`fixed`), and the time at which it `began`.
        """
        return [table_of(stage) for stage in records.parse_json(self.get_meta(MetaKey.STAGES, "[]"))]

    def prior_knowledge(self) -> dict[str, list[dict[str, Any]]]:
        """Return, for each stage, which trials of other studies and imports informed its search.

        Each entry names its source, the number of `trials` there, how many of them were `heard` by the engine, and
        `why` the first of the others was not.
        """
        return table_of(records.parse_json(self.get_meta(MetaKey.PRIOR_KNOWLEDGE, "{}")))

    def get_meta(self, key: MetaKey, default: str = "") -> str:
        """Return a value of the `meta` table, which describes the store itself."""
        row = self.connection.row("SELECT value FROM meta WHERE key = ?", (key,))
        return default if row is None else str(row[0])

    def starred(self) -> frozenset[int]:
        """Return the numbers of the trials that a person has starred."""
        return frozenset(json.loads(self.get_meta(MetaKey.STARRED, "[]")))

    # trials and attempts --------------------------------------------------------------------------------------

    def trials(self, *, seen: bool = False) -> list[Trial]:
        """Return all trials, by number.

        `Trial.seen` is empty unless `seen` is set: its total size grows with the square of the number of trials.
        """
        return self._trials("", (), seen=seen)

    def changed_trials(self, since: int = 0) -> tuple[list[Trial], int]:
        """Return the trials that changed after the mark `since` (0: all trials), and the new mark."""
        with self.connection.snapshot():
            changed = self._trials("WHERE changed > ?", (since,))
            row = self.connection.row("SELECT max(changed) FROM trials")
        return changed, since if row is None or row[0] is None else row[0]

    def trial(self, number: int, *, seen: bool = True) -> Trial:
        """Return one trial, `seen` included unless it is not asked for.

        Raises: NotFound.
        """
        trials = self._trials("WHERE number = ?", (number,), seen=seen)
        if not trials:
            raise NotFound(f"there is no trial {number}")
        return trials[0]

    def best_trials(self, metric: str, goal: str, limit: int) -> list[Trial]:
        """Return the running trials, and the `limit` complete trials with the best recorded values.

        `[search] outcome` is not considered here: `core.ranking` decides which trial is the best.
        """
        order = "DESC" if goal == "maximize" else "ASC"
        with self.connection.snapshot():
            running = self.connection.rows("SELECT number FROM trials WHERE status = 'running'")
            best = self.connection.rows(
                "SELECT number FROM trials WHERE status = 'complete' AND values_json IS NOT NULL "  # noqa: S608
                f"ORDER BY json_extract(values_json, ?) {order}, number LIMIT ?",
                ("$." + json.dumps(metric, ensure_ascii=False), limit),
            )
            numbers = json.dumps([row[0] for row in (*running, *best)])
            return self._trials("WHERE number IN (SELECT value FROM json_each(?))", (numbers,))

    def next_number(self) -> int:
        """Return the number of the next trial. Trials are never deleted."""
        return int(self.connection.row("SELECT coalesce(max(number), -1) + 1 FROM trials")[0])

    def trial_names(self) -> set[str]:
        """Return the names of all trials."""
        return {row[0] for row in self.connection.rows("SELECT name FROM trials")}

    def status_counts(self) -> dict[TrialStatus, int]:
        """Return the number of trials by status, without statuses that no trial has."""
        rows = self.connection.rows("SELECT status, count(*) FROM trials GROUP BY status")
        return {TrialStatus(status): count for status, count in rows}

    def attempts(self, trial: int | None = None, open: bool = False) -> list[Attempt]:
        """Return the attempts of one trial or of all, in order; with `open`, those that have not ended."""
        terms = [term for term, used in (("trial = :t", trial is not None), (_IS_OPEN, open)) if used]
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        sql = f"SELECT {ATTEMPT_COLUMNS} FROM attempts {where} ORDER BY trial, n"  # noqa: S608 (all parts are ours)
        return [records.attempt_from_row(row) for row in self.connection.rows(sql, {"t": trial})]

    def attempt(self, token: str) -> Attempt:
        """Return an attempt by its token.

        Raises: NotFound.
        """
        sql = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE token = ?"  # noqa: S608 (all parts are ours)
        row = self.connection.row(sql, (token,))
        if row is None:
            raise NotFound(f"there is no attempt {token}")
        return records.attempt_from_row(row)

    def _trials(self, where: str, args: Sequence[Any], *, seen: bool = False) -> list[Trial]:
        of_trials = f"WHERE trial IN (SELECT number FROM trials {where})" if where else ""  # noqa: S608 (all parts are ours)
        columns = TRIAL_COLUMNS if self.connection.format >= 2 else TRIAL_COLUMNS_OF_FORMAT_1
        with self.connection.snapshot():
            rows = self.connection.rows(f"SELECT {columns} FROM trials {where} ORDER BY number", args)  # noqa: S608
            attempt_rows = self.connection.rows(
                "SELECT trial, count(*), coalesce(max(peak_gpu_gb), max(peak_rss_gb)) "  # noqa: S608
                f"FROM attempts {of_trials} GROUP BY trial",
                args,
            )
            last_values = self.connection.rows(f"SELECT trial, metric, value, odd FROM metric_last {of_trials}", args)  # noqa: S608
            rejected = self.connection.rows(
                f"SELECT trial, params_json, why, margin, margin_odd FROM rejections {of_trials} ORDER BY trial, seq",  # noqa: S608
                args,
            )
            names = metric_points.names_by_id(self.connection)
        metrics: dict[int, dict[str, float]] = defaultdict(dict)
        for trial, metric, value, odd in last_values:
            metrics[trial][names[metric]] = records.join_nonfinite_number(value, odd)
        attempts = {trial: (count, peak) for trial, count, peak in attempt_rows}
        rejections: dict[int, list[Rejection]] = defaultdict(list)
        for trial, params, why, margin, odd in rejected:
            rejections[trial].append(
                Rejection(records.parse_json(params), why, records.join_nonfinite_number(margin, odd))
            )
        trials = []
        for row in rows:
            count, peak = attempts.get(row[0], (0, None))
            trials.append(
                records.trial_from_row(
                    row,
                    metrics=metrics.get(row[0]) or {},
                    attempts=count,
                    peak_memory_gb=peak,
                    rejections=tuple(rejections.get(row[0], ())),
                    seen=seen,
                )
            )
        return trials

    def rungs(self, trial: int | None = None) -> list[RungResult]:
        """Return the rungs that a trial, or any, paused at, in the order of trials and rungs."""
        return rungs.read(self.connection, trial)

    # metrics --------------------------------------------------------------------------------------------------

    def metric_names(self, trial: int | None = None) -> list[str]:
        """Return the names of metrics that a trial, or any, has reported, in order of appearance."""
        return metric_points.metric_names(self.connection, trial)

    def curve(self, trial: int, metric: str, *, after: int | None = None) -> list[tuple[int, float, float]]:
        """Return the points (step, value, seconds) of a metric, by step.

        NaN and infinities are included; with `after`, only points of later steps.
        """
        return metric_points.curve(self.connection, trial, metric, after=after)

    def buckets(
        self, trial: int, metric: str, count: int, *, start: int | None = None, end: int | None = None
    ) -> list[Bucket]:
        """Return a curve in at most `count` buckets of equal numbers of steps.

        With `start` and `end`, only those steps. Each bucket keeps its extremes. Empty buckets are left out.
        """
        return metric_points.buckets(self.connection, trial, metric, count, start=start, end=end)

    def metric_summaries(self, trial: int) -> dict[str, MetricSummary]:
        """Return the summary of each metric of a trial."""
        return metric_points.metric_summaries(self.connection, trial)

    def summaries_of_metric(self, metric: str) -> dict[int, MetricSummary]:
        """Return the summary of one metric for each trial that reported it, by trial."""
        return metric_points.summaries_of_metric(self.connection, metric)

    # what else happened ---------------------------------------------------------------------------------------

    def events(self, after_id: int = 0, limit: int | None = None, *, trial: int | None = None) -> list[EventRow]:
        """Return events in order, those after an id; `limit` keeps the newest."""
        rows = self.connection.rows(
            "SELECT id, at, level, trial, kind, message FROM events "
            "WHERE id > :a AND (:t IS NULL OR trial = :t) ORDER BY id DESC LIMIT :l",
            {"a": after_id, "t": trial, "l": -1 if limit is None else limit},
        )
        return [EventRow(*row) for row in reversed(rows)]

    def has_code_changes(self) -> bool:
        """Return whether a trial did not run the code and data of the trials before it."""
        sql = "SELECT 1 FROM events WHERE kind = :k AND trial IS NOT NULL LIMIT 1"
        return bool(self.connection.rows(sql, {"k": EventKind.CHANGED}))

    def samples(self, token: str, *, after: float = 0.0) -> list[Sample]:
        """Return the recorded resource usage of an attempt, by time."""
        return samples.read(self.connection, token, after)

    def checkpoints(self, trial: int) -> list[CheckpointRow]:
        """Return the checkpoints of a trial, lowest step first."""
        sql = "SELECT trial, step, attempt, path, bytes, at FROM checkpoints WHERE trial = ? ORDER BY step"
        return [CheckpointRow(*row) for row in self.connection.rows(sql, (trial,))]

    def artifacts(self, trial: int) -> list[ArtifactRow]:
        """Return the files that a trial left, by path."""
        sql = "SELECT trial, path, attempt, label, at FROM artifacts WHERE trial = ? ORDER BY path"
        return [ArtifactRow(*row) for row in self.connection.rows(sql, (trial,))]

    def pending_commands(self) -> list[Command]:
        """Return the commands that have not been carried out, oldest first."""
        return self._commands("WHERE done IS NULL")

    def commands(self, after_id: int = 0) -> list[Command]:
        """Return all commands after an id, oldest first."""
        return self._commands("WHERE id > ?", (after_id,))

    def command_state(self, command: int) -> tuple[bool, bool, str]:
        """Return a command's state: whether it is done, whether it succeeded, and its result.

        Raises: NotFound.
        """
        commands = self._commands("WHERE id = ?", (command,))
        if not commands:
            raise NotFound(f"there is no request {command}")
        return commands[0].done is not None, bool(commands[0].ok), commands[0].result

    def _commands(self, where: str, args: Sequence[Any] = ()) -> list[Command]:
        sql = f"SELECT id, at, verb, args_json, done, ok, result FROM commands {where} ORDER BY id"  # noqa: S608
        return [
            Command(number, at, verb, records.parse_json(command_args), done, None if ok is None else bool(ok), result)
            for number, at, verb, command_args, done, ok, result in self.connection.rows(sql, args)
        ]
