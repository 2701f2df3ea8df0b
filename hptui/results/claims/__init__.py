"""Sentences that assert something: one file per group of classes, each function returns `Claim`s or none.

A function takes the `FactWriter` of a record and decides by the statistics of `results.analysis` whether a sentence of
its class may be stated. Sections of a report and screens place the claims; they make no such sentence of their own.
"""

from hptui.results.claims.claim import Claim
from hptui.results.claims.comparability import length_claims, length_tail, search_caveat, stage_claims
from hptui.results.claims.curves import curve_claims
from hptui.results.claims.effects import effect_claims
from hptui.results.claims.failures import avoid_claims, region_claims
from hptui.results.claims.first_lines import against_baseline, alike, sure
from hptui.results.claims.ignored import ignored_claims
from hptui.results.claims.mattered import mattered
from hptui.results.claims.pairs import pair_claims
from hptui.results.claims.question import question_answer
from hptui.results.claims.ranges import edge_claims, outlook, range_claims, range_command
from hptui.results.claims.repeats import best_claims, fresh_runs, fresh_text
from hptui.results.claims.seeds import seed_claims
from hptui.results.claims.steps import next_step

__all__ = [
    "Claim",
    "against_baseline",
    "alike",
    "avoid_claims",
    "best_claims",
    "curve_claims",
    "edge_claims",
    "effect_claims",
    "fresh_runs",
    "fresh_text",
    "ignored_claims",
    "length_claims",
    "length_tail",
    "mattered",
    "next_step",
    "outlook",
    "pair_claims",
    "question_answer",
    "range_claims",
    "range_command",
    "region_claims",
    "search_caveat",
    "seed_claims",
    "stage_claims",
    "sure",
]
