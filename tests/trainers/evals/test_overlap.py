import math

import pytest

from hptui.trainers.evals.overlap import bleu, rouge

REFERENCES = [
    "Return the sum of the two given numbers.",
    "Split the extension from a pathname.",
    "True if the object is a sequence, False otherwise.",
    "Close the file descriptor.",
]
OUTPUTS = [
    "Return the sum of all the numbers.",
    "Split a pathname into its extension.",
    "Close the file descriptor.",
    "Close the file descriptor.",
]


def test_bleu_is_that_of_sacrebleu_from_0_to_1():
    import sacrebleu  # half a second, and rouge_score three, that a run which skips these tests need not wait for

    found = bleu(OUTPUTS, REFERENCES)
    assert found.metrics["bleu"] == pytest.approx(sacrebleu.corpus_bleu(OUTPUTS, [REFERENCES]).score / 100, abs=1e-12)
    assert "tok:13a" in found.facts["bleu_signature"]


def test_bleu_of_a_hand_made_case():
    # 6 tokens each; n-grams found: 5 of 6, 3 of 5, 2 of 4, 1 of 3; no brevity penalty
    found = bleu(["the cat sat on the mat"], ["the cat sat on a mat"]).metrics["bleu"]
    assert found == pytest.approx(math.prod((5 / 6, 3 / 5, 2 / 4, 1 / 3)) ** 0.25, abs=1e-12)


def test_rouge_is_the_mean_of_rouge_score():
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    found = rouge(OUTPUTS, REFERENCES)
    for name in ("rouge1", "rouge2", "rougeL"):
        each = [scorer.score(r, o)[name].fmeasure for r, o in zip(REFERENCES, OUTPUTS, strict=True)]
        assert found.metrics[name] == pytest.approx(sum(each) / 4, abs=1e-12)
        assert [row[name] for row in found.rows] == each


def test_rouge_of_a_hand_made_case():
    # output: 3 words, reference: 4; in common: 3 words, 1 pair of neighbours, and in order 2
    found = rouge(["the mat cat"], ["the cat the mat"]).metrics
    assert found["rouge1"] == pytest.approx(2 * 3 / (3 + 4))
    assert found["rouge2"] == pytest.approx(2 * 1 / (2 + 3))
    assert found["rougeL"] == pytest.approx(2 * 2 / (3 + 4))


def test_intervals_hold_the_value_and_shrink_with_samples():
    few_bleu, few_rouge = bleu(OUTPUTS, REFERENCES), rouge(OUTPUTS, REFERENCES)
    many_bleu, many_rouge = bleu(OUTPUTS * 25, REFERENCES * 25), rouge(OUTPUTS * 25, REFERENCES * 25)
    for few, many, name in ((few_bleu, many_bleu, "bleu"), (few_rouge, many_rouge, "rougeL")):
        for found in (few, many):
            low, high = found.intervals[name]
            assert 0 <= low <= found.metrics[name] <= high <= 1
        assert many.intervals[name][1] - many.intervals[name][0] < few.intervals[name][1] - few.intervals[name][0]


def test_the_same_texts_give_the_same_numbers():
    assert bleu(OUTPUTS, REFERENCES) == bleu(OUTPUTS, REFERENCES)
    assert rouge(OUTPUTS, REFERENCES) == rouge(OUTPUTS, REFERENCES)


def test_texts_that_are_empty_or_already_tokenised_are_measured_without_a_word(capfd):
    assert bleu(["", "a b c d ."] * 60, ["x", "a b c d ."] * 60).metrics["bleu"] > 0
    assert rouge(["", "a"], ["x", "a"]).metrics["rouge1"] == 0.5
    assert capfd.readouterr() == ("", "")
