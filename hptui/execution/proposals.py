"""New trials: ask the engine, and record its proposal with everything that it rested on, before it runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from hptui import plugins
from hptui.core.laws import ENGINE as LAW_ENGINE
from hptui.core.laws import Law
from hptui.core.memory import OFF
from hptui.core.rungs import latest
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, Value
from hptui.core.trial_history import HistoryFollower, NumberRanges, TrialHistory
from hptui.execution.memory_wall import MemoryWall
from hptui.execution.prior_trials import prior_studies_of, prior_trials, store_prior_knowledge
from hptui.execution.queue import insert_waiting
from hptui.search import laws
from hptui.search.engine import Engine, Proposal, choose_sampler, make_engine
from hptui.search.engine_process import MAX_ASK_S, EngineProcess, EngineReply, propose_at_random, runs_in_own_process
from hptui.search.projection import SpaceProjection
from hptui.store.crash_points import crash_point
from hptui.store.recorded import EventKind
from hptui.store.store import Store

log = logging.getLogger(__name__)


LawsOf = Callable[[Study, Mapping[str, Value]], Sequence[Law]]
"""Returns what published laws say of a study, with all settings of its baseline."""


class EngineFailed(Exception):
    """The engine raised, hung or died.

    `trial` is a random one that was recorded in place of its proposal, if any.
    """

    def __init__(self, message: str, trial: Trial | None) -> None:
        super().__init__(message)
        self.trial = trial


class Proposals:
    """The engine of one revision of a study, or of one of its stages, and the recording of what it proposes.

    `overrides` are those that all trials of the stage have in common. The engine runs in this process while it
    answers quickly, and in a process of its own as soon as it does not. A runner that is killed between asking and
    recording asks again with the same number, seed and history, and so records the same trial.
    """

    def __init__(
        self,
        store: Store,
        study: Study,
        defaults: Mapping[str, Value],
        stage: str = "",
        onto: Mapping[str, Value] | None = None,
        laws_of: LawsOf | None = None,
    ) -> None:
        self._store, self._study, self._stage, self._onto = store, study, stage, onto or {}
        self._base, self._laws_of = {**defaults, **study.trainer.settings}, laws_of
        self.memory = MemoryWall(store, study, self._base)
        self.choice = choose_sampler(study, self._base)
        self.asks_ahead = plugins.spec("samplers", self.choice.sampler, study.directory).asks_ahead
        self._engine_process: EngineProcess | None = None
        self._engine: Engine | None = None
        self._answer: EngineReply | None = None
        self._known = KnownTrials()
        self._seen = NumberRanges()
        self._at_rungs: tuple[int, ...] = ()
        self._precomputed: tuple[tuple[object, ...], EngineReply] | None = None
        self._change_reported = False
        self._ask_count, self._last_ask_s = 0, 0.0
        self._sources, self._lessons = prior_studies_of(store, study), prior_trials(store, study)
        self._noted_imports: tuple[int, ...] | None = None
        self.exhausted = False

    @property
    def why_exhausted(self) -> str:
        """Why nothing new is proposed any more; '' while something is."""
        if not self.exhausted:
            return ""
        fits = f" that is predicted to fit into memory ({OFF})" if self.memory.bounds_the_space else ""
        if self._study.space.size is not None:
            return f"the search space is spent: every feasible configuration{fits} has been tried"
        return f"nothing more to propose: the sampler finds no new feasible configuration{fits}"

    def prepare(self) -> None:
        """Load the engine before it is needed; do nothing when it is loaded."""
        if self._engine_process is None and (
            self._last_ask_s > MAX_ASK_S
            or runs_in_own_process(self.choice.sampler, self._store.read.next_number(), self._study.directory)
        ):
            self._engine, self._engine_process = None, EngineProcess(self._study, self._base)
        elif self._engine is None and self._engine_process is None:
            self._engine = make_engine(self._study, self._base)

    def fileno(self) -> int:
        """Return the descriptor to poll while an engine process computes; -1 when none does."""
        return self._engine_process.fileno() if self._engine_process is not None and self._engine_process.busy else -1

    def collect(self) -> bool:
        """Return True when the engine process has just answered, so that `next` has a result."""
        if self._engine_process is None or self._answer is not None:
            return False
        self._answer = self._engine_process.poll()
        return self._answer is not None

    def look_ahead(self, trials: Sequence[Trial]) -> None:
        """Compute the next proposal before a slot is free, for samplers that learn nothing by waiting."""
        if self.asks_ahead and not self.exhausted and self._engine is not None:
            inputs = self._inputs(trials)
            if self._precomputed is None or self._precomputed[0] != inputs:
                self._precomputed = inputs, self._answer_here(self._store.read.next_number(), trials)

    def _inputs(self, trials: Sequence[Trial]) -> tuple[object, ...]:
        """Return all that a precomputed proposal depends on: number, trials, and their memory."""
        if isinstance(trials, TrialHistory):
            which: tuple[object, ...] = (trials, trials.joined)
        else:
            which = tuple(trial.number for trial in trials)
        return self._store.read.next_number(), self.memory.evidence(trials), *which

    def next(self, trials: Sequence[Trial]) -> Trial | None:
        """Record and return the next trial; None while the engine computes, and when the space is `exhausted`.

        Raises: `EngineFailed` when the engine raised, hung or died.
        """
        number = self._store.read.next_number()
        if (first := self._from_laws(trials)) is not None:
            return first
        self.prepare()
        answer = (
            self._ask_engine_process(number, trials)
            if self._engine_process is not None
            else self._ask_in_process(number, trials)
        )
        if answer is None:
            return None
        crash_point("after_ask")
        if answer.error:
            spare = propose_at_random(self._study, self._base, trials, number)
            raise EngineFailed(answer.error, self._record(spare, trials) if spare is not None else None)
        if answer.proposal is None:
            self.exhausted = True
            return None
        return self._record(answer.proposal, trials)

    def _from_laws(self, trials: Sequence[Trial]) -> Trial | None:
        """Record and return the first trial of the search, if a published law says where to begin; else None."""
        laws_of, self._laws_of = self._laws_of, None  # once: what they say now they say later
        if laws_of is None or not laws.applies(self._study, self._store.read.trials()):
            return None
        first = laws.law_proposal(self._study, self._base, laws_of(self._study, self._base), trials)
        if first is None:
            return None
        self._note_seen(trials)
        return self._record(first[0], trials, first[1])

    def _ask_in_process(self, number: int, trials: Sequence[Trial]) -> EngineReply:
        self._note_seen(trials)
        precomputed, self._precomputed = self._precomputed, None
        if precomputed is not None and precomputed[0] == self._inputs(trials):
            return precomputed[1]
        return self._answer_here(number, trials)

    def _answer_here(self, number: int, trials: Sequence[Trial]) -> EngineReply:
        assert self._engine is not None
        started = time.thread_time()
        try:
            self._engine.sync([*self._lessons, *trials] if self._lessons else trials)
            proposal = self._engine.ask(number)
        except Exception as error:  # an engine runs library code that may raise anything; the message names the sampler
            log.exception("the engine failed")
            return EngineReply(
                number, error=f"the sampler {self.choice.sampler!r} failed: {type(error).__name__}: {error}"
            )
        elapsed, self._ask_count = time.thread_time() - started, self._ask_count + 1
        self._last_ask_s = (
            elapsed if self._ask_count > 1 else 0.0
        )  # the first ask also imports libraries, so its time says nothing
        return EngineReply(number, proposal, exhausted=proposal is None)

    def _ask_engine_process(self, number: int, trials: Sequence[Trial]) -> EngineReply | None:
        assert self._engine_process is not None
        answer, self._answer = self._answer, None
        if answer is not None and answer.number == number:
            return answer
        if not self._engine_process.busy:  # nothing asked yet, or another trial took the number meanwhile
            self._note_seen(trials)
            self._engine_process.begin(number, [*self._lessons, *trials])
        return None

    def _note_seen(self, trials: Sequence[Trial]) -> None:
        self._known.catch_up(trials)
        self._seen, self._at_rungs = self._known.ended.copy(), tuple(sorted(self._known.at_rungs))

    def _record(self, proposal: Proposal, trials: Sequence[Trial], note: str = "") -> Trial:
        self._report_engine_change(proposal.engine, trials)
        facts: dict[str, object] = {
            "engine": proposal.engine,
            "rejections": proposal.rejections,
            "seen": self._seen,
            "stage": self._stage,
        }
        facts |= {"note": note} if note else {}
        with self._store.transaction(durable=True):
            predicted = self.memory.facts(proposal.params, trials)
            facts |= {"facts": predicted} if predicted else {}
            self._note_prior_knowledge(trials)
            trial = insert_waiting(self._store, self._study, Role.SEARCH, {**self._onto, **proposal.params}, **facts)
            if self._at_rungs:
                rungs = latest(self._store.read.rungs())
                known = [(number, rungs[number].rung) for number in self._at_rungs if number in rungs]
                self._store.add_seen_rungs(trial.number, known)
            return trial

    def _note_prior_knowledge(self, trials: Sequence[Trial]) -> None:
        """Record how much of the imported and prior trials this search can use, when that has changed."""
        self._known.catch_up(trials)
        imported = [trial for _, trial in sorted(self._known.imported.items())]
        numbers = tuple(trial.number for trial in imported)
        if (imported or self._sources) and numbers != self._noted_imports:
            self._noted_imports = numbers
            store_prior_knowledge(
                self._store,
                self._study,
                self._stage,
                SpaceProjection(self._study.space, self._base),
                self._sources,
                imported,
            )

    def _report_engine_change(self, engine: str, trials: Sequence[Trial]) -> None:
        """Record once when another engine, or another version of it, continues a search."""
        if self._change_reported or _is_passing(engine):
            return
        engines = (trial.engine for trial in reversed(trials))
        before = next((name for name in engines if name and not _is_passing(name)), engine)
        if before != engine:
            self._change_reported = True
            message = f"the search goes on with {engine}; before it was {before}"
            self._store.add_event("warning", EventKind.ENGINE, message)

    def close(self) -> None:
        """End the engine's process."""
        if self._engine_process is not None:
            self._engine_process.close()
            self._engine_process = None


def _is_passing(engine: str) -> bool:
    """Return whether an engine stands in for the study's own, for one proposal."""
    return "fallback" in engine or engine == LAW_ENGINE


class KnownTrials:
    """The trials that a proposal rests on, as they are recorded with it: ended, waiting at rungs, imported."""

    def __init__(self) -> None:
        self._follower = HistoryFollower(self._forget, self._follow)
        self._forget()

    def catch_up(self, trials: Sequence[Trial]) -> None:
        """Follow what has changed."""
        self._follower.catch_up(trials)

    def _forget(self) -> None:
        self.ended, self.at_rungs, self.imported = NumberRanges(), set[int](), dict[int, Trial]()

    def _follow(self, number: int, trial: Trial | None) -> None:
        self.at_rungs.discard(number)
        self.imported.pop(number, None)
        if trial is None or trial.status.open:
            self.ended.discard(number)
        else:
            self.ended.add(number)
        if trial is not None and trial.is_at_rung:
            self.at_rungs.add(number)
        if trial is not None and trial.role is Role.IMPORTED:
            self.imported[number] = trial
