"""What a type checker sees of the public names, which are loaded on access."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hptui

ROOT = Path(hptui.__file__).parents[1]
PROGRAMS = ("api.py", "plugins.py")


def mypy(program: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--follow-imports", "silent", "--cache-dir", str(cache)]
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(program)], cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of its own: the one of a developer's mypy may be written to at the same time."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_uses_the_public_names_has_the_types_that_it_expects(cache: Path, name: str) -> None:
    done = mypy(Path(__file__).with_name(name), cache)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_wrong_type_is_an_error(cache: Path, tmp_path: Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text("import hptui\nx: int = hptui.open_study('name')\nhptui.nonsense\n")
    lines = mypy(program, cache).stdout
    assert 'Incompatible types in assignment (expression has type "OpenStudy"' in lines
    assert 'Module has no attribute "nonsense"' in lines


def test_the_program_uses_all_public_names() -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(Path(__file__).with_name("api.py").read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert set(hptui.__all__) <= used
