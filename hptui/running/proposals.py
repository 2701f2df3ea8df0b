"""New trials: what the engine proposes, recorded with everything that the proposal rested on, before it runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from hptui.model.study import Study
from hptui.model.trial import Role, Trial, Value
from hptui.running.setup import record
from hptui.search.engine import Engine, make_engine
from hptui.storage.crashpoints import crash_point
from hptui.storage.store import Store

log = logging.getLogger(__name__)


class Proposals:
    """The engine of one revision of a study. A failing engine is named by `problem`; nothing is lost by it."""

    def __init__(self, store: Store, study: Study, defaults: Mapping[str, Value]) -> None:
        self._store, self._study = store, study
        self._engine: Engine = make_engine(study, {**defaults, **study.trainer.settings})
        self.spent = False

    def next(self, trials: Sequence[Trial]) -> Trial | None:
        """Ask for one trial and record it; None: the space is spent.

        A runner killed between asking and recording asks again with the same number, seed and history, and so
        records the same trial.
        """
        number = self._store.next_number()
        self._engine.sync(trials)
        proposal = self._engine.ask(number)
        crash_point("after_ask")
        if proposal is None:
            self.spent = True
            return None
        seen = tuple(trial.number for trial in trials if not trial.status.open)
        with self._store.transaction(durable=True):
            return record(
                self._store,
                self._study,
                Role.SEARCH,
                proposal.params,
                engine=proposal.engine,
                rejections=proposal.rejections,
                seen=seen,
            )
