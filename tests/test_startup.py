"""The front door opens fast: nothing heavy is imported before it is needed. Seen from outside, in fresh processes."""

import json
import os
import resource
import subprocess
import sys

import pytest

HEAVY = ["torch", "transformers", "peft", "optuna", "ax", "botorch", "pandas", "matplotlib", "sqlite_utils", "tomlkit"]

SPY = """
import json, sys
sys.argv = ["hptui", *json.loads(sys.argv[1])]
code = 0
try:
    from hptui.cli.main import main
    main()
except SystemExit as end:
    code = end.code
print("\\n" + json.dumps([code, [name for name in HEAVY if name in sys.modules]]))
"""


def imported(home, *words):
    """The exit code of a call, and which heavy modules it had loaded at its end."""
    program = f"HEAVY = {HEAVY!r}\n{SPY}"
    command = [sys.executable, "-c", program, json.dumps(["--home", str(home), *words])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [["--help"], [], ["--version"], ["status"], ["run", "--help"], ["export", "--help"], ["paths"]],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(home, words):
    assert imported(home, *words) == (0, [])


def test_the_spy_can_see_something(home, tmp_path):
    file = tmp_path / "broken.toml"
    file.write_text("name = ")
    code, seen = imported(home, "check", str(file))
    assert code == 2
    assert "tomlkit" in seen


def test_help_comes_before_rich(home):
    program = "import sys; sys.argv = ['hptui', '--help']\ntry:\n    from hptui.cli.main import main; main()\n"
    program += "except SystemExit: pass\nprint(sorted(n for n in sys.modules if n in ('rich', 'sqlite3', 'asyncio')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


AHEAD = """
import ast, pathlib, sys
import hptui.tui.app
from hptui.tui import routes
routes.preload()
print(sorted(name for name in HEAVY if name in sys.modules))
late = set()
for folder in ("screens", "widgets", "charts"):
    for path in pathlib.Path(hptui.tui.app.__file__).parent.joinpath(folder).glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        late |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
print(sorted(name for name in late if name.startswith("hptui.") and name not in sys.modules))
"""


def test_what_screens_import_late_is_imported_ahead():
    program = f"HEAVY = {HEAVY!r}\n{AHEAD}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def cpu_seconds(*command: str) -> float:
    """Return the CPU seconds of a program, the least of three runs: the first may have to compile."""

    def run() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        subprocess.run([sys.executable, *command], capture_output=True, timeout=120, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(run() for _ in range(3))


# Three times what each took on a machine that had nothing else to do: a library that is imported too early costs more.
@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        (["--help"], 0.33),
        (["--version"], 0.33),
        (["status"], 0.42),
        (["run", "--help"], 0.42),
        (["paths"], 0.39),
        (["docs", "study-file"], 0.36),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_verb_begins_at_once(home, words, seconds):
    assert cpu_seconds("-m", "hptui", "--home", str(home), *words) < seconds


FRAME = """
import asyncio, sys
from pathlib import Path
from hptui.tui.app import HptuiApp
from hptui.tui.config import Config

async def main():
    async with HptuiApp(Path(sys.argv[1]), Config()).run_test(size=(120, 36)) as pilot:
        await pilot.pause()

asyncio.run(main())
"""


def test_the_first_screen_is_drawn_at_once(home):
    assert cpu_seconds("-c", FRAME, str(home)) < 1.8
