"""What every reader of metrics promises, as a test suite.

class TestMine(MetricsReaderContract):
    format = "acme_hptui:READER"
    file_name = "run.acme"

    def content(self, points):
        return b"".join(b"%d\\t%r\\n" % point for point in points)
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

from hptui import plugins
from hptui.operations.plugins import check_plugin
from hptui.scripts.metrics.readers import MetricsReader, ReaderOptions

__all__ = ["MetricsReaderContract"]

Point = tuple[int, float]
"""Step and loss."""
POINTS: tuple[Point, ...] = ((1, 2.5), (2, 1.25), (3, 0.75), (4, 0.5), (5, 0.375), (6, 0.25))


class MetricsReaderContract:
    """The suite. A subclass names the format, built in, installed or `"module:Object"`, and writes files of it.

    `file_name` is a name of such a file. `rotates`: a file that is replaced is read from its beginning.
    """

    format = ""
    file_name = ""
    rotates = True

    def content(self, points: Sequence[Point]) -> bytes:
        """Return a file with the loss at these steps."""
        raise NotImplementedError

    def make(self, path: Path, *, skip_existing: bool = False) -> MetricsReader:
        """Return a reader of a file."""
        options = ReaderOptions(objectives=("loss",), skip_existing=skip_existing)
        reader: MetricsReader = plugins.load("metrics_readers", self.format, "reader")(path, options)
        return reader

    def new_points(self, reader: MetricsReader, *, last: bool = False) -> list[Point]:
        """Return what a reader finds now."""
        readings = list(reader.read_new(last=last))
        return [(reading.step or 0, reading.metrics["loss"]) for reading in readings if "loss" in reading.metrics]

    def test_its_spec_is_light(self) -> None:
        """Check that naming the format imports no heavy library."""
        [check] = check_plugin(self.format, "metrics_readers")
        assert not check.error
        assert not check.heavy

    def test_its_files_are_known_by_their_names(self, tmp_path: Path) -> None:
        """Check that the format need not be named for such a file, and is not taken for others."""
        matches = plugins.load("metrics_readers", self.format, "matches")
        assert matches(tmp_path / self.file_name)
        assert not matches(tmp_path / "weights.safetensors")

    def test_it_reads_a_whole_file(self, tmp_path: Path) -> None:
        """Check steps and values, each once."""
        path = tmp_path / self.file_name
        path.write_bytes(self.content(POINTS))
        reader = self.make(path)
        assert self.new_points(reader, last=True) == [*POINTS]
        assert self.new_points(reader, last=True) == []

    def test_it_reads_what_is_added(self, tmp_path: Path) -> None:
        """Check a file that grows between two calls."""
        path = tmp_path / self.file_name
        path.write_bytes(self.content(POINTS[:2]))
        reader = self.make(path)
        points = self.new_points(reader)
        for count in (3, 5):
            path.write_bytes(self.content(POINTS[:count]))
            points += self.new_points(reader)
        path.write_bytes(self.content(POINTS))
        assert [*points, *self.new_points(reader, last=True)] == [*POINTS]

    def test_a_torn_record_waits_for_its_rest(self, tmp_path: Path) -> None:
        """Check a file that is cut anywhere: no error, no wrong value, nothing read twice or lost."""
        whole = self.content(POINTS[:3])
        for size in range(0, len(whole), max(1, len(whole) // 40)):
            path = tmp_path / f"{size}-{self.file_name}"
            path.write_bytes(whole[:size])
            reader = self.make(path)
            points = self.new_points(reader)
            assert set(points) <= set(POINTS[:3])
            path.write_bytes(whole)
            assert [*points, *self.new_points(reader, last=True)] == [*POINTS[:3]]

    def test_what_was_there_before_is_skipped(self, tmp_path: Path) -> None:
        """Check a file that another trial has left."""
        path = tmp_path / self.file_name
        path.write_bytes(self.content(POINTS[:3]))
        reader = self.make(path, skip_existing=True)
        assert self.new_points(reader) == []
        path.write_bytes(self.content(POINTS))
        assert self.new_points(reader, last=True)[-3:] == [*POINTS[3:]]

    def test_a_file_that_is_replaced_is_read_anew(self, tmp_path: Path) -> None:
        """Check a file in whose place another one is put."""
        if not self.rotates:
            return
        path = tmp_path / self.file_name
        path.write_bytes(self.content(POINTS[:4]))
        reader = self.make(path)
        self.new_points(reader)
        fresh = path.with_name("fresh")
        fresh.write_bytes(self.content(POINTS[:2]))
        os.replace(fresh, path)
        assert self.new_points(reader, last=True) == [*POINTS[:2]]

    def test_a_file_that_is_not_there_is_no_error(self, tmp_path: Path) -> None:
        """Check a file that vanishes between being found and being read."""
        path = tmp_path / self.file_name
        path.write_bytes(self.content(POINTS[:1]))
        reader = self.make(path)
        path.unlink()
        self.new_points(reader)

    def test_noise_is_no_error(self, tmp_path: Path) -> None:
        """Check files of random bytes."""
        for seed in range(20):
            path = tmp_path / f"{seed}-{self.file_name}"
            path.write_bytes(random.Random(seed).randbytes(400) + b"\n" + self.content(POINTS[:1]))
            list(self.make(path).read_new(last=True))
