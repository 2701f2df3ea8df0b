"""What a decision of the runner costs when a trial has ended.   python -m tests.benchmarks.decision

CPU time of the plan from counters that follow each end, beside the plan that counts all trials anew, as a
runner would without them; and of the list of trials that an engine is given, which only a proposal needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hptui import studyfile
from hptui.core.trial import Reason, Role, StudyState, Trial, TrialStatus
from hptui.execution import stages
from hptui.execution.plan import PlanState, plan
from hptui.execution.trial_ledger import TrialLedger
from tests.benchmarks.common import machine

TEXT = 'name = "made"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "toy"\n[space]\nwidth = "8..64"\n'


def cost(function: Callable[[], object], repeats: int) -> float:
    """CPU milliseconds of one call."""
    started = time.process_time()
    for _ in range(repeats):
        function()
    return 1000 * (time.process_time() - started) / repeats


def main() -> None:
    print(machine())
    study = studyfile.read_text(TEXT)
    for count in (1_000, 10_000, 100_000):
        done = {"reason": Reason.FINISHED, "values": {"loss": 1.0}, "params": {"width": 8}}
        trials = [
            Trial(number, "", TrialStatus.COMPLETE, Role.SEARCH, ended=float(number), **done)  # type: ignore[arg-type]
            for number in range(count)
        ]
        ledger = TrialLedger(trials)

        def decision(ledger: TrialLedger = ledger, trials: list[Trial] = trials) -> object:
            ledger[0] = trials[0]
            return plan(PlanState(StudyState.RUNNING, ledger, free_slots=1, budget=10**6))

        fast = cost(decision, 200)
        slow = cost(lambda found=trials: plan(PlanState(StudyState.RUNNING, found, 1, 10**6)), 2)  # type: ignore[misc]
        told = cost(lambda found=trials: stages.trials_for_engine(study, stages.StageState(), found, {}), 2)  # type: ignore[misc]
        print(f"{count:,} trials: a decision {fast:.2f} ms, counted anew {slow:.0f} ms; for an engine {told:.0f} ms")


if __name__ == "__main__":
    main()
