"""Makes `screenshots/`: every screen as SVG and PNG, from studies that were really trained.

    python -m tests.screenshots HOME [NAME…]

HOME keeps the studies; those that are not there yet are trained first, and one is running while its pictures are taken.
PNG needs chromium and Pillow.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir
from tests.support import trials, until
from tests.tui.walk import Walk, walking

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "screenshots"
CHARLM, SFT, RUNNING = "quickstart", "math_sft_tpe_small", "charlm_days_small"
FONT = "DejaVu Sans Mono"
PATIENCE = 180.0


@dataclass(frozen=True)
class Shot:
    """One picture: from which study, which keys lead there, what must have come, and at what size."""

    name: str
    study: str
    keys: Sequence[str]
    wait: Sequence[str] = ()
    size: tuple[int, int] = (120, 36)
    theme: str = "dark"


SHOTS = (
    Shot("studies", "", (), ("running", CHARLM)),
    Shot("study-running", RUNNING, (), ("running",)),
    Shot("study", CHARLM, ("j",), ("★",)),
    Shot("study-sft", SFT, (), ("★",)),
    Shot("study-80x24", CHARLM, ("j",), ("★",), (80, 24)),
    Shot("study-light", CHARLM, ("j",), ("★",), theme="light"),
    Shot("study-ansi", CHARLM, ("j",), ("★",), theme="ansi"),
    Shot("trial", CHARLM, ("asterisk", "enter"), ("★ best",)),
    Shot("trial-sft", SFT, ("asterisk", "enter"), ("best",)),
    Shot(
        "text",
        SFT,
        ("asterisk", "enter", "@attempt", "enter", "@Artifact", *"generations.jsonl", "enter"),
        ("records",),
    ),
    Shot("log", CHARLM, ("t", "@following"), ("lines",)),
    Shot("compare", CHARLM, ("space", "space", "space", "c"), ("compare",)),
    Shot("health", CHARLM, ("d",), ("health",)),
    Shot("space", CHARLM, ("e", "@random draws"), ("random draws",)),
    Shot("space-entry", CHARLM, ("e", "@random draws", "enter"), ("Parameter",)),
    Shot("launch", CHARLM, ("j", "r"), ("Run quick",)),
    Shot("clone", CHARLM, ("j", "C"), ("Clone",)),
    Shot("insights-history", CHARLM, ("H",), ("history",)),
    Shot("insights-importance", SFT, ("H", "tab", "i"), ("chance",)),
    Shot("insights-slice", SFT, ("H", "tab", "tab"), ()),
    Shot("insights-heat-map", CHARLM, ("H", "tab", "tab", "tab"), ()),
    Shot("insights-parallel", CHARLM, ("H", "tab", "tab", "tab", "tab"), ()),
    Shot("insights-categories", SFT, ("H", *(["tab"] * 6)), ()),
    Shot("metrics", CHARLM, ("O",), ("of trials",)),
    Shot("decisions", CHARLM, ("U",), ("what it decided",)),
    Shot("report", CHARLM, ("R", "@w writes"), ()),
    Shot("report-rendered", CHARLM, ("R", "@w writes", "m"), ()),
    Shot("system", RUNNING, ("u", "@cores", "+4"), ("cores",)),
    Shot("help", CHARLM, ("j", "question_mark"), ("Help",)),
    Shot("filter", CHARLM, ("j", "slash", *"lr<5e-3 status=complete"), ("lr<5e-3",)),
)


async def take(home: Path, shot: Shot) -> str:
    """The picture as SVG."""
    study = StudyDir.for_study(home, shot.study) if shot.study else None
    async with walking(home, size=shot.size, study=study, theme=shot.theme) as walk:
        await walk.until("★" if study else CHARLM, PATIENCE)
        await walk.pilot.pause(2.5)
        for key in shot.keys:
            await step(walk, key)
        for text in shot.wait:
            await walk.until(text, PATIENCE)
        await walk.pilot.pause(1.5)
        await walk.until(lambda: "drawing" not in walk.text, PATIENCE)
        return walk.app.export_screenshot(title="hptui")


async def step(walk: Walk, key: str) -> None:
    """A key; or `@text`: wait for it; or `+4`: so many seconds."""
    if key.startswith("@"):
        await walk.until(key[1:], PATIENCE)
    elif re.fullmatch(r"\+\d+", key):
        await walk.pilot.pause(float(key))
    else:
        await walk.press(key)
        await walk.pilot.pause(0.2)


def offline(svg: str) -> str:
    """Without fonts from elsewhere: the one that is on every Linux, in columns as wide as the SVG says."""
    svg = re.sub(r"@font-face\s*{.*?}\s*", "", svg, flags=re.DOTALL)
    # A little larger than Textual draws it, so that the lines of boxes meet.
    svg = svg.replace("font-size: 20px", "font-size: 21px")
    return svg.replace("Fira Code", FONT).replace("font-family: arial", f"font-family: {FONT}")


def to_png(svg: Path) -> None:
    """The same as PNG beside it, in few colours, so that a README loads fast."""
    from PIL import Image

    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text())
    assert box is not None
    width, height = (round(float(one)) for one in box.groups())
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("PNG needs chromium")
    target = svg.with_suffix(".png")
    with tempfile.TemporaryDirectory() as profile:
        words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        words += [f"--window-size={width},{height}", "--default-background-color=00000000", f"--screenshot={target}"]
        subprocess.run([browser, *words, svg.as_uri()], check=True, capture_output=True, timeout=120)
    with Image.open(target) as image:
        image.quantize(128, method=Image.Quantize.FASTOCTREE).save(target, optimize=True)


def trained(home: Path) -> None:
    """Let the finished studies be finished, and the running one run."""
    for name in (CHARLM, SFT):
        sd = StudyDir.for_study(home, name)
        if not sd.exists():
            run(home, str(ROOT / "studies" / f"{name}.toml"))
            until(lambda sd=sd: not runner_status(sd)["alive"], seconds=1800)


def start_over(home: Path) -> None:
    """The study that runs while its pictures are taken begins anew, and gets to where there is something to see."""
    sd = StudyDir.for_study(home, RUNNING)
    if sd.exists() and not runner_status(sd)["alive"]:
        shutil.rmtree(sd.root)
    run(home, str(ROOT / "studies" / f"{RUNNING}.toml"))
    until(lambda: len(trials(sd)) > 7, seconds=600)


def _needs_a_run(shot: Shot) -> bool:
    return shot.study in ("", RUNNING)


def main(home: Path, names: Sequence[str]) -> None:
    """Take them all, or some."""
    TARGET.mkdir(exist_ok=True)
    trained(home)
    started = False
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    for shot in sorted(wanted, key=_needs_a_run):
        if _needs_a_run(shot) and not started:
            start_over(home)
            started = True
        path = TARGET / f"{shot.name}.svg"
        path.write_text(offline(asyncio.run(take(home, shot))))
        to_png(path)
        sys.stderr.write(f"{path.name}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2:])
