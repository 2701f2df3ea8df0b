"""New trials: what the engine proposes, recorded with everything that the proposal rested on, before it runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from hptui.model.study import Study
from hptui.model.trial import Role, Trial, Value
from hptui.running.knowledge import note
from hptui.running.setup import record
from hptui.running.warmstart import lessons, sources
from hptui.search.auto import resolve
from hptui.search.engine import AHEAD, Engine, Proposal, make_engine
from hptui.search.lens import Lens
from hptui.search.process import LONG, Answer, EngineProcess, fallback, lives_apart
from hptui.storage.crashpoints import crash_point
from hptui.storage.store import Store

log = logging.getLogger(__name__)


class EngineFailed(Exception):
    """The engine raised, hung or died. `trial` is a random one that was recorded in place of its proposal, if any."""

    def __init__(self, message: str, trial: Trial | None) -> None:
        super().__init__(message)
        self.trial = trial


class Proposals:
    """The engine of one revision of a study, or of a stage of it, whose settings all trials have in common are `onto`:
    in this process while it answers at once, in one of its own as soon as it does not.

    A runner that is killed between asking and recording asks again with the same number, seed and history, and so
    records the same trial.
    """

    def __init__(
        self,
        store: Store,
        study: Study,
        defaults: Mapping[str, Value],
        stage: str = "",
        onto: Mapping[str, Value] | None = None,
    ) -> None:
        self._store, self._study, self._stage, self._onto = store, study, stage, onto or {}
        self._base = {**defaults, **study.trainer.settings}
        self.choice = resolve(study, self._base)
        self._apart: EngineProcess | None = None
        self._engine: Engine | None = None
        self._answer: Answer | None = None
        self._seen: tuple[int, ...] = ()
        self._ahead: tuple[tuple[int, ...], Answer] | None = None
        self._told = False
        self._asks, self._took = 0, 0.0
        self._sources, self._lessons = sources(store, study), lessons(store, study)
        self._noted: tuple[int, ...] | None = None
        self.spent = False

    def prepare(self) -> None:
        """Load the engine before it is needed. Costs nothing the second time."""
        if self._apart is None and (self._took > LONG or lives_apart(self.choice.sampler, self._store.next_number())):
            self._engine, self._apart = None, EngineProcess(self._study, self._base)
        elif self._engine is None and self._apart is None:
            self._engine = make_engine(self._study, self._base)

    def fileno(self) -> int:
        """To wait on while an engine thinks; -1 when none does."""
        return self._apart.fileno() if self._apart is not None and self._apart.busy else -1

    def collect(self) -> bool:
        """Whether an engine has just answered, so that `next` has something to say."""
        if self._apart is None or self._answer is not None:
            return False
        self._answer = self._apart.poll()
        return self._answer is not None

    def look_ahead(self, trials: Sequence[Trial]) -> None:
        """Have the next proposal ready before there is a slot for it, where waiting would not make it wiser."""
        if self.choice.sampler in AHEAD and not self.spent and self._engine is not None:
            asked = self._asked(trials)
            if self._ahead is None or self._ahead[0] != asked:
                self._ahead = asked, self._answer_here(asked[0], trials)

    def _asked(self, trials: Sequence[Trial]) -> tuple[int, ...]:
        """All that a proposal ahead rests on: its number, and which trials there are."""
        return self._store.next_number(), *(trial.number for trial in trials)

    def next(self, trials: Sequence[Trial]) -> Trial | None:
        """The next trial, recorded; None while the engine thinks, and when the space is `spent`. `EngineFailed`."""
        number = self._store.next_number()
        self.prepare()
        answer = self._ask_apart(number, trials) if self._apart is not None else self._ask_here(number, trials)
        if answer is None:
            return None
        crash_point("after_ask")
        if answer.error:
            spare = fallback(self._study, self._base, trials, number)
            raise EngineFailed(answer.error, self._record(spare, trials) if spare is not None else None)
        if answer.proposal is None:
            self.spent = True
            return None
        return self._record(answer.proposal, trials)

    def _ask_here(self, number: int, trials: Sequence[Trial]) -> Answer:
        self._seen = _ended(trials)
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == self._asked(trials):
            return ahead[1]
        return self._answer_here(number, trials)

    def _answer_here(self, number: int, trials: Sequence[Trial]) -> Answer:
        assert self._engine is not None
        begin = time.thread_time()
        try:
            self._engine.sync([*self._lessons, *trials])
            proposal = self._engine.ask(number)
        except Exception as error:  # an engine is foreign code: it is named, and nothing is lost
            log.exception("the engine failed")
            return Answer(number, error=f"the sampler {self.choice.sampler!r} failed: {type(error).__name__}: {error}")
        took, self._asks = time.thread_time() - begin, self._asks + 1
        self._took = took if self._asks > 1 else 0.0  # the first loads libraries, and builds what all others use
        return Answer(number, proposal, spent=proposal is None)

    def _ask_apart(self, number: int, trials: Sequence[Trial]) -> Answer | None:
        assert self._apart is not None
        answer, self._answer = self._answer, None
        if answer is not None and answer.number == number:
            return answer
        if not self._apart.busy:  # nothing asked yet, or a hand-made trial took the number meanwhile
            self._seen = _ended(trials)
            self._apart.begin(number, [*self._lessons, *trials])
        return None

    def _record(self, proposal: Proposal, trials: Sequence[Trial]) -> Trial:
        self._compare(proposal.engine, trials)
        facts = {"engine": proposal.engine, "rejections": proposal.rejections, "seen": self._seen, "stage": self._stage}
        with self._store.transaction(durable=True):
            self._note(trials)
            return record(self._store, self._study, Role.SEARCH, {**self._onto, **proposal.params}, **facts)

    def _note(self, trials: Sequence[Trial]) -> None:
        """Keep what this search has heard of others, when that has changed."""
        imported = [trial for trial in trials if trial.role is Role.IMPORTED]
        numbers = tuple(trial.number for trial in imported)
        if (imported or self._sources) and numbers != self._noted:
            self._noted = numbers
            note(self._store, self._study, self._stage, Lens(self._study.space, self._base), self._sources, imported)

    def _compare(self, engine: str, trials: Sequence[Trial]) -> None:
        """Say once when another engine, or another version of it, goes on with a search."""
        before = [trial.engine for trial in trials if trial.engine and "fallback" not in trial.engine]
        if not self._told and before and before[-1] != engine and "fallback" not in engine:
            self._told = True
            self._store.event("warning", "engine", f"the search goes on with {engine}; before it was {before[-1]}")

    def close(self) -> None:
        """Let the engine's process go."""
        if self._apart is not None:
            self._apart.close()
            self._apart = None


def _ended(trials: Sequence[Trial]) -> tuple[int, ...]:
    return tuple(trial.number for trial in trials if not trial.status.open)
