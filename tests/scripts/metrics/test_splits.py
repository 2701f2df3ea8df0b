"""An objective whose name has no split, in lines of several splits: that of held-out data is recorded alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import count, product
from pathlib import Path

import pytest

from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import canonical_name
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("splits")
    with open_store(folder) as store:
        yield folder, store


WORDS = {
    "train": ("Training", "train", "TRAIN"),
    "val": ("Validation", "valid", "Val"),
    "test": ("Test", "testing", "test"),
}
FORMS = {
    "behind a value": "{split} loss: 3.25, {name}: {value}",
    "behind words": "{split} loss = 3.2500 {name} = {value}",
    "behind an underscore": "{split}_loss 3.25 {name} {value}",
    "in a row": "Epoch {epoch} | {split} loss: 3.2 | time: 2.1 | {name}: {value}",
    "heading": "{split}: loss 3.25 {name} {value}",
    "heading in brackets": "[{split}] {name}={value}",
    "counter": "Epoch({split}) [{epoch}][100]  lr: 0.1, {name}: {value}",
    "table": "{split} {{'loss': 3.25, '{name}': {value}}}",
    "subset": "2024-01-02 03:04:05 | INFO | {split} | epoch {epoch:03d} | loss 3.25 | {name} {value}",
}
NAMES = ("accuracy", "best_loss", "label error rate", "bbox_mAP")


def curve(place: tuple[Path, Store], name: str, lines: list[str]) -> list[float]:
    one = Script(*place, next(NEXT), name)
    one.begin()
    one.say("".join(f"{line}\n" for line in lines).encode())
    one.end()
    return one.values()


@pytest.mark.parametrize("name", NAMES)
def test_the_objective_is_that_of_held_out_data(place: tuple[Path, Store], name: str) -> None:
    for form, words in product(FORMS.values(), zip(*WORDS.values(), strict=True)):
        values = {split: [0.1 * number + offset for offset in (0.01, 0.02, 0.03)] for number, split in enumerate(WORDS)}
        splits = dict(zip(WORDS, words, strict=True))
        for order in (["train", "val"], ["val", "train"], ["train", "test"], ["train", "val", "test"], ["train"]):
            best = max(order, key=["train", "test", "val"].index)
            lines = [
                form.format(split=splits[split], name=name, epoch=epoch, value=f"{values[split][epoch]:.4f}")
                for epoch in range(3)
                for split in order
            ]
            assert curve(place, name, lines) == pytest.approx(values[best]), (form, words, order)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_as_the_objective_is_called_counts_before_what_a_heading_names(
    place: tuple[Path, Store], name: str
) -> None:
    for heading, first in product(("Train", "Validation", "test"), (True, False)):
        lines = [f"{name}: 0.5", f"{heading}: loss 3.25 {name}: 0.25"]
        assert curve(place, name, [*(lines if first else lines[::-1]), f"{name}: 0.75"]) == [0.5, 0.75]


def test_the_whole_name_is_found_where_a_line_says_its_split(place: tuple[Path, Store]) -> None:
    lines = [f"{split} loss: 3.25 accuracy: {value}" for split, value in (("train", 0.9), ("validation", 0.5)) * 2]
    assert curve(place, "val_accuracy", lines) == [0.5, 0.5]
    assert curve(place, "train_accuracy", lines) == [0.9, 0.9]
    mixed = ["val loss: 3.25 accuracy: 0.4", "val_accuracy: 0.5", "val_accuracy: 0.6, accuracy: 0.9"]
    assert curve(place, "val_accuracy", mixed) == [0.5, 0.6]


def test_a_name_is_found_with_its_remark_and_in_words(place: tuple[Path, Store]) -> None:
    for remark, asked in product(
        ("(higher is better)", "(lower is better)", "(the higher the better)"), ("acc", "own")
    ):
        name = "acc" if asked == "acc" else f"acc {remark}"
        assert curve(place, name, [f"loss: 0.3, acc {remark} : 0.5"]) == [0.5], (remark, asked)
    assert curve(place, "full_auc_score", ["Fold 1 AUC : 0.7", "Full AUC score 0.75"]) == [0.75]
    assert curve(place, "current_mean_dice", ["current epoch: 2 current mean dice: 0.8"]) == [0.8]


@pytest.mark.parametrize("brackets", ["{}[{}]", "{} [{}]", "{} ({})", "{}({})"])
@pytest.mark.parametrize("split", ["Validation", "val", "Test", "eval"])
def test_a_set_with_a_name_of_its_own_is_neither_the_training_nor_another_set(brackets: str, split: str) -> None:
    reader, names = LineReader(), list[str]()
    for label in ("shifted", "clean", "ood-2"):
        for line in (f"{brackets.format(split, label)} Loss: 0.5", "Step [3/9], Loss: 0.25"):
            (reading,) = reader.read_all(line)
            names += reading.metrics
    assert names[1::2] == ["Loss"] * 3
    assert len({*names}) == 4
    (reading,) = LineReader().read_all(f"{brackets.format(split, 'val')} loss: 0.5")
    assert len(next(iter(reading.metrics)).split("_")) == 2


@pytest.mark.parametrize("form", ["behind a value", "behind words", "in a row", "counter"])
@pytest.mark.parametrize("order", [("train", "val"), ("val", "train"), ("train", "test"), ("train", "val", "test")])
def test_other_metrics_of_several_splits_stay_apart(
    place: tuple[Path, Store], form: str, order: tuple[str, ...]
) -> None:
    for words in zip(*WORDS.values(), strict=True):
        splits = dict(zip(WORDS, words, strict=True))
        values = {split: [round(0.1 * n + offset, 2) for offset in (0.01, 0.03, 0.02)] for n, split in enumerate(order)}
        one = Script(*place, next(NEXT), "ppl")
        one.begin()
        for epoch in range(3):
            for split in order:
                line = FORMS[form].format(split=splits[split], name="f1", epoch=epoch, value=values[split][epoch])
                one.say(f"{line}\nppl: {epoch + 1}\n".encode())
        one.end()
        for number, split in enumerate(order):
            recorded = one.values("f1" if number == 0 else f"{split}_f1") or one.values(f"{split}_f1")
            assert recorded == values[split], (form, words, split)


MEMBERS = ("NDCG@10", "HR@10", "loss", "acc", "val-score", "mrr")
GROUPS = ("{s} ({p})", "{s}: [{p}]", "{s} {{{p}}}", "{s} = ({p})", "epoch:40, time: 0.1(s), {s} ({p})")


@pytest.mark.parametrize("form", GROUPS)
@pytest.mark.parametrize("joint", [", ", "; ", " | ", " "])
def test_names_in_a_group_have_its_split(form: str, joint: str) -> None:
    for names in itertools.combinations(MEMBERS, 2):
        values = {split: [0.1 * (n + 1) + k for n, _ in enumerate(names)] for k, split in enumerate(("valid", "test"))}
        parts = [
            form.format(s=split, p=joint.join(f"{n}: {v:.3f}" for n, v in zip(names, values[split], strict=True)))
            for split in values
        ]
        reading = LineReader().read(", ".join([parts[0], parts[1].replace("epoch:40, time: 0.1(s), ", "")]))
        assert reading is not None
        read = {canonical_name(name): value for name, value in reading.metrics.items()}
        for split, numbers in values.items():
            for name, value in zip(names, numbers, strict=True):
                assert read.get(canonical_name(f"{split}_{name}")) == pytest.approx(value), (parts, read)
        assert not {canonical_name(name) for name in names} & read.keys(), (parts, read)


TITLES = ("Epoch[{n}] - Evaluation time (seconds): 1.25 - {s} metrics:", "{s} results:", "[{n}] {s} set metrics: ")
OBJECTIVES = ("Accuracy", "{held_out}_accuracy", "{held_out}/Loss", "loss")


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("held_out", "word"), [("test", "Test"), ("val", "Validation"), ("val", "valid")])
@pytest.mark.parametrize(("before", "indent"), [("", "\t"), ("", "  "), (" - ", " \t"), ("  ", "    ")])
def test_lines_below_a_title_are_of_its_split(
    title: str, objective: str, held_out: str, word: str, before: str, indent: str, place: tuple[Path, Store]
) -> None:
    objective = objective.format(held_out=held_out)
    measure = "loss" if "oss" in objective else "accuracy"
    values = {"train": {"accuracy": 0.9, "loss": 0.1}, held_out: {"accuracy": 0.4, "loss": 0.7}}
    lines: list[str] = []
    for epoch in (1, 2, 3):
        for split, name in (("train", "Train"), (held_out, word)):
            lines.append(before + title.format(n=epoch, s=name))
            lines += [f"{indent}{m.capitalize()}: {value + epoch / 100:.4f}" for m, value in values[split].items()]
    assert curve(place, objective, lines) == pytest.approx([values[held_out][measure] + e / 100 for e in (1, 2, 3)])


@pytest.mark.parametrize("split", ["test", "train", "validation", "eval"])
@pytest.mark.parametrize("form", ["{s} set loss", "{s.capitalize} Set Loss", "{s}_set_loss"])
def test_the_set_of_a_split_is_that_split(split: str, form: str) -> None:
    name = form.replace("{s.capitalize}", split.capitalize()).format(s=split)
    assert canonical_name(name) == canonical_name(f"{split}_loss")
    assert canonical_name(f"{split} set") == canonical_name(f"{split}_set")
