"""The best trial's last checkpoint is copied here from the machine that wrote it, when the study comes to rest."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.core.ranking import pareto_set, ranking
from hptui.core.study import Study
from hptui.core.trial import Trial
from hptui.execution.attempts import Attempts
from hptui.execution.fetching import FetchingExecutor
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind
from hptui.store.store import Store


class BestCheckpoint:
    """Copies the checkpoints of one study's best trials; those of several objectives are the Pareto set."""

    def __init__(self, sd: StudyDir, store: Store, attempts: Attempts) -> None:
        self._sd, self._store, self._attempts = sd, store, attempts
        self._reported: set[int] = set()

    def under_way(self, study: Study, trials: Sequence[Trial], stage: str) -> bool:
        """Begin what is to be copied; return whether a copy is under way.

        What cannot be copied is recorded once.
        """
        executors = [executor for executor in self._attempts.executors() if isinstance(executor, FetchingExecutor)]
        if not executors:
            return False
        several = len(study.objectives) > 1
        best = pareto_set(study, trials) if several else ranking(study, trials, stage, 1)
        waiting = False
        for trial in best:
            for checkpoint in self._store.read.checkpoints(trial.number)[-1:]:
                path = self._sd.trial(trial.number) / checkpoint.path
                for executor in executors:
                    fetched = executor.bring_home(path)
                    waiting |= fetched.state == "under way"
                    if fetched.state == "missing" and trial.number not in self._reported:
                        self._reported.add(trial.number)
                        message = f"the checkpoint of a best trial stays where it is: {fetched.why}"
                        self._store.add_event("warning", EventKind.NOT_FETCHED, message, trial.number)
        return waiting
