"""QA: what the trials say of the settings that the question of a study (`about`) names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hptui.results.claims.claim import Claim
from hptui.results.claims.effects import effect_claims, unseen_of_few
from hptui.results.claims.failures import region_claims
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, join_parts, line
from hptui.results.roles import SETTING_NAMES

ANSWERING = ("F1", "E4", "E5", "E9", "E1", "E2", "E3")
"""Classes that answer a question about a setting, the most telling first."""
EFFECTS = frozenset(("E1", "E2", "E3", "E4", "E5", "E9"))
"""Those of the trials of one stage, where there are stages."""
MAX_ANSWERS = 2
"""Settings of a question that are answered in its line; the section on effects has the rest."""
SPOKEN_ROLES = frozenset(("learning_rate", "batch", "weight_decay", "sequence"))
"""Roles whose other names people use in a question: `learning rate` for `lr`, `batch` for `batch_size`."""
ADJECTIVES = {
    "width": ("wide", "wider", "widest", "narrow", "narrower", "narrowest"),
    "layers": ("deep", "deeper", "deepest", "shallow", "shallower", "shallowest"),
}
"""Words for values of settings, by role: `Is 128 wide better than 64?` asks about `width`."""
COMMON_WORDS = frozenset(
    (
        "am",
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "go",
        "if",
        "in",
        "is",
        "it",
        "my",
        "no",
        "of",
        "on",
        "or",
        "so",
        "to",
        "up",
        "we",
    )
)
"""Words of two letters that are no abbreviation of a setting."""


def named_settings(about: str, names: list[str]) -> list[str]:
    """Return the settings that a text names, as `learning_rate` or as words: `learning rate`."""
    text = re.sub(r"[\s_\-.]+", " ", about.lower())
    named = [name for name in names if _is_named((name, name.rpartition(".")[2]), text)]
    # Another word for a setting is only for one that its own name does not match: `batch` is batch_size.
    known = {_role(name) for name in named}
    spoken = [name for name in names if (role := _role(name)) in SPOKEN_ROLES and role not in known]
    named += [name for name in spoken if _is_named((*SETTING_NAMES[_role(name)], _role(name)), text)]
    named += [name for name in names if _role(name) not in known and _is_named(ADJECTIVES.get(_role(name), ()), text)]
    return [name for name in names if name in named]


def _role(name: str) -> str:
    last = name.rpartition(".")[2]
    return next((role for role, names in SETTING_NAMES.items() if last in names), "")


def _is_named(names: Iterable[str], text: str) -> bool:
    forms = {re.sub(r"[\s_\-.]+", " ", form.lower()).strip() for form in names}
    return any(
        len(form) > 1 and form not in COMMON_WORDS and re.search(rf"(?<!\w){re.escape(form)}s?(?!\w)", text) is not None
        for form in forms
    )


def question_answer(facts: FactWriter) -> Claim | None:
    """Return what may be stated of the settings that the question names; None if none of them varied."""
    if not facts.study.about or not facts.study.objectives:
        return None
    analysis = facts.data.effect_analysis()
    named = named_settings(facts.study.about, [name for group in analysis.groups for name in group.settings])
    if analysis.reason:
        named = named_settings(facts.study.about, list(facts.study.space.names))
    if not named:
        return None
    chosen: list[Claim] = []
    for goal in facts.study.objectives:
        analysis = facts.data.effect_analysis(goal.metric)
        claims = [*region_claims(facts), *effect_claims(facts, goal.metric)]
        for name in named:
            own = [claim for claim in claims if claim.kind in ANSWERING and name in claim.subject.split("+")]
            if own:
                first = min(own, key=lambda claim: ANSWERING.index(claim.kind))
                if first.kind == "E3" and not {"up_to", "range"} & set(first.premise):
                    named_too = [other for other in named if other in first.subject.split("+")]
                    first = unseen_of_few(facts, analysis, named_too)
                chosen += [first] if first.line not in [claim.line for claim in chosen] else []
        chosen = chosen or [claim for claim in claims if claim.kind == "E0"][:1]
    if not chosen:
        return None
    text: Line = join_parts((claim.line for claim in chosen[:MAX_ANSWERS]), " ")
    if facts.data.effect_stage and any(claim.kind in EFFECTS for claim in chosen):
        text = (*line("Of stage {stage}: ", stage=Name(facts.data.effect_stage)), *text)
    premise = {"settings": named, "classes": [claim.kind for claim in chosen[:MAX_ANSWERS]]}
    trials = tuple(sorted({number for claim in chosen for number in claim.trials}))
    return Claim("QA", text, premise, "+".join(named), trials)
