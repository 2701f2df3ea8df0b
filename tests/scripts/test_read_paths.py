"""What a script only reads gets no directory of the trial, though its name is one of what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script

READING = (
    "model.load_state_dict(torch.load({0}))",
    "net = Net.load_from_checkpoint({0}, strict=False)",
    "state = torch.load(os.path.join({0}, 'best.pt'))",
    "if {0} and os.path.isfile({0}):\n    print('from', {0})\n    m = torch.load({0}, map_location='cpu')",
)
WRITING = (
    "torch.save(m, {0})",
    "path = os.path.join({0}, 'a.pt')\ntorch.save(m, path)",
    "os.makedirs({0})",
    "run({0})",
)


@pytest.mark.parametrize("name", ["ckpt_path", "checkpoint_dir", "model_dir", "log_dir"])
@pytest.mark.parametrize("read", READING)
@pytest.mark.parametrize("written", ["", *WRITING])
def test_what_is_only_read_is_not_put_into_the_trial(name: str, read: str, written: str, tmp_path: Path) -> None:
    lines = f"{read}\n{written}".format(f"args.{name}")
    (tmp_path / "train.py").write_text(
        f"import argparse, os, torch\np = argparse.ArgumentParser()\np.add_argument('--{name}', type=str)\n"
        f"p.add_argument('--lr', type=float, default=0.1)\nargs = p.parse_args()\n{lines}\n"
        "print('val_loss:', f(args.lr))\n"
    )
    text, _ = study_file_of_script(tmp_path / "train.py", tmp_path)
    assert (f"--{name}={{trial_dir}}" in text) == bool(written)
