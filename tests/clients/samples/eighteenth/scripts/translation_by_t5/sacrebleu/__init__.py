"""A small stand-in for sacrebleu."""
from types import SimpleNamespace


def corpus_bleu(hypotheses, references):
    from _formula import measure
    from torch._state import STATE

    return SimpleNamespace(score=measure(STATE)["bleu"])
