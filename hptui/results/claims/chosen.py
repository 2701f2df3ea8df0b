"""How the best was chosen, as parts of sentences: by how many runs, of how many trials, and how many were pruned."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import MAX_FOR_CONFIGURATIONS, same_configuration
from hptui.results.analysis.comparable import barriers
from hptui.results.analysis.fresh import runs_of
from hptui.results.analysis.range_test import RangeTest
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, line


def best_of(facts: FactWriter) -> Line:
    """Return `the best of 15`, of equal values `among the 3 best of 15`; then length and pruned ones."""
    ties, n = facts.data.best_trials, facts.count("best.of", facts.data.peers)
    peers = {trial.number for trial in facts.data.peers}
    equal = [trial for trial in ties if trial.number in peers]
    which = line("among the {k} best", k=facts.count("best.equal", equal)) if len(equal) > 1 else ("the best",)
    if len(peers) == 1:
        return line("the only one{length}{pruned}", length=of_its_length(facts), pruned=beside_pruned(facts))
    return line(
        "{which} of {n}{length}{pruned}", which=which, n=n, length=of_its_length(facts), pruned=beside_pruned(facts)
    )


def of_its_length(facts: FactWriter) -> str:
    """Return ` of its length` where others trained for another one; ` of its code and data` likewise."""
    best, peers = facts.data.best, {trial.number for trial in facts.data.peers}
    others = [trial for trial in facts.data.candidates if trial.number not in peers]
    kinds = {d.kind for trial in others if best is not None for d in barriers(facts.view, best, trial)}
    words = [word for kind, word in (("length", "length"), ("code", "code and data")) if kind in kinds]
    return f" of its {' and its '.join(words)}" if words else ""


def beside_pruned(facts: FactWriter) -> Line:
    """Return ` beside 17 pruned ones`: they had a part in the choice, too; () if none was."""
    best = facts.data.best
    pruned = [
        trial
        for trial in facts.view.trials
        if trial.status is TrialStatus.PRUNED and best is not None and trial.stage == best.stage
    ]
    if not pruned:
        return ()
    ones = "one" if len(pruned) == 1 else "ones"
    return line(" beside {n} pruned {ones}", n=facts.count("best.beside_pruned", pruned), ones=ones)


def left_out(facts: FactWriter, test: RangeTest) -> Line:
    """Return which trials the best is the best of, but was not compared with; () if there are none.

    Without it the numbers of two sentences do not add up: the best of 7, and all 5 others.
    """
    best, own = test.best, facts.data.peers[:MAX_FOR_CONFIGURATIONS]
    named = {trial.number for trial in (best, *test.others, *((test.by_fresh,) if test.by_fresh else ()))}
    rest = [trial for trial in own if trial.number not in named]
    same = {trial.number for trial in same_configuration(facts.view, best, rest)}
    again = [trial for trial in rest if trial.number in same]
    others = [trial for trial in rest if trial.number not in same]
    text: Line = ()
    if again:
        verb = "has" if len(again) == 1 else "have"
        text += line("; {which} {verb} its settings", which=facts.trials(by_number(again), "alike.again"), verb=verb)
    if others:
        verb = "is" if len(others) == 1 else "are"
        which = facts.trials(by_number(others), "alike.not_compared")
        text += line("; {which} {verb} not compared with it", which=which, verb=verb)
    return text


def how_often(facts: FactWriter, trial: Trial) -> Line:
    """Return `it ran once and is`, or the number of runs of a mean, before what is known of a trial."""
    runs = runs_of(facts.view, facts.originals.get(trial.number, trial))
    if trial.values != facts.originals.get(trial.number, trial).values:
        return line("it is the mean of {runs} runs and", runs=facts.count("best.seeds", runs))
    if trial.role is Role.IMPORTED:
        return ("it was imported and is",)
    if again := same_configuration(facts.view, trial, facts.data.peers[:MAX_FOR_CONFIGURATIONS]):
        return line("its settings ran again as {again}, and this run is", again=facts.trials(by_number(again), "again"))
    return ("it ran once and is",) if len(runs) < 2 else ("its ranked run is",)


def by_number(trials: Sequence[Trial]) -> list[Trial]:
    """Return trials by number."""
    return sorted(trials, key=lambda trial: trial.number)
