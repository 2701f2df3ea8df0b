"""Which of several places of a value is read: lines of a whole evaluation, files that surely come, whole names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hptui.scripts.metrics.lines import LineReader
from tests.scripts.test_objective_of_one_data import written

WRITER = "from torch.utils.tensorboard import SummaryWriter\n"
EVALUATION = """
def validate(loader, epoch):
    for i, batch in enumerate(loader):
        {in_loop}
    {after}
    print("Accuracy: %.4f" % (hits / n))
validate(data, 1)
"""
TAG = "writer.add_scalar('val/loss', x, i)"


@pytest.mark.parametrize("loop", ["enumerate(loader)", "tqdm(loader)", "val_loader", "range(len(batches))"])
def test_a_tag_of_single_batches_is_no_objective(loop: str, tmp_path: Path) -> None:
    text = EVALUATION.replace("enumerate(loader)", loop)
    objective, _, trainer = written(
        tmp_path, f"{WRITER}writer = SummaryWriter()\n{text.format(in_loop=TAG, after='pass')}"
    )
    assert objective["metric"] == "Accuracy"
    assert "metrics" not in trainer


MADE = {
    "writer = SummaryWriter()": ["runs"],
    "writer = SummaryWriter('logs')": ["logs"],
    "folder = make()\nwriter = SummaryWriter(folder)": ["**/*tfevents*"],
    "writer = SummaryWriter(os.path.join(root, name))": ["**/*tfevents*"],
    "p2 = 'logs'\nwriter = SummaryWriter(p2)": ["logs"],
    "if a.tensorboard:\n    writer = SummaryWriter()": None,
    "writer = SummaryWriter() if a.tensorboard else None": None,
}


@pytest.mark.parametrize("made", MADE)
def test_files_are_read_where_they_come(made: str, tmp_path: Path) -> None:
    option = "p.add_argument('--tensorboard', action='store_true')\na = p.parse_args()\n"
    objective, _, trainer = written(
        tmp_path, f"{WRITER}{option}{made}\nfor e in y:\n    {TAG}\n    print('train_loss', x)\n"
    )
    assert trainer.get("metrics") == MADE[made]
    assert objective["metric"] == ("val/loss" if MADE[made] else "train_loss")


NAMES = {
    "print('ndcg@%d: %.4f' % (a.topk, x))": "ndcg@10",
    "print(f'ndcg@{a.topk}: {x:.4f}')": "ndcg@10",
    "print('ndcg@{}: {:.4f}'.format(a.topk, x))": "ndcg@10",
    "print(f'ndcg@{self.topn}: {x:.4f}')": "",
    "print('ndcg@%d: %.4f' % (k, x))": "",
}


@pytest.mark.parametrize("line", NAMES)
def test_a_number_in_a_name_is_that_of_the_option_or_unknown(line: str, tmp_path: Path) -> None:
    option = "p.add_argument('--topk', type=int, default=10)\na = p.parse_args()\n"
    objective, notes, _ = written(tmp_path, f"{option}{line}\n")
    assert (objective["metric"] == NAMES[line]) if NAMES[line] else ("@" not in objective["metric"])
    assert any("ndcg@…" in note for note in notes) is (NAMES[line] == "")


WORDED = {
    'print("Accuracy: SVC {:.2f}%".format(x))': ("accuracy_svc", "Accuracy: SVC 93.50%", 93.5),
    'print(f"Accuracy: forest {x:.2f}")': ("accuracy_forest", "Accuracy: forest 0.25", 0.25),
    'print("Epoch %d F1 = both-sets %.3f" % (e, x))': ("f1_both_sets", "Epoch 12 F1 = both-sets 0.375", 0.375),
    'print("Accuracy computed in %.2f" % x)': ("", "", 0.0),
}
TIMED = {
    'print(f"{epoch}: {t:.1f}s | {loss:.8f}")': ("3: 12.5s | 0.12500000", 0.125),
    'print(f"{epoch} {loss:.4f} {took:.2f} sec")': ("3 0.1250 1.50 sec", 0.125),
    'print(f"[{epoch}] {t:.1f}ms, {loss:.4f}")': ("[3] 7.5ms, 0.1250", 0.125),
}


def read(trainer: dict[str, object], name: str, line: str) -> float:
    """The value that the patterns of a study file read in a line."""
    patterns = trainer["metrics"]
    assert isinstance(patterns, list)
    reading = LineReader((name,), [re.compile(pattern) for pattern in patterns]).read(line)
    assert reading is not None
    return reading.metrics[name]


@pytest.mark.parametrize("line", WORDED)
def test_a_word_before_a_value_gets_a_pattern(line: str, tmp_path: Path) -> None:
    name, shown, value = WORDED[line]
    objective, _, trainer = written(tmp_path, f"{line}\n")
    if name:
        assert objective["metric"] == name
        assert read(trainer, name, shown) == value
    else:
        assert "metrics" not in trainer


@pytest.mark.parametrize("line", TIMED)
def test_a_time_among_values_without_names_is_left_out(line: str, tmp_path: Path) -> None:
    shown, value = TIMED[line]
    objective, _, trainer = written(tmp_path, f"for epoch in range(3):\n    loss = step()\n    {line}\n")
    assert objective["metric"] == "loss"
    assert read(trainer, "loss", shown) == value


PARTS = {
    "for episode in range(9):\n    env.reset()\n    score += reward\n    print(f'Score: {score:.2f}')": "last",
    "for i_episode in range(9):\n    env.step(x)\n    score += r_reward\n    print(f'Score: {score:.2f}')": "last",
    "for episode in range(9):\n    env.reset()\n    score = mean(all)\n    print(f'Score: {score:.2f}')": "best",
    "for fold in range(5):\n    val_acc = run()\n    print(f'val_acc {val_acc:.3f}')": "last",
    "for epoch in range(5):\n    val_acc = run()\n    print(f'val_acc {val_acc:.3f}')": "best",
    "def once(n):\n    print(f'val_acc {x:.3f}')\nfor fold in range(5):\n    once(fold)": "last",
    "def once(n):\n    print(f'val_acc {x:.3f}')\nfor fold in range(5):\n    once(fold)\nonce(9)": "best",
}


@pytest.mark.parametrize("text", PARTS)
def test_the_best_of_single_episodes_or_folds_is_no_objective(text: str, tmp_path: Path) -> None:
    objective, notes, _ = written(tmp_path, f"score = 0\n{text}\n")
    assert objective.get("select", "best") == PARTS[text]
    assert any("of each fold" in note for note in notes) is ("fold" in text and PARTS[text] == "last")
