"""Every question to a store, asked over a plain `sqlite3` connection: the reader and the writer share them.

Answers are fetched whole, and a transaction for reading ends with its question: an open one lets the log grow.
Standard library only.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hptui.model.errors import MachineError, NotFound
from hptui.model.trial import Attempt, Rejection, StudyState, Trial, TrialStatus
from hptui.storage import cells
from hptui.storage.cells import ATTEMPT_COLUMNS, TRIAL_COLUMNS
from hptui.storage.curves import Curves
from hptui.storage.rows import (
    ArtifactRow,
    CheckpointRow,
    Command,
    EventRow,
    Revision,
    Sample,
    StudyRow,
)

DEFAULTS = "defaults"
FACTS = "facts"
COURSE = "stages"
KNOWLEDGE = "knowledge"


class Queries(Curves):
    """What can be asked of a store. For one thread at a time."""

    _conn: sqlite3.Connection
    _trial_columns = TRIAL_COLUMNS
    path: Path

    # the study ------------------------------------------------------------------------------------------------

    def study(self) -> StudyRow:
        """The study as it stands."""
        row = self._one(
            "SELECT name, state, uuid, created, spec_json, revision, message, seconds, started, ended FROM study"
        )
        if row is None:
            raise MachineError(f"{self.path} holds no study")
        name, state, uuid, created, spec, revision, message, seconds, started, ended = row
        return StudyRow(
            name, StudyState(state), uuid, created, cells.parse(spec), revision, message, seconds, started, ended
        )

    def spec_json(self, rev: int | None = None) -> dict[str, Any]:
        """The study's specification now, or as it was at a revision."""
        if rev is None:
            return dict(self.study().spec)
        row = self._one("SELECT spec_json FROM revisions WHERE rev = ?", (rev,))
        if row is None:
            raise NotFound(f"the study has no revision {rev}")
        return dict(cells.parse(row[0]))

    def revisions(self) -> list[Revision]:
        """All versions of the specification, oldest first."""
        found = self._all("SELECT rev, at, spec_json, why FROM revisions ORDER BY rev")
        return [Revision(rev, at, cells.parse(spec), why) for rev, at, spec, why in found]

    def defaults(self) -> dict[str, Any]:
        """What the trainer uses where the study file says nothing, as it was when the study last ran."""
        found: dict[str, Any] = cells.parse(self.get_meta(DEFAULTS, "{}"))
        return found

    def study_facts(self) -> dict[str, Any]:
        """What is known of the whole study beside its file: splits of its data, doubts about them."""
        found: dict[str, Any] = cells.parse(self.get_meta(FACTS, "{}"))
        return found

    def course(self) -> list[dict[str, Any]]:
        """The stages that have begun, in order: their `name`, the trials that they build on (`from`), the values that
        those `fixed`, and when they `began`.
        """
        found: list[dict[str, Any]] = cells.parse(self.get_meta(COURSE, "[]"))
        return found

    def knowledge(self) -> dict[str, list[dict[str, Any]]]:
        """What the search of each stage knew that it had not found out itself: from which study or import, `trials`
        there, how many of them were `heard`, and `why` the first of the others was not.
        """
        found: dict[str, list[dict[str, Any]]] = cells.parse(self.get_meta(KNOWLEDGE, "{}"))
        return found

    def get_meta(self, key: str, default: str = "") -> str:
        """A small fact about the store itself."""
        row = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        return default if row is None else str(row[0])

    # trials and attempts --------------------------------------------------------------------------------------

    def trials(self, *, seen: bool = False) -> list[Trial]:
        """All trials, by number. `Trial.seen` is empty unless asked for: it grows with the square of their number."""
        return self._trials("", (), seen=seen)

    def changes(self, since: int = 0) -> tuple[list[Trial], int]:
        """The trials that changed after the mark `since`, and the new mark. From 0: all of them."""
        with self.snapshot():
            changed = self._trials("WHERE changed > ?", (since,))
            row = self._one("SELECT max(changed) FROM trials")
        return changed, since if row is None or row[0] is None else row[0]

    def trial(self, number: int) -> Trial:
        """One trial, whole."""
        found = self._trials("WHERE number = ?", (number,), seen=True)
        if not found:
            raise NotFound(f"there is no trial {number}")
        return found[0]

    def glance(self, metric: str, goal: str, limit: int) -> list[Trial]:
        """What one looks at first: trials that run, and the `limit` complete ones with the best recorded values.

        Whether those are the best is for `model.outcome` to say: a condition on the outcome is not asked here.
        """
        order = "DESC" if goal == "maximize" else "ASC"
        with self.snapshot():
            running = self._all("SELECT number FROM trials WHERE status = 'running'")
            best = self._all(
                "SELECT number FROM trials WHERE status = 'complete' AND values_json IS NOT NULL "  # noqa: S608
                f"ORDER BY json_extract(values_json, ?) {order}, number LIMIT ?",
                ("$." + json.dumps(metric, ensure_ascii=False), limit),
            )
            numbers = json.dumps([row[0] for row in (*running, *best)])
            return self._trials("WHERE number IN (SELECT value FROM json_each(?))", (numbers,))

    def trial_names(self) -> set[str]:
        """The names that are taken."""
        return {row[0] for row in self._all("SELECT name FROM trials")}

    def counts(self) -> dict[TrialStatus, int]:
        """How many trials have each status; statuses that no trial has are missing."""
        found = self._all("SELECT status, count(*) FROM trials GROUP BY status")
        return {TrialStatus(status): count for status, count in found}

    def attempts(self, trial: int | None = None, open: bool = False) -> list[Attempt]:
        """The attempts of one trial or of all, in order; with `open`, those that have not ended."""
        terms = [term for term, wanted in (("trial = :t", trial is not None), (_OPEN, open)) if wanted]
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        sql = f"SELECT {ATTEMPT_COLUMNS} FROM attempts {where} ORDER BY trial, n"  # noqa: S608 (all parts are ours)
        return [cells.attempt_of(row) for row in self._all(sql, {"t": trial})]

    def attempt(self, token: str) -> Attempt:
        """One attempt."""
        sql = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE token = ?"  # noqa: S608 (all parts are ours)
        row = self._one(sql, (token,))
        if row is None:
            raise NotFound(f"there is no attempt {token}")
        return cells.attempt_of(row)

    def _trials(self, where: str, args: Sequence[Any], *, seen: bool = False) -> list[Trial]:
        chosen = f"WHERE trial IN (SELECT number FROM trials {where})" if where else ""  # noqa: S608 (all parts are ours)
        with self.snapshot():
            found = self._all(f"SELECT {self._trial_columns} FROM trials {where} ORDER BY number", args)  # noqa: S608
            runs = self._all(
                "SELECT trial, count(*), coalesce(max(peak_gpu_gb), max(peak_rss_gb)) "  # noqa: S608
                f"FROM attempts {chosen} GROUP BY trial",
                args,
            )
            last = self._all(f"SELECT trial, metric, value, odd FROM metric_last {chosen}", args)  # noqa: S608
            refused = self._all(
                f"SELECT trial, params_json, why, margin, margin_odd FROM rejections {chosen} ORDER BY trial, seq",  # noqa: S608
                args,
            )
            names = self._metric_names()
        metrics: dict[int, dict[str, float]] = defaultdict(dict)
        for trial, metric, value, odd in last:
            metrics[trial][names[metric]] = cells.join_odd(value, odd)
        attempts = {trial: (count, peak) for trial, count, peak in runs}
        rejections: dict[int, list[Rejection]] = defaultdict(list)
        for trial, params, why, margin, odd in refused:
            rejections[trial].append(Rejection(cells.parse(params), why, cells.join_odd(margin, odd)))
        trials = []
        for row in found:
            count, peak = attempts.get(row[0], (0, None))
            trials.append(
                cells.trial_of(
                    row,
                    metrics=metrics.get(row[0]) or {},
                    attempts=count,
                    peak_memory_gb=peak,
                    rejections=tuple(rejections.get(row[0], ())),
                    seen=seen,
                )
            )
        return trials

    # what else happened ---------------------------------------------------------------------------------------

    def events(self, after_id: int = 0, limit: int | None = None, *, trial: int | None = None) -> list[EventRow]:
        """Events in order, those after an id; `limit` keeps the newest."""
        found = self._all(
            "SELECT id, at, level, trial, kind, message FROM events "
            "WHERE id > :a AND (:t IS NULL OR trial = :t) ORDER BY id DESC LIMIT :l",
            {"a": after_id, "t": trial, "l": -1 if limit is None else limit},
        )
        return [EventRow(*row) for row in reversed(found)]

    def samples(self, token: str, *, after: float = 0.0) -> list[Sample]:
        """What an attempt used over time."""
        found = self._all(
            "SELECT token, at, gpu_gb, rss_gb, util, cpu FROM samples WHERE token = ? AND at > ? ORDER BY at",
            (token, after),
        )
        return [Sample(*row) for row in found]

    def checkpoints(self, trial: int) -> list[CheckpointRow]:
        """The checkpoints of a trial, oldest step first."""
        sql = "SELECT trial, step, attempt, path, bytes, at FROM checkpoints WHERE trial = ? ORDER BY step"
        return [CheckpointRow(*row) for row in self._all(sql, (trial,))]

    def artifacts(self, trial: int) -> list[ArtifactRow]:
        """The files that a trial left, by path."""
        sql = "SELECT trial, path, attempt, label, at FROM artifacts WHERE trial = ? ORDER BY path"
        return [ArtifactRow(*row) for row in self._all(sql, (trial,))]

    def pending_commands(self) -> list[Command]:
        """Requests that nobody has carried out yet, oldest first."""
        return self._commands("WHERE done IS NULL")

    def commands(self, after_id: int = 0) -> list[Command]:
        """All requests after an id, oldest first."""
        return self._commands("WHERE id > ?", (after_id,))

    def pending(self, command: int) -> tuple[bool, bool, str]:
        """A request: whether it was carried out, whether that worked, and what it said."""
        found = self._commands("WHERE id = ?", (command,))
        if not found:
            raise NotFound(f"there is no request {command}")
        return found[0].done is not None, bool(found[0].ok), found[0].result

    def _commands(self, where: str, args: Sequence[Any] = ()) -> list[Command]:
        sql = f"SELECT id, at, verb, args_json, done, ok, result FROM commands {where} ORDER BY id"  # noqa: S608
        return [
            Command(number, at, verb, cells.parse(given), done, None if ok is None else bool(ok), result)
            for number, at, verb, given, done, ok, result in self._all(sql, args)
        ]


_OPEN = "state IN ('starting', 'running')"
