"""The library rouge-score, imported without what its dependencies bring: sklearn, pandas and threads.

It needs none of them here. A launcher may import this before it forks; each of its children saves a second.
"""

from __future__ import annotations

import sys

HIDDEN_LIBRARIES = ("sklearn", "scipy")
"""Optional dependencies that are hidden during the import."""

hidden = [name for name in HIDDEN_LIBRARIES if name not in sys.modules]
for name in hidden:
    sys.modules[name] = None  # type: ignore[assignment]  # None in sys.modules makes an import fail
try:
    from rouge_score.rouge_scorer import RougeScorer
finally:
    for name in hidden:
        del sys.modules[name]

__all__ = ["RougeScorer"]
