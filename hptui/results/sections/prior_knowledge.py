"""What a search knew of trials that it did not make: those of other studies, and imported ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hptui.core.trial import Role, Trial
from hptui.results.analysis.samplers import proposed_since, uses_values
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Name, join_parts, line
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
    later = proposed_since(proposed, [trial.number for trial in numbers])
    if not uses_values(facts.study, proposed, stage) or later == []:
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
        text += line("; {rest} did not inform it{why}", rest=unused, why=_why_not(facts, key, source, numbers))
    if later is None:
        return labelled_line("Known before", *text)
    return (Bold(("Known from ", *facts.trial(later[0]), " on")), ": ", *text)


def _why_not(facts: FactWriter, key: str, source: Mapping[str, Any], numbers: Sequence[Trial]) -> Line:
    """Return why trials of a source did not inform a search, counted by reason."""
    if "misfits" not in source:  # recorded by an earlier version: the reason of the first
        first = ": in" if source["trials"] - source["heard"] == 1 else ", the first of them since in"
        return line("{first} {what}", first=first, what=Name(f"{source['misfit']} {source['why']}"))
    parts = [
        line(
            "{n} for {kind} (in {what})",
            n=facts.of_value(f"{key}.left.{n}", misfit["count"], numbers),
            kind=Name(misfit["kind"]),
            what=Name(f"{misfit['first']} {misfit['why']}"),
        )
        for n, misfit in enumerate(source["misfits"])
    ]
    return (": ", *join_parts(parts))
