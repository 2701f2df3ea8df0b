"""The tap and `hptui.report` inside a script's own interpreter, which need not know hptui."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui import reporting
from hptui.scripts.metrics.reports import ReportsReader
from hptui.scripts.trainer import TAP_DIRECTORY


def say(folder: Path, script: str, *options: str, **environment: str) -> list[dict[str, Any]]:
    """What a script hands on, run by an interpreter without hptui (or any other package)."""
    report = folder / "reports.jsonl"
    known = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(TAP_DIRECTORY),
        "HPTUI_TAP": "1",
        "HPTUI_REPORT": str(report),
    }
    bare = os.path.realpath(sys.executable)
    words = [bare, *options, "-c", script]
    done = subprocess.run(words, cwd=folder, env={**known, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    return [one for one in found if one["k"] != "packages"]


def metrics(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["source"], one.get("s"), one["m"]) for one in found if one["k"] == "metrics"]


def test_a_script_without_hptui_is_lent_its_report(tmp_path: Path) -> None:
    script = (
        "import hptui; hptui.report(3, {'eval/loss': 0.5}, acc=(6, 200), total_steps=9, bad='x'); hptui.should_stop()"
    )
    found = say(tmp_path, script)
    assert [one["k"] for one in found] == ["tap", "metrics", "cooperates"]
    assert metrics(found) == [("report", 3, {"eval/loss": 0.5, "acc": [6, 200]})]
    assert (found[1]["total"], found[1]["odd"]) == (9, ["bad = x"])


def test_every_process_says_which_it_is(tmp_path: Path) -> None:
    script = "import hptui; hptui.report(3, loss=1); hptui.should_stop()"
    found = say(tmp_path, script, RANK="1", WORLD_SIZE="2", LOCAL_RANK="1")
    assert [(one["k"], one["rank"], one["world"], one["local_rank"]) for one in found] == [
        ("tap", 1, 2, "1"),
        ("metrics", 1, 2, "1"),
    ]


@pytest.mark.parametrize(
    ("call", "metrics_", "odd"),
    [
        ("report(float('nan'), loss=1)", {"loss": 1.0}, ["step = nan"]),
        ("report('x', loss=1)", {"loss": 1.0}, ["step = x"]),
        ("report(None, loss=1)", {"loss": 1.0}, []),
        ("report(10**400, loss=1)", {"loss": 1.0}, [f"step = 1{'0' * 59}"]),
        ("report(1, 5)", {}, ["5"]),
        ("report(1, [('loss', 1)], acc=2)", {"acc": 2.0}, ["[('loss', 1)]"]),
        ("report(1, loss=10**400)", {}, [f"loss = 1{'0' * 59}"]),
        ("report(1, loss=(1, 'x'), acc=(1, 2))", {"acc": [1, 2]}, ["loss = (1, 'x')"]),
        (
            "report(1, loss=1, progress='half', total_steps='many')",
            {"loss": 1.0},
            ["total_steps = many", "progress = half"],
        ),
        ("report(1, loss=1, progress=float('nan'))", {"loss": 1.0}, ["progress = nan"]),
        ("report(1, {Bad(): Bad(), 2: 3})", {"Bad": None, "2": 3.0}, ["Bad = Bad"]),
        ("report(1, loss=Bad())", {}, ["loss = Bad"]),
        ("report(Bad(), Bad(), progress=Bad(), total_steps=Bad())", {}, None),
    ],
)
def test_no_report_ever_raises(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: str, metrics_: dict[str, Any], odd: list[str] | None
) -> None:
    """What is no number is listed, what is one is kept, and the script goes on."""

    class Bad:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __str__(self) -> str:
            raise RuntimeError("no text")

        __float__ = __int__ = __index__ = __str__  # type: ignore[assignment]

    monkeypatch.setenv("HPTUI_REPORT", str(tmp_path / "reports.jsonl"))
    monkeypatch.setattr(reporting, "_file", None)
    eval(call, {"report": reporting.report, "Bad": Bad})
    [entry] = [json.loads(line) for line in (tmp_path / "reports.jsonl").read_text().splitlines()]
    assert entry["m"] == {name: value for name, value in metrics_.items() if value is not None}
    assert odd is None or entry["odd"] == odd
    reader = ReportsReader(tmp_path / "reports.jsonl")
    assert [report.reading.metrics.keys() for report in reader.read()] == [entry["m"].keys()]


def test_outside_hptui_a_report_does_nothing(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    script = "import hptui, sys; hptui.report(1, loss=object()); print(hptui.should_stop(), 'json' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HPTUI_")}
    words = [sys.executable, "-c", script]
    done = subprocess.run(
        words, cwd=tmp_path, env={**environment, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False False\n"
    assert list(tmp_path.iterdir()) == []


WANDB = """
import sys, types, importlib
import wandb.sdk.wandb_run as module
run = module.Run()
run.log({"loss": 1.0, "text": "x", "nested": {"acc": 0.5}})
run.log({"loss": 0.5}, commit=False)
run.log({"loss": 0.25}, step=9)
run.log({"train/global_step": 40, "loss": 0.125})
assert run.logged == 4
"""


def test_what_is_logged_to_wandb_is_heard_before_wandb_hears_it(tmp_path: Path) -> None:
    package = tmp_path / "wandb" / "sdk"
    package.mkdir(parents=True)
    (tmp_path / "wandb" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "wandb_run.py").write_text(
        "class Run:\n    logged = 0\n    def log(self, data, step=None, commit=None):\n        self.logged += 1\n"
    )
    found = metrics(say(tmp_path, WANDB))
    assert [(step, values.get("loss")) for _, step, values in found] == [(0, 1.0), (1, 0.5), (9, 0.25), (40, 0.125)]
    assert found[0][2] == {"loss": 1.0, "nested.acc": 0.5}


def test_a_library_that_is_not_as_expected_breaks_no_script(tmp_path: Path) -> None:
    package = tmp_path / "transformers"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "trainer_callback.py").write_text("VERSION = 9\n")
    found = say(tmp_path, "import transformers.trainer_callback as t; assert t.VERSION == 9")
    assert [one["k"] for one in found] == ["tap"]


def test_the_path_of_modules_is_as_without_the_tap(tmp_path: Path) -> None:
    assert say(
        tmp_path,
        f"import sys; assert {str(TAP_DIRECTORY)!r} not in sys.path; import os; assert 'PYTHONPATH' in os.environ",
    )


def test_without_hptui_around_it_the_tap_is_deaf(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; print(type(sys.meta_path[0]).__name__)"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TAP_DIRECTORY)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() != "Finder"
