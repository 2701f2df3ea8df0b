"""The work of reading a script grows with its length, not with its square: counted are calls, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from hptui.scripts.inspect import inspect_script

PIECES: dict[str, Callable[[int], str]] = {
    "constants": lambda n: f"LEARNING_RATE_{n} = 0.{n + 1}\nif LEARNING_RATE_{n} > 1:\n    print(LEARNING_RATE_{n})\n",
    "dictionaries": lambda n: f"PARAMS_{n} = {{'lr': 0.1, 'batch_size': 64, 'inner': {{'dropout': 0.{n + 1}}}}}\n",
    "dataclasses": lambda n: f"@dataclass\nclass Config{n}:\n    lr: float = 0.1\n    width: int = {n}\n",
    "one dictionary": lambda n: f"{'PARAMS = {' if not n else ''}'lr_{n}': 0.{n + 1},\n",
    "functions": lambda n: f"def build_{n}(model, lr=1e-3, width=12):\n    depth = {n}\n    return model(depth, lr)\n",
    "calls": lambda n: f"build_{n}(torch.optim.AdamW(params, lr=3e-4, weight_decay=0.0{n + 1}), dropout=0.{n + 1})\n",
    "calls of one function": lambda n: f"train(lr=0.{n + 1}, width=12)\n",
    "attributes": lambda n: f"cfg.part_{n}.lr = 0.{n + 1}\n",
    "classes": lambda n: (
        f"class Net{n}:\n    def __init__(self, width=8):\n        self.lr = 0.{n + 1}\n        self.w = width\n"
    ),
    "options": lambda n: f"parser.add_argument('--opt_{n}', type=float, default=0.{n + 1}, help='option')\n",
    "printed lines": lambda n: f"loss = model({n})\nprint(f'epoch {n} val_loss_{n} {{loss:.4f}}')\n",
    "logged values": lambda n: f"wandb.log({{'val/loss_{n}': loss}})\nwriter.add_scalar('val/acc_{n}', acc, {n})\n",
    "loops": lambda n: (
        f"for step_{n} in range(10):\n    total = step_{n} * 2\n    total += 1\n    print('loss', total)\n"
    ),
    "results": lambda n: f"results['acc_{n}'] = evaluate(model, top_k={n})\n",
}
"""Pieces of scripts: of each there are few and many."""
HEAD = "import argparse, json, torch, wandb\nfrom dataclasses import dataclass\nparser = argparse.ArgumentParser()\n"
FEW, TIMES = 40, 4


def work(path: Path) -> int:
    """The calls, of Python's and of C's functions, that it takes to inspect a script."""
    count = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        inspect_script(path)
    finally:
        sys.setprofile(before)
    return count


def script(kind: str, pieces: int) -> str:
    body = "".join(PIECES[kind](n) for n in range(pieces)) + ("}\n" if kind == "one dictionary" else "")
    return HEAD + body + "args = parser.parse_args()\nprint('val_loss', args)\n"


@pytest.mark.parametrize("kind", PIECES)
@pytest.mark.parametrize("reads_options", [True, False])
def test_the_work_grows_with_the_script(kind: str, reads_options: bool, tmp_path: Path) -> None:
    def of(pieces: int) -> int:
        path = tmp_path / f"train_{pieces}.py"
        text = script(kind, pieces)
        path.write_text(
            text if reads_options else text.replace("argparse.ArgumentParser()", "own()").replace(".parse_args()", "")
        )
        return work(path)

    of(1)  # imports, and patterns that are compiled
    few, many = of(FEW), of(FEW * TIMES)
    assert many <= few * TIMES * 1.25, f"{few} calls for {FEW} pieces, {many} for {FEW * TIMES}"
