"""A split that a script chooses as it runs, `"train" if train else "val"`, is in the names of what it measures."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script
from hptui.scripts.metrics.pairs import canonical_name

WORDS = (("train", "val"), ("Train", "Eval"), ("training", "validation"), ("TRAIN", "TEST"))
CHOICES = {
    "a name": "def run(train):\n    word = {a!r} if train else {b!r}\n    {show}\nrun(True)\nrun(False)\n",
    "a name of the other order": "def run(test):\n    word = {b!r} if test else {a!r}\n    {show}\nrun(1)\n",
    "in its place": "def run(train):\n    {inline}\nrun(True)\n",
    "arms": "def run(on):\n    if on:\n        word = {a!r}\n    else:\n        word = {b!r}\n    {show}\nrun(1)\n",
    "three arms": (
        "def run(kind):\n    if kind == 0:\n        word = {a!r}\n    elif kind == 1:\n        word = {b!r}\n"
        "    else:\n        word = 'other'\n    {show}\nrun(0)\n"
    ),
    "a table": "NAMES = {{True: {a!r}, False: {b!r}}}\ndef run(on):\n    word = NAMES[on]\n    {show}\nrun(True)\n",
    "a list": "def run(held_out):\n    word = [{a!r}, {b!r}][held_out]\n    {show}\nrun(0)\n",
    "a loop": "for word in [{a!r}, {b!r}]:\n    {show}\n",
    "a loop of pairs": "for word, data in (({a!r}, x), ({b!r}, y)):\n    {show}\n",
    "a loop over a table": "sets = {{{a!r}: x, {b!r}: y}}\nfor word, data in sets.items():\n    {show}\n",
    "arguments": "def run(word):\n    {show}\nrun({a!r})\nrun({b!r})\n",
    "arguments by name": "def run(data, word={a!r}):\n    {show}\nrun(x)\nrun(y, word={b!r})\n",
    "an object": (
        "class Runner:\n    def __init__(self, word):\n        self.word = word\n    def run(self):\n        {own}\n"
        "Runner({a!r}).run()\nRunner({b!r}).run()\n"
    ),
}
SHOWN = {
    "formatted": 'print(f"[GPU0] Epoch {{epoch}} | Iter {{it}} | {word} Loss {{loss:.5f}}")',
    "format": 'print("Epoch {{}} {{}} loss: {{:.4f}}".format(epoch, {plain}, loss))',
    "percent": 'print("Epoch %d %s loss: %.4f" % (epoch, {plain}, loss))',
    "a key": 'print(f"{word}_loss: {{loss:.4f}}")',
    "in capitals": 'print(f"{plain_upper} loss: {{loss:.4f}}")',
    "a record": "print({{'loss': loss, 'split': {plain}, 'step': step}})",
    "W&B": "import wandb; wandb.log({{f'{word}/loss': loss}})",
    "a held text": "text = f'{word} loss'; print(f'{{text}}: {{loss:.4f}}')",
}


def script(choice: str, shown: str, a: str, b: str) -> str:
    def show(word: str) -> str:
        return SHOWN[shown].format(word=f"{{{word}}}", plain=word, plain_upper=f"{{{word}.upper()}}")

    inline = f"({a!r} if train else {b!r})".replace("'", '"' if shown in ("W&B", "a held text") else "'")
    return CHOICES[choice].format(a=a, b=b, show=show("word"), own=show("self.word"), inline=show(inline))


@pytest.mark.parametrize(("choice", "shown"), [*itertools.product(CHOICES, SHOWN)])
def test_each_split_has_its_metric(choice: str, shown: str, tmp_path: Path) -> None:
    for a, b in WORDS:
        path = tmp_path / "train.py"
        path.write_text(script(choice, shown, a, b))
        names = [*map(canonical_name, inspect_script(path).metrics)]
        assert names[:1] == [f"{canonical_name(b)}_loss"], path.read_text()
        assert f"{canonical_name(a)}_loss" in names, path.read_text()


@pytest.mark.parametrize("mark", ['" *" if better else ""', '"new" if better else "old"', '["a", "b"][better]'])
def test_other_choices_make_no_names(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(f"def run(better):\n    mark = {mark}\n    print(f'val_loss: {{loss:.4f}} {{mark}}')\nrun(1)\n")
    assert inspect_script(path).metrics == ["val_loss"]


@pytest.mark.parametrize("choice", [name for name in CHOICES if name not in ("an object", "in its place")])
def test_a_file_of_records_has_each_split(choice: str, tmp_path: Path) -> None:
    show = "f.write(json.dumps({'loss': loss, 'phase': word, 'step': step}) + chr(10))"
    for a, b in WORDS:
        path = tmp_path / "train.py"
        head = "import json\nf = open('log.jsonl', 'a')\n"
        path.write_text(head + CHOICES[choice].format(a=a, b=b, show=show, own="", inline=""))
        script = inspect_script(path)
        names = [*map(canonical_name, script.metrics)]
        assert names[:1] == [f"{canonical_name(b)}_loss"], (path.read_text(), names)
        assert script.metric_files == ["log.jsonl"]
