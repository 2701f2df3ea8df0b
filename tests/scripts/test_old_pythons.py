"""What runs in a script's own Python, which may be older than that of hptui."""

from __future__ import annotations

import ast
import builtins
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hptui
from hptui.core.errors import UserError
from hptui.scripts.metrics.tap import config_copy
from hptui.scripts.preflight import preflight
from hptui.scripts.program import CONSTANTS_RUNNER
from hptui.scripts.with_constants import LOWEST_PYTHON
from tests.scripts.metrics.test_tap import metrics

SCRIPTS, TAP = CONSTANTS_RUNNER.parent, Path(config_copy.__file__).parent
REPORTING = Path(hptui.__file__).parent / "reporting.py"
TAP_PYTHON = (3, 8)


def imported(path: Path) -> set[Path]:
    """The files next to `with_constants.py` that it imports, and what they import."""
    found, waiting = set[Path](), [path]
    while waiting:
        if (own := waiting.pop()) in found:
            continue
        found.add(own)
        names = [
            str(call.args[0].value)
            for call in ast.walk(ast.parse(own.read_text()))
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "importlib.import_module"
            if isinstance(call.args[0], ast.Constant)
        ]
        waiting += [SCRIPTS / (name + ".py") for name in names]
    return found


OF_CONSTANTS = sorted(imported(CONSTANTS_RUNNER))
LOWEST = [
    *((path, LOWEST_PYTHON) for path in OF_CONSTANTS),
    *((path, TAP_PYTHON) for path in [*TAP.glob("*.py"), REPORTING]),
]
NEW_NAMES = {"pairwise": (3, 10), "StrEnum": (3, 11), "tomllib": (3, 11), "batched": (3, 12), "cache": (3, 9),
             "removeprefix": (3, 9), "removesuffix": (3, 9), "unparse": (3, 9), "override": (3, 12),
             "stdlib_module_names": (3, 10), "bit_count": (3, 10), "aiter": (3, 10), "anext": (3, 10)}  # fmt: skip
SUBSCRIPTED = {"dict", "list", "tuple", "set", "frozenset", "type", "Counter", "deque"}


def too_new(source: str, lowest: tuple[int, int]) -> list[str]:
    """What a Python of that version cannot compile or run."""
    try:
        tree = ast.parse(source, feature_version=lowest)
    except SyntaxError as error:
        return [f"{error.lineno}: {error.msg}"]
    annotations = {
        id(part)
        for node in ast.walk(tree)
        for name in ("annotation", "returns")
        if (note := getattr(node, name, None)) is not None
        for part in ast.walk(note)
    }
    found = []
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.expr | ast.alias) else ""
        name = getattr(node, "attr", getattr(node, "id", getattr(node, "name", "")))
        is_called_strictly = isinstance(node, ast.Call) and text.startswith("zip(") and "strict=" in text
        types = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and id(node) not in annotations
        is_union = types and all(
            isinstance(getattr(builtins, ast.unparse(part), None), type) or ast.unparse(part) == "None"
            for part in ast.iter_child_nodes(node)
            if isinstance(part, ast.expr)
        )
        is_generic = isinstance(node, ast.Subscript) and id(node) not in annotations and lowest < (3, 9)
        is_new = isinstance(name, str) and NEW_NAMES.get(name, lowest) > lowest
        is_generic &= text.partition("[")[0] in SUBSCRIPTED
        is_below_310 = lowest < (3, 10) and (is_called_strictly or is_union or isinstance(node, ast.Match))
        if is_below_310 or is_generic or is_new:
            found.append(f"{getattr(node, 'lineno', 0)}: {text or name}")
    return found


@pytest.mark.parametrize(("path", "lowest"), LOWEST, ids=[path.stem for path, _ in LOWEST])
def test_what_runs_in_a_scripts_python_is_old_enough(path: Path, lowest: tuple[int, int]) -> None:
    assert too_new(path.read_text(), lowest) == []


@pytest.mark.parametrize(
    "line",
    ["zip(a, b, strict=True)", "isinstance(x, int | float)", "match x:\n    case 1: pass", "'a'.removeprefix('b')",
     "def f(a: int) -> str: return a.removesuffix('x')", "import tomllib", "x = dict[str, int]()",
     "from itertools import pairwise", "with (open(a) as b, open(c) as d): pass"],
)  # fmt: skip
def test_what_is_too_new_is_seen(line: str) -> None:
    assert too_new(line, TAP_PYTHON)
    assert not too_new("def f(a: int | None, b: list[int]) -> int | None: return a", TAP_PYTHON)


def test_the_runner_itself_starts_where_it_can_only_refuse() -> None:
    assert too_new(CONSTANTS_RUNNER.read_text(), (3, 7)) == []


def python(version: str) -> str:
    """The path of another Python of this machine."""
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"), Path("/opt"), Path("/usr")]
    files = [
        file
        for root in roots
        for file in (*root.glob(f"versions/{version}.*/bin/python"), root / f"bin/python{version}")
    ]
    return next((str(file) for file in files if file.exists()), "")


SCRIPT = """
import functools
LR = 0.5
CONFIG = {"depth": 2, "names": ["a"]}
def train(rate=0.25, model=None, *, size=(1, 2)):
    print(LR, CONFIG["depth"], rate, size)
for first, second in zip([1], [2]):
    settings = CONFIG
if __name__ == "__main__":
    train(rate=0.125)
"""


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_constants_are_set_in_an_older_python(tmp_path: Path, version: str) -> None:
    if not (program := python(version)):
        pytest.skip(f"no Python {version} here")
    (tmp_path / "train.py").write_text(SCRIPT)
    values = json.dumps({"LR": 0.75, "CONFIG.depth": 5, "train.rate": 2.5})
    words = [program, str(CONSTANTS_RUNNER), values, "train.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0.75 5 2.5 (1, 2)\n", "")


@pytest.mark.parametrize("version", ["3.7", "3.8"])
def test_a_python_that_is_too_old_for_constants_is_refused(tmp_path: Path, version: str) -> None:
    if not (program := python(version)):
        pytest.skip(f"no Python {version} here")
    (tmp_path / "train.py").write_text(SCRIPT)
    with pytest.raises(UserError, match=rf"needs Python 3\.9 or newer, and .* is Python {version}"):
        preflight({"command": [program, "train.py"], "style": "constants", "LR": 0.75}, str(tmp_path))
    words = [program, str(CONSTANTS_RUNNER), json.dumps({"LR": 0.75}), "train.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"this is {version}." in done.stderr


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.13"])
def test_reports_and_logs_of_an_older_python_arrive(tmp_path: Path, version: str) -> None:
    if not (program := python(version)):
        pytest.skip(f"no Python {version} here")
    package = tmp_path / "wandb" / "sdk"
    package.mkdir(parents=True)
    for path in (package.parent / "__init__.py", package / "__init__.py"):
        path.touch()
    (package / "wandb_run.py").write_text("class Run:\n    def log(self, data, step=None, commit=None): pass\n")
    script = (
        "import hptui, wandb.sdk.wandb_run as w; hptui.report(3, loss=0.5, acc=(6, 8)); w.Run().log({'f1': 0.25})\n"
        "import _hptui_reporting as r; import types as t; s = t.SimpleNamespace(global_step=4, max_steps=8)\n"
        "r.record_trainer_start('x', t.SimpleNamespace(lr=0.5), s); r.record_trainer_logs('x', s, {'eval_f1': 0.75})"
    )
    report = tmp_path / "reports.jsonl"
    environment = {"PYTHONPATH": str(TAP), "HPTUI_TAP": "1", "HPTUI_REPORT": str(report)}
    words = [program, "-c", script]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    entries = [json.loads(line) for line in report.read_text().splitlines()]
    expected = [
        ("report", 3, {"loss": 0.5, "acc": [6, 8]}),
        ("tap wandb", 0, {"f1": 0.25}),
        ("x", 4, {"eval_f1": 0.75}),
    ]
    assert [entry for entry in metrics(entries) if entry[2]] == expected
    assert [entry["settings"] for entry in entries if entry["k"] == "effective"] == [{"lr": 0.5}]


def test_the_python_of_hptui_is_no_older() -> None:
    assert sys.version_info >= LOWEST_PYTHON >= TAP_PYTHON
