"""A script to which a seed of 0 is none gets another one first."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script

ASKED = ("s = args.{0} or random.randint(1, 99)", "if args.{0}:\n    random.seed(args.{0})",
         "s = args.{0} if args.{0} else 3",
         "if not args.{0}:\n    args.{0} = 7", "if args.{0} and args.lr > 0:\n    random.seed(args.{0})")  # fmt: skip
NOT_ASKED = (
    "random.seed(args.{0})",
    "if args.{0} is not None:\n    random.seed(args.{0})",
    "if args.{0} >= 0:\n    f(args.{0})",
)


@pytest.mark.parametrize("name", ["seed", "random_seed", "manual_seed"])
@pytest.mark.parametrize("default", ["None", "42"])
@pytest.mark.parametrize("line", [*ASKED, *NOT_ASKED])
def test_the_first_seed_is_one_to_the_script(name: str, default: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import argparse, random\np = argparse.ArgumentParser()\n"
        f"p.add_argument('--{name}', type=int, default={default})\n"
        "p.add_argument('--lr', type=float, default=0.1)\nargs = p.parse_args()\n"
        f"{line.format(name)}\nprint('val_loss:', f(args.lr))\n"
    )
    text, notes = study_file_of_script(tmp_path / "train.py", tmp_path)
    assert f"--{name}={{seed}}" in text
    assert ("\nseed = 1  #" in text) == (line in ASKED)
    assert not notes
