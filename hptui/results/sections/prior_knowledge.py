"""What a search knew of trials that it did not make: those of other studies, and imported ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hptui.core.trial import Role, Trial
from hptui.results.claims.comparability import SAMPLERS_WITHOUT_MEMORY, sampler_of
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Name, line
from hptui.results.sections.setup import labelled_line


def prior_knowledge(facts: FactWriter) -> Iterator[Line]:
    """Yield prior knowledge of the search: sources, how many of their trials were used, what did not fit."""
    has_several_stages = len(facts.data.knowledge) > 1
    for stage, sources in facts.data.knowledge.items():
        for n, source in enumerate(sources):
            place = line("stage {name}: ", name=Name(stage)) if has_several_stages and stage else ()
            yield _source_line(facts, stage, n, source, place)


def _source_line(facts: FactWriter, stage: str, n: int, source: Mapping[str, Any], place: Line) -> Line:
    key, field = f"knowledge.{stage or 'all'}.{n}", f"knowledge.{stage}.{n}"
    numbers = [trial for trial in facts.view.trials if trial.number in source.get("numbers", ())]
    available = facts.of_value(f"{key}.trials", source["trials"], numbers, field=f"{field}.trials")
    is_study = "study" in source
    origin: Line = (Name(source["study"] if is_study else source["file"], code=True),)
    if is_study:
        origin += (" (", Name(source["uuid"], code=True), ")")
    proposed = [
        trial for trial in facts.view.trials if trial.role is Role.SEARCH and (not stage or trial.stage == stage)
    ]
    later = _proposed_later(proposed, numbers)
    if not _uses_values(facts, proposed) or later == []:
        noun = ("trial" if is_study else "experiment") + ("" if source["trials"] == 1 else "s")
        label = "Known before" if is_study else "Imported"
        sentence = (
            "{place}{every} {noun} of the study {origin}; none informed a proposal"
            if is_study
            else "{place}{every} {noun} from {origin}"
        )
        return labelled_line(label, *line(sentence, place=place, every=available, noun=noun, origin=origin))
    used = facts.of_value(f"{key}.heard", source["heard"], numbers, field=f"{field}.heard")
    what = "trials of the study" if is_study else "experiments imported from"
    text = line(
        "{place}{heard} of {every} {what} {origin}", place=place, heard=used, every=available, what=what, origin=origin
    )
    if source["heard"] < source["trials"]:
        unused = facts.of_value(f"{key}.left", source["trials"] - source["heard"], numbers)
        text += line("; {rest} did not inform it: in ", rest=unused)
        text += (Name(f"{source['misfit']} {source['why']}"),)
    if later is None:
        return labelled_line("Known before", *text)
    return (Bold(("Known from ", *facts.trial(later[0]), " on")), ": ", *text)


def _uses_values(facts: FactWriter, proposed: Sequence[Trial]) -> bool:
    """Return whether anything was proposed by the values of earlier trials, or would be."""
    own = facts.study.search.sampler
    samplers = {sampler_of(trial.engine or own) for trial in proposed} or {own}
    return not samplers <= set(SAMPLERS_WITHOUT_MEMORY)


def _proposed_later(proposed: Sequence[Trial], imported: Sequence[Trial]) -> list[Trial] | None:
    """Return the proposals since an import that came after others; None where it came before all of them."""
    numbers = [trial.number for trial in imported]
    if not numbers or all(trial.number > max(numbers) for trial in proposed):
        return None
    return [trial for trial in proposed if trial.number > max(numbers)]
