"""What a chart costs to draw: ten curves of ten thousand points, in CPU time.   python -m tests.benchmarks.tui_chart"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from hptui.tui.charts.raster import PlaneBox, SeriesLine, rasterize
from hptui.tui.charts.series import curve_of_points, line_of_curve
from tests.benchmarks.common import machine, percentile

TIMES = 40


def cpu(act: Callable[[], object]) -> tuple[float, float]:
    """Median and 95th percentile of the CPU time of a call, in ms."""
    act()
    found = []
    for _ in range(TIMES):
        began = time.process_time()
        act()
        found.append((time.process_time() - began) * 1000)
    return percentile(found, 0.5), percentile(found, 0.95)


def main() -> None:
    """Measure, and print a line each."""
    chance = np.random.default_rng(0)
    x = np.arange(10_000.0)
    curves = [2.5 * np.exp(-x / 4000 * (1 + k * 0.4)) + 0.3 + chance.normal(0, 0.03, x.size) for k in range(10)]
    lines = [SeriesLine(x, y, y) for y in curves]
    print(machine())
    for width, height in ((60, 14), (120, 30), (200, 50)):
        median, late = cpu(lambda: rasterize(lines, width, height, PlaneBox(0, 1e4, 0, 3.2)))  # noqa: B023
        print(f"raster of 10 x 10,000 points into {width}x{height}: median {median:.1f} ms, p95 {late:.1f} ms")
    median, late = cpu(lambda: rasterize(lines, 120, 30, PlaneBox(0, 1e4, 0.1, 3.2, log=True)))
    print(f"the same, logarithmic, into 120x30: median {median:.1f} ms, p95 {late:.1f} ms")
    thinned = curve_of_points([(int(s), float(v), 0.0) for s, v in zip(x[:1600], curves[0][:1600], strict=True)])
    median, late = cpu(lambda: line_of_curve(thinned, weight=0.9))
    print(f"smoothing of one curve as the feed hands it on: median {median:.2f} ms, p95 {late:.2f} ms")


if __name__ == "__main__":
    main()
