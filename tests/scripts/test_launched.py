"""Scripts that need a launcher: they always read their rank, and do not start their processes themselves."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect.launched import needs_launcher

READS = {
    "rank": "rank = int(os.environ['RANK'])\n",
    "local rank": "local_rank = int(os.environ['LOCAL_RANK'])\n",
    "group": "dist.init_process_group(backend='nccl')\n",
    "group by place": "init_process_group('gloo')\n",
    "group of the environment": "dist.init_process_group('gloo', init_method='env://')\n",
    "world": "world = int(environ['WORLD_SIZE'])\n",
}
PLACES = {
    "top": "{0}",
    "main block": "if __name__ == '__main__':\n{1}",
    "function": "def main():\n{1}\nmain()\n",
    "functions": "def setup():\n{1}\n\ndef main():\n    setup()\n\nif __name__ == '__main__':\n    main()\n",
    "function of fire": "def main(lr=0.1):\n{1}\nfire.Fire(main)\n",
    "class": "class Trainer:\n    def __init__(self):\n{2}\ntrainer = Trainer()\n",
    "with": "with open('a') as file:\n{1}",
}
OPTIONAL_PLACES = {
    "test": "if 'RANK' in os.environ:\n{1}",
    "flag": "def main(args):\n    if args.distributed:\n{2}\nmain(args)\n",
    "return": "def setup(args):\n    if args.world == 1:\n        return\n{1}\nsetup(args)\n",
    "try": "try:\n{1}\nexcept KeyError:\n    rank = 0\n",
    "not called": "def setup():\n{1}\nprint(3)\n",
    "spawned": "def main(rank):\n{1}\nmp.spawn(main, nprocs=2)\n",
    "set": "os.environ['RANK'] = '0'\nos.environ['WORLD_SIZE'] = '1'\n{0}",
    "set if absent": "os.environ.setdefault('RANK', '0')\n{0}",
}
OPTIONAL_READS = {
    "get": "rank = int(os.environ.get('RANK', 0))\n",
    "conditional": "rank = int(os.environ['RANK']) if 'RANK' in os.environ else 0\n",
    "both": "is_first = 'RANK' in os.environ and os.environ['RANK'] == '0'\n",
    "given rank": "dist.init_process_group('gloo', rank=0, world_size=1)\n",
    "a file": "dist.init_process_group('gloo', init_method='file:///tmp/x', rank=0, world_size=1)\n",
    "by place": "dist.init_process_group('gloo', 'tcp://127.0.0.1:2000')\n",
    "other variable": "home = os.environ['HOME']\n",
}


def _placed(place: str, line: str) -> ast.Module:
    return ast.parse(place.format(line, f"    {line}", f"        {line}"))


def test_a_script_that_always_reads_its_rank_needs_a_launcher() -> None:
    for place, line in itertools.product(PLACES.values(), READS.values()):
        assert needs_launcher(_placed(place, line)), (place, line)


def test_a_script_that_may_do_without_a_rank_needs_none() -> None:
    for place, line in itertools.product(OPTIONAL_PLACES.values(), READS.values()):
        assert not needs_launcher(_placed(place, line)), (place, line)
    for place, line in itertools.product(PLACES.values(), OPTIONAL_READS.values()):
        assert not needs_launcher(_placed(place, line)), (place, line)


@pytest.mark.parametrize("line", ["lr = 0.1\n", "import argparse\n"])
@pytest.mark.parametrize("module", [False, True])
def test_new_lets_torchrun_start_such_a_script(
    line: str, module: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    setup = "import os\n\n\ndef setup():\n    return int(os.environ['LOCAL_RANK'])\n"
    (tmp_path / "ddp.py").write_text(setup)
    (tmp_path / "train.py").write_text(
        f"{line}from ddp import setup\nsetup()\nprint('val_loss: 1.0')\n" if module else f"{line}{setup}\nsetup()\n"
    )
    path, notes = write_study_file("train.py")
    assert 'launch = "torchrun"' in path.read_text()
    assert any("torchrun starts it" in note for note in notes)
