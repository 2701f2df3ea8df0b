"""`deterministic = true` is kept to or refused; what answers do otherwise is on record."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from hptui.core.errors import UserError
from hptui.trainers import worker
from hptui.trainers.sft import determinism
from tests.trainers.attempts import events
from tests.trainers.sft.tiny import attempt, told, train

VARYING = "torch.zeros(3).put_(torch.tensor([1]), torch.tensor([1.0]))"
"""An operation without a deterministic form, also on the CPU."""
METRIC = f"import torch\ndef odd(predictions):\n    {VARYING}\n    return {{'odd': 1.0}}\n"


def vary() -> None:
    torch.zeros(3).put_(torch.tensor([1]), torch.tensor([1.0]))


def test_an_operation_without_a_deterministic_form_is_refused() -> None:
    determinism.make_repeatable()
    with pytest.raises(RuntimeError) as raised:
        vary()
    refused = determinism.refusal(raised.value)
    assert isinstance(refused, UserError)
    assert str(refused).startswith("deterministic = true: torch has no deterministic form of put_ here")
    for other in (RuntimeError("out of luck"), ValueError(str(raised.value))):
        assert determinism.refusal(other) is None


@pytest.mark.parametrize("on", [True, False])
def test_answers_may_use_it_and_that_is_reported(on: bool) -> None:
    if on:
        determinism.make_repeatable()
    reported: list[set[str]] = []
    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("always")
        with determinism.allow_variation(reported.append):
            vary()
            vary()
            warnings.warn("something else", stacklevel=1)
    assert reported == ([{"put_"}] if on else [])
    assert [str(other.message) for other in others] == ["something else"]
    assert torch.are_deterministic_algorithms_enabled() == on
    assert not torch.is_deterministic_algorithms_warn_only_enabled()


def test_the_attention_kernels_texts_are_known() -> None:
    text = "Memory Efficient attention defaults to a non-deterministic algorithm. To explicitly enable determinism call"
    match = determinism.OTHER_FORM.search(text)
    assert match is not None
    assert match[1] == "Memory Efficient attention"


def test_a_study_says_which_of_both_it_was(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the answers' own metrics: recorded and warned of. In the training: a user's error, with the way out."""
    (study / "odd.py").write_text(METRIC)
    answers = {"generate_samples": 2, "max_new_tokens": 2, "custom_metrics": ["odd.py:odd"], "steps": 2}
    run = attempt(study, {"deterministic": True, **answers})
    train(run)
    assert told(run, "facts")["nondeterministic_answers"] == "put_"
    assert told(run, "effective")["deterministic"] is True
    assert "does not hold for the answers" in " ".join(event["message"] for event in events(run, "warning"))

    from hptui.trainers.sft.learner import Learner

    update = Learner.update

    def varying_update(self: Learner) -> None:
        vary()
        update(self)

    monkeypatch.setattr(Learner, "update", varying_update)
    refused = attempt(study, {"deterministic": True, "steps": 2}, number=1)
    assert worker.main(str(refused.root)) == 0
    end = events(refused)[-1]
    assert (end["status"], end["reason"]) == ("failed", "usage")
    assert "set deterministic = false" in end["message"]
