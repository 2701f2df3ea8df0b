"""ROUGE's library, imported alone: what it is built on would bring sklearn, pandas and threads along, and needs none.

A process that will be forked may have this; each of its children saves a second.
"""

from __future__ import annotations

import sys

HEAVY = ("sklearn", "scipy")

hidden = [name for name in HEAVY if name not in sys.modules]
for name in hidden:
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say: this cannot be imported
try:
    from rouge_score.rouge_scorer import RougeScorer
finally:
    for name in hidden:
        del sys.modules[name]

__all__ = ["RougeScorer"]
