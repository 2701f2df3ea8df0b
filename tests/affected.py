"""Run the tests that a change can break.

`python -m tests.affected [REV] [ARGUMENTS OF PYTEST…]` runs every test file from which the import graph leads to a file
that differs from REV (default: HEAD, so what is not committed), and all tests of that file's room. What is found only
by its name (a sampler, a trainer, an exporter) has the tests of its room and the contracts. A file that is no module,
such as a page of the documents, affects the test files that name it or its folder; what all tests share affects all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.import_graph import ROOT, arrows, modules

EVERYWHERE = {"pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/marks.py", "tests/import_graph.py"}

FACADES = {"hptui", "hptui.plugins"}
"""Modules that hand names on which are resolved on access: nearly all import them, and they name nearly all."""

PLUGGED_IN = {"search", "trainers", "execution", "scripts"}
"""Rooms whose modules are found by name: tests/contracts holds what is promised of each."""


def changed_files(revision: str) -> set[str]:
    """Return the files of the repository that differ from a revision, those not yet added included."""
    commands = (["diff", "--name-only", revision, "--"], ["ls-files", "--others", "--exclude-standard"])
    return {name for words in commands for name in _git(*words).splitlines()}


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return done.stdout


def affected_tests(changed: set[str]) -> list[Path]:
    """Return the test files that a change of these files can break."""
    tests = {name: path for name, path in modules().items() if name.rpartition(".")[2].startswith("test_")}
    if changed & EVERYWHERE:
        return sorted(tests.values())
    files = {path.relative_to(ROOT).as_posix(): name for name, path in modules().items()}
    reached = _with_users({files[name] for name in changed if name in files})
    folders = _folders(changed)
    others = {Path(name).name for name in changed if name not in files}
    if any(name.startswith("hptui/docs/") for name in changed):
        reached |= {"tests.test_docs"}  # it reads every page, and names none
    others |= {f'"{Path(name).parent.name}"' for name in changed if name not in files and "/" in name}
    return sorted(
        path
        for name, path in tests.items()
        if name in reached
        or any(name.startswith(folder) for folder in folders)
        or (others and any(other in path.read_text() for other in others))
    )


def _with_users(changed: set[str]) -> set[str]:
    """Return modules, with all that import them, directly or not."""
    users: dict[str, set[str]] = {}
    for source, targets in arrows().items():
        if source not in FACADES:
            for target in targets:
                users.setdefault(target, set()).add(source)
    reached, waiting = set(changed), [*changed]
    while waiting:
        new = users.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _folders(changed: set[str]) -> set[str]:
    """Return the folders of tests that are affected as a whole, as beginnings of module names."""
    folders = set()
    for name in changed:
        parts = Path(name).parts
        if parts[0] == "hptui" and len(parts) > 2:
            folders |= {f"tests.{parts[1]}."} | ({"tests.contracts."} if parts[1] in PLUGGED_IN else set())
        if parts[-1] == "conftest.py":
            folders.add(".".join(parts[:-1]) + ".")
    return folders


def main(words: list[str]) -> int:
    """Run the affected tests; exit as pytest does, or with 0 when there are none."""
    revision = words.pop(0) if words and not words[0].startswith("-") else "HEAD"
    changed = changed_files(revision)
    found = [path.relative_to(ROOT).as_posix() for path in affected_tests(changed)]
    print(f"{len(changed)} files differ from {revision}; {len(found)} test files may notice", flush=True)
    return subprocess.call([sys.executable, "-m", "pytest", *words, *found], cwd=ROOT) if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
