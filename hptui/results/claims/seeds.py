"""S1: another seed gives the very same run, everywhere or in some configurations."""

from __future__ import annotations

from hptui.results.analysis.cohort import distinct_configurations
from hptui.results.analysis.seeding import seeding_of
from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import line


def seed_claims(facts: FactWriter) -> list[Claim]:
    """Return that other seeds gave the very same run: repeats say nothing then."""
    pairs = facts.data.dead_seeds
    if not pairs:
        return _equal_by_chance(facts)
    first, second = pairs[0]
    values = {(trial.values or {}).get(facts.data.metric) for trial in facts.data.order}
    text = line(
        "Neither the seed nor a setting changed {metric}: repeats say nothing about noise."
        if seeding_of(facts.study).is_given
        else "Neither a repeat nor a setting changed {metric}: repeats say nothing about noise.",
        metric=facts.name(facts.data.metric),
    )
    if len(values) > 1 or len(distinct_configurations(facts.view, facts.data.order)) < 2:
        text = line(
            "The seed changes nothing: {trials} are equal to the last digit. Repeats say nothing about noise."
            if seeding_of(facts.study).is_given
            else "{trials} are equal to the last digit, and the script is not given their seeds: repeats say nothing "
            "about noise.",
            trials=facts.trials([first, second], "seed.dead", capital=not seeding_of(facts.study).is_given),
        )
    numbers = tuple(sorted({trial.number for pair in pairs for trial in pair}))
    return [Claim("S1", text, {"pairs": len(pairs)}, "", numbers)]


def _equal_by_chance(facts: FactWriter) -> list[Claim]:
    """Return that some runs of one configuration are equal, where those of others differ."""
    numbers = sorted(facts.data.dead)
    if not numbers:
        return []
    text = line(
        "{trials} are equal to the last digit to another run of their settings, unlike other repeats: the noise is "
        "that of the others.",
        trials=facts.trials([facts.originals[n] for n in numbers], "seed.equal", capital=True),
    )
    return [Claim("S1", text, {"pairs": len(facts.data.equal_runs)}, "", tuple(numbers))]
