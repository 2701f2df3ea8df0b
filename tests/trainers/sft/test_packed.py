"""Trials in a pack compute what they do alone on stock peft, whatever their company; and no failure is shared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from hptui.trainers import checkpoints
from hptui.trainers.failures import Diverged, OutOfMemory
from hptui.trainers.sft import memory
from hptui.trainers.sft.learner import STATE_FILE, has_old_dropout
from hptui.trainers.sft.packed import evening, linear
from hptui.trainers.sft.packed.base import NotPacked
from hptui.trainers.sft.packed.linear import PassRoute
from tests.trainers.attempts import events
from tests.trainers.sft import tiny
from tests.trainers.sft.packs import ALIKE, UNLIKE, Pack, Record, alone, assert_same, precise, shuffled

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.study(tmp_path_factory.mktemp("pack"), "qwen2")


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[int, Record]:
    """The unlike trials alone, in 64 bits."""
    with precise():
        return {n: alone(folder, settings, 60 + n, seed=n) for n, settings in enumerate(UNLIKE)}


@pytest.mark.parametrize(
    ("start", "call"),
    [(100, None), (1100, 0.0), (1200, 1e15)],
    ids=["as chosen", "nothing padded", "all padded"],
)
def test_a_pack_computes_what_peft_computes_for_each_trial_alone(
    folder: Path, expected: dict[int, Record], start: int, call: float | None
) -> None:
    """In 64 bits; one joins later, one leaves, and the order in the pack changes at each step.

    Whatever time a call is said to take, which decides on how many trials share products by means of padding.
    """
    groups = set[tuple[int, ...]]()
    made_adapters = linear.adapters_of

    def noted(*arguments: Any, **options: Any) -> Any:
        adapters = made_adapters(*arguments, **options)
        groups.add(tuple(len(getattr(own, "members", "1")) for own in adapters))
        return adapters

    with precise(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "adapters_of", noted)
        if call is not None:
            patch.setitem(evening.CALL_OPERATIONS, "cpu", call)
        pack = Pack(folder)
        for n, settings in enumerate(UNLIKE[:-1]):
            pack.join(settings, start + n, seed=n)
        leaving = pack.join({"steps": 30}, start + 50)
        for _ in range(3):
            pack.step(shuffled(0))
        pack.base.leave(leaving)
        pack.join(UNLIKE[-1], start - 1 + len(UNLIKE), seed=len(UNLIKE) - 1)
        made = pack.finish(shuffled(1))
    assert leaving.result is leaving.error is None
    for n, record in expected.items():
        assert_same(made[start + n], record, 1e-12, 1e-10)
        assert made[start + n].result is not None
        assert tiny.told(made[start + n].run, "facts")["sft_step"] == 2
    assert pack.members[start].company > 3
    assert pack.base.healthy() == ""
    if call is not None:
        assert (max(map(len, groups)) > 1) == (call == 0.0), groups


def test_products_of_all_trials_at_once_compute_the_same(folder: Path) -> None:
    together: list[Any] = []
    made = PassRoute.__init__

    def noted(self: PassRoute, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        together.append(self.adapters)

    with precise(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(PassRoute, "__init__", noted)
        pack = Pack(folder)
        for n, settings in enumerate(ALIKE):
            pack.join(settings, 200 + n)
        records = pack.finish()
        assert any(len(adapters) == 1 and len(adapters[0].members) == len(ALIKE) for adapters in together)
        for n, settings in enumerate(ALIKE):
            assert_same(records[200 + n], alone(folder, settings, 260 + n, seed=200 + n), 1e-12, 1e-10)


@pytest.mark.parametrize(
    ("shared", "loss", "weight"),
    [
        ({"gradient_checkpointing": True}, 1e-5, 1e-4),
        ({"mixed_precision": "bf16"}, 2e-2, 5e-2),
        pytest.param({"dtype": "bfloat16"}, 2e-2, 5e-2, marks=pytest.mark.slow),
        ({"adapter": "qlora"}, 2e-2, 5e-2),
    ],
    ids=str,
)
def test_other_number_formats_differ_by_rounding(
    folder: Path, shared: dict[str, Any], loss: float, weight: float
) -> None:
    start = 300 + 10 * len(str(shared))
    trials = [{**UNLIKE[1], "steps": 3, **shared}, {**UNLIKE[2], "steps": 3, **shared}]
    pack = Pack(folder, **shared)
    for n, settings in enumerate(trials):
        pack.join(settings, start + n)
    made = pack.finish()
    for n, settings in enumerate(trials):
        record = alone(folder, settings, start + 5 + n, seed=start + n)
        for name in ("train_loss", "eval_loss"):
            assert made[start + n].points(name) == pytest.approx(record.points(name), rel=loss)
        for name, value in made[start + n].weights.items():
            torch.testing.assert_close(value, record.weights[name], rtol=0, atol=weight)


def test_numbers_that_are_none_stay_with_their_trial(folder: Path) -> None:
    """The neighbours' losses are the same to the bit, whether one diverges or not."""
    healthy = [{**settings, "log_every": 1} for settings in ALIKE[:2]]
    losses = []
    for start, rate in ((400, 1e-3), (410, 1e30)):
        pack = Pack(folder)
        for n, settings in enumerate(healthy):
            pack.join(settings, start + n, seed=n)
        bad = {
            **ALIKE[2],
            "optimizer": "sgd",
            "max_grad_norm": 0.0,
            "learning_rate": rate,
            "log_every": 5,
            "eval_every": 5,
        }
        pack.join(bad, start + 2, seed=2)
        made = pack.finish()
        losses.append([made[start + n].points("train_loss") for n in range(2)])
        assert isinstance(made[start + 2].error, Diverged) == (rate > 1)
    assert losses[0] == losses[1]


class OutOfMemoryAt:
    """Memory runs out in the middle of the backward pass of a group that is too large."""

    def __init__(self, patch: pytest.MonkeyPatch, limit: int, never: Any = None) -> None:
        self.limit, self.never, self.raised, self.layers = limit, never, 0, 0
        patch.setattr(linear, "_add_gradients", self.wrapped(linear._add_gradients))
        begun = PassRoute.__init__

        def begin(route: PassRoute, members: Any, *arguments: Any, **options: Any) -> None:
            self.layers, self.group = 0, list(members)
            begun(route, members, *arguments, **options)

        patch.setattr(PassRoute, "__init__", begin)

    def wrapped(self, original: Any) -> Any:
        def backward(*arguments: Any) -> None:
            original(*arguments)
            self.layers += 1
            refused = any(span.adapter is self.never for span in self.group)
            if self.layers == 5 and (len(self.group) > self.limit or refused):
                self.raised += 1
                raise torch.OutOfMemoryError("CUDA out of memory")

        return backward


def test_memory_that_runs_out_halves_a_group_and_blames_nobody(folder: Path, expected: dict[int, Record]) -> None:
    chosen = (0, 1, 2, 4)  # the third has gradients of an earlier micro-batch when memory runs out
    for limit in (2, 1):
        start = 500 + 50 * limit
        with precise(), pytest.MonkeyPatch.context() as patch:
            pack = Pack(folder)
            members = [pack.join(UNLIKE[n], start + n, seed=n) for n in chosen]
            injected = OutOfMemoryAt(patch, limit)
            outcome = pack.base.step(members)
            assert (outcome.halved, outcome.limit) == (True, limit)
            assert [len(done.group) for done in outcome.passes] == [limit] * (4 // limit)
            made = pack.finish()
        for n in chosen:
            assert_same(made[start + n], expected[n], 1e-12, 1e-10)
        assert injected.raised < 12, "groups that cannot fit are not tried again and again"


def test_only_a_trial_that_fails_alone_is_out_of_memory(folder: Path, expected: dict[int, Record]) -> None:
    with precise(), pytest.MonkeyPatch.context() as patch:
        pack = Pack(folder)
        for n in (0, 1, 2):
            pack.join(UNLIKE[n], 700 + n, seed=n)
        pack.step()
        OutOfMemoryAt(patch, 9, never=pack.members[701].adapter)
        made = pack.finish()
    assert isinstance(made[701].error, OutOfMemory)
    assert "with batch_size=4" in str(made[701].error)
    for n in (0, 2):
        assert_same(made[700 + n], expected[n], 1e-12, 1e-10)


def test_a_failure_of_a_trial_in_a_pass_is_its_own(folder: Path, expected: dict[int, Record]) -> None:
    """A token that the model does not have makes the whole pass fail; computed alone, the others go on."""
    with precise():
        pack = Pack(folder)
        for n in (0, 2):
            pack.join(UNLIKE[n], 720 + n, seed=n)
        bad = pack.join(UNLIKE[1], 721)
        bad.request.batch.ids[0, 0] = 10**6  # type: ignore[union-attr]
        made = pack.finish()
    assert isinstance(made[721].error, IndexError)
    for n in (0, 2):
        assert_same(made[720 + n], expected[n], 1e-12, 1e-10)


@pytest.mark.parametrize("first", ["pack", "alone"])
@pytest.mark.parametrize("which", [1, 5])
def test_a_checkpoint_goes_on_in_any_company(folder: Path, expected: dict[int, Record], first: str, which: int) -> None:
    """Paused in a pack, resumed alone by peft; and the other way round. Dropout, momentum and factored states."""
    number = 800 + 10 * which + (first == "pack")
    settings, again = UNLIKE[which], {"number": number, "seed": which, "attempt": 2}
    with precise():
        pack = Pack(folder)
        if first == "pack":
            pack.join(UNLIKE[0], number + 4)
            stopped = pack.join(settings, number, stop=lambda trial: trial.reports >= 3, seed=which)
            pack.finish()
            assert 0 < stopped.step < 5
            made = alone(folder, settings, **again)
        else:
            paused = alone(folder, settings, number, seed=which, stop=lambda trial: trial.reports >= 3)
            assert 0 < max(paused.points("train_loss")) < 5
            pack.join(UNLIKE[0], number + 3)
            pack.join(settings, **again)
            made = pack.finish()[number]
    assert made.weights.keys() == expected[which].weights.keys()
    for name, value in made.weights.items():
        torch.testing.assert_close(value, expected[which].weights[name], rtol=0, atol=1e-10)


def test_dropout_that_began_under_an_older_version_is_not_packed(folder: Path) -> None:
    stop = {"stop": lambda trial: trial.reports >= 2}
    for which, refused in ((1, True), (0, False)):
        record = alone(folder, UNLIKE[which], 900 + which, **stop)
        (file,) = (record.run.root.parent / "checkpoints").glob(f"*/{STATE_FILE}")
        assert not has_old_dropout(file.parent)
        state = torch.load(file)
        del state["dropout"]
        torch.save(state, file)
        assert has_old_dropout(file.parent)
        content, kept = file.read_bytes(), file.parent.parent
        shutil.rmtree(file.parent)
        checkpoints.write(kept, 2, lambda place, content=content: (place / STATE_FILE).write_bytes(content))
        pack = Pack(folder)
        if refused:
            with pytest.raises(NotPacked, match="older version"):
                pack.join(UNLIKE[which], 900 + which, attempt=2)
        else:
            assert pack.join(UNLIKE[which], 900 + which, attempt=2).step > 0


def test_answers_of_a_pack_are_those_of_each_trial_alone(folder: Path) -> None:
    """Trials with equal options answer together, one of other options by itself, each with its own adapter."""
    common = {"steps": 3, "generate_samples": 5, "max_new_tokens": 8, "generate_batch_size": 3, "learning_rate": 0.05}
    trials = [
        {**common, "lora_rank": 8, "generate_every": 2},
        {**common, "lora_rank": 2, "lora_alpha": 32, "generate_every": 2},
        {**common, "lora_rank": 4, "max_new_tokens": 5},
    ]
    outputs = []
    with precise():
        pack, groups = Pack(folder), []
        for n, settings in enumerate(trials):
            pack.join(settings, 920 + n)
        while any(not member.ended for member in pack.members.values()):
            groups += [done.group for done in pack.step() if done.kind == "generate"]
        made = pack.finish()
        for n, settings in enumerate(trials):
            record = alone(folder, settings, 930 + n, seed=920 + n)
            answers = [
                [json.loads(line)["output"] for line in (run.root.parent / "artifacts" / "generations.jsonl").open()]
                for run in (made[920 + n].run, record.run)
            ]
            assert answers[0] == answers[1]
            outputs.append(answers[0])
            for name in ("exact_match", "rougeL", "generated_tokens"):
                assert made[920 + n].points(name) == record.points(name)
    assert (920, 921) in groups
    assert (922,) in groups
    assert outputs[0] != outputs[1], "the adapters differ enough to tell"
    assert [event["name"] for event in events(made[921].run, "phase")].count("generate") == 2


def test_evaluations_and_answers_of_trials_that_are_due_together_are_made_together(folder: Path) -> None:
    answers = {"generate_samples": 2, "generate_every": 2, "max_new_tokens": 2, "generate_metrics": ["exact_match"]}
    pack = Pack(folder)
    for n, settings in enumerate(ALIKE[:3]):
        pack.join({**settings, "steps": 2, "eval_every": 1, **answers}, 960 + n)
    groups: dict[str, list[int]] = {}
    while any(not member.ended for member in pack.members.values()):
        for done in pack.base.step(list(pack.members.values())).passes:
            groups.setdefault(done.kind, []).append(len(done.group))
    assert {member.error for member in pack.members.values()} == {None}
    assert {kind: set(sizes) for kind, sizes in groups.items()} == {"train": {3}, "evaluate": {3}, "generate": {3}}


def test_a_trial_joins_others_only_while_there_is_memory_for_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = Pack(folder)
    monkeypatch.setattr(memory, "free_gib", lambda device: 0.0)
    first = pack.join(ALIKE[0], 970)  # alone there is nobody to wait for
    with pytest.raises(OutOfMemory, match="one more trial needs"):
        pack.join(ALIKE[1], 971)
    monkeypatch.setattr(memory, "free_gib", lambda device: memory.capacity_gib(device))
    second = pack.join(ALIKE[1], 972)
    assert first.error is second.error is None
