"""QA: what the trials say of the settings that the question of a study (`about`) names."""

from __future__ import annotations

from hptui.results.claims.claim import Claim
from hptui.results.claims.effects import effect_claims, unseen_of_few
from hptui.results.claims.failures import region_claims
from hptui.results.claims.mentions import named_settings, values_of
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, join_parts, line, lower_first

ANSWERING = ("F1", "E4", "E5", "E9", "E1", "E2", "E3")
"""Classes that answer a question about a setting, the most telling first."""
EFFECTS = frozenset(("E1", "E2", "E3", "E4", "E5", "E9"))
"""Those of the trials of one stage, where there are stages."""
MAX_ANSWERS = 2
"""Settings of a question that are answered in its line, for each objective; the section on effects has the rest."""


def question_answer(facts: FactWriter) -> Claim | None:
    """Return what may be stated of the settings that the question names; None if none of them varied."""
    if not facts.study.about or not facts.study.objectives:
        return None
    analysis = facts.data.effect_analysis()
    names = [name for group in analysis.groups for name in group.settings]
    values = values_of(facts.study.space, [facts.view.base, *map(facts.view.settings, facts.data.effect_trials)])
    named = named_settings(facts.study.about, facts.study.space.names if analysis.reason else names, values)
    if not named:
        return None
    chosen: list[Claim] = []
    for goal in facts.study.objectives:
        analysis = facts.data.effect_analysis(goal.metric)
        claims = [*region_claims(facts), *effect_claims(facts, goal.metric)]
        answers: list[Claim] = []
        for name in named:
            own = [claim for claim in claims if claim.kind in ANSWERING and name in claim.subject.split("+")]
            if own:
                first = min(own, key=lambda claim: ANSWERING.index(claim.kind))
                if first.kind == "E3" and not {"up_to", "range"} & set(first.premise):
                    named_too = [other for other in named if other in first.subject.split("+")]
                    first = unseen_of_few(facts, analysis, named_too)
                answers += [first] if first.line not in [claim.line for claim in (*chosen, *answers)] else []
        chosen += answers[:MAX_ANSWERS]
        chosen = chosen or [claim for claim in claims if claim.kind == "E0"][:1]
    if not chosen:
        return None
    # What failed where is counted over all stages.
    own = [claim for claim in chosen if claim.kind in EFFECTS and facts.data.effect_stage]
    text: Line = join_parts((claim.line for claim in chosen if claim not in own), " ")
    if own:
        of_stage = lower_first(join_parts((claim.line for claim in own), " "))
        text += line(" Of stage {stage}: " if text else "Of stage {stage}: ", stage=Name(facts.data.effect_stage))
        text += of_stage
    premise = {"settings": named, "classes": [claim.kind for claim in chosen]}
    trials = tuple(sorted({number for claim in chosen for number in claim.trials}))
    return Claim("QA", text, premise, "+".join(named), trials)
