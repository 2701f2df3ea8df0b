"""The last lines of a log, and lines as they come: as a terminal shows them, however long a line is."""

from __future__ import annotations

import random
import time
from pathlib import Path

from hptui.operations.logs import MAX_LINE_BYTES, last_lines, lines_from


def shown(line: str) -> str:
    """A line as a terminal shows it, cut where it is too long."""
    state = line.rstrip("\r").rpartition("\r")[2]
    return state if len(state) <= MAX_LINE_BYTES else f"{state[:MAX_LINE_BYTES]}… ({len(state)} bytes)"


def test_the_last_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    for seed in range(60):
        rng = random.Random(seed)
        lines = []
        for number in range(rng.randint(0, 12)):
            kind = rng.random()
            if kind < 0.2:
                lines.append("\r".join(f"bar {state}" for state in range(rng.choice([3, 30]))) + rng.choice(["", "\r"]))
            elif kind < 0.3:
                lines.append(f"{number}" + "x" * rng.choice([MAX_LINE_BYTES - 1, MAX_LINE_BYTES, 3 * MAX_LINE_BYTES]))
            else:
                lines.append("y" * rng.randint(0, 30))
        ended = rng.random() < 0.7
        path.write_bytes(("\n".join(lines) + ("\n" if ended and lines else "")).encode())
        if lines and not ended and not lines[-1]:
            lines.pop()  # nothing behind the last newline is no line
        count = rng.choice([0, 1, 3, 50])
        expected = [shown(line) for line in lines]
        assert last_lines(path, count) == (expected[-count:] if count else [], path.stat().st_size), seed
        assert list(lines_from(path, 0, lambda: False)) == expected, seed


def test_a_line_of_sixty_megabytes_takes_no_time(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"first\n" + b"x" * 60_000_000 + b"\nlast\n")
    began = time.process_time()
    lines, _ = last_lines(path, 50)
    assert [line[:5] for line in lines] == ["first", "xxxxx", "last"]
    assert [line[:5] for line in lines_from(path, 0, lambda: False)] == ["first", "xxxxx", "last"]
    assert time.process_time() - began < 1.0  # 0.1 s; 30 s when each block was put before all that were read
