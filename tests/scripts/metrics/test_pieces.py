"""Lines of several processes that torchrun writes in pieces: each is read as its process has printed it."""

from __future__ import annotations

import random

import pytest

from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.ranks import PiecedLines, split_rank


def test_lines_come_together_however_they_were_divided() -> None:
    rng = random.Random(1)
    for _ in range(200):
        printed = {rank: [f"step {step} val_loss={rank + 1 / step:.4f}" for step in range(1, 6)] for rank in (0, 1, 2)}
        left = {rank: "\n".join(lines) + "\n" for rank, lines in printed.items()}
        output = ""
        while any(left.values()):
            rank = rng.choice([rank for rank, text in left.items() if text])
            piece = left[rank][: left[rank].index("\n") + 1]
            if rng.random() < 0.4:  # what torchrun finds before the process has written on
                piece = piece[: rng.randrange(1, len(piece) + 1)]
            left[rank] = left[rank][len(piece) :]
            output += f"[default{rank}]:{piece}"
        pieces, found = PiecedLines(), dict[int | None, list[str]]()
        for line in output.split("\n"):
            for rank, text in pieces.lines(line) if line else ():
                found.setdefault(rank, []).append(text)
        assert found == printed, output


@pytest.mark.parametrize(
    "tag", ["[rank{}]:", "[default{}]:", "[1,{}]<stdout>:", "[Rank {}] ", "(rank {}): ", "[rank={}] "]
)
@pytest.mark.parametrize("rank", [0, 1, 12])
def test_a_rank_in_front_of_a_line_is_no_metric(tag: str, rank: int) -> None:
    line = f"{tag.format(rank)}step 3 val_loss=0.5"
    assert split_rank(line) == (rank, "step 3 val_loss=0.5")
    assert PiecedLines().lines(line) == [(rank, "step 3 val_loss=0.5")]


@pytest.mark.parametrize("line", ["Rank 1: acc 0.9", "rank 3 val_loss=0.5", "[Ranking 1] x"])
def test_other_ranks_are_no_processes(line: str) -> None:
    assert split_rank(line) == (None, line)


@pytest.mark.parametrize("code", [1, -9, 137])
def test_what_torchrun_says_of_a_failure_is_no_metric(code: int) -> None:
    line = (
        f"E1103 12:00:00.1 52 torch/distributed/elastic/api.py:882] failed (exitcode: {code}) local_rank: 1 (pid: 9) of"
    )
    assert LineReader(["val_loss"]).read_all(line) == []
