"""The rooms of the package: what each may import, lazily or not, which libraries it may use, and no import circle.

Read from the source: imports in functions and under TYPE_CHECKING count.
"""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.import_graph import import_nodes

PACKAGE = Path(__file__).parent.parent / "hptui"

MAX_LINES = 350

ABOVE_STORE = {"core", "plugins", "store", "studyfile"}
FRONT_END = {"core", "plugins", "store", "studyfile", "results", "trainers", "operations"}

MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "plugins": {"core"},
    "store": {"core"},
    "studyfile": {"core", "plugins"},
    "search": {"core", "plugins", "store.run_directory", "studyfile"},
    "trainers": {"core", "plugins", "store.paths", "store.run_directory"},
    "scripts": {"core", "plugins", "store.paths", "store.run_directory", "trainers"},
    "results": ABOVE_STORE,
    "execution": {*ABOVE_STORE, "search"},
    "operations": {*ABOVE_STORE, "search", "trainers", "scripts", "results", "execution"},
    "api": FRONT_END,
    "cli": FRONT_END,
    "tui": FRONT_END,
    "testing": {*FRONT_END, "search", "scripts", "execution", "api"},
}
"""Room or module -> rooms and modules that it may import. No front end imports another; nobody imports `testing`."""

EXCEPTIONS = {("hptui.cli.open", "tui")}
"""The module of the command line that opens the screens."""

FACADES = ("hptui", "hptui.plugins")
"""Modules that hand names on as texts, resolved on access: what they import for type checkers alone is no import."""

LIBRARIES = {
    "": {"transformers"},
    "core": set(),
    "store": {"sqlite_utils"},
    "studyfile": {"tomlkit", "yaml", "scipy"},
    "search": {"optuna", "ax", "botorch", "numpy", "torch"},
    "results": {"optuna", "matplotlib", "numpy", "scipy", "pyarrow", "plotly", "tensorboard", "wandb"},
    "trainers": {
        "pyarrow",
        "torch",
        "transformers",
        "peft",
        "bitsandbytes",
        "huggingface_hub",
        "safetensors",
        "numpy",
        "datasets",
        "sacrebleu",
        "rouge_score",
        "tokenizers",
    },
    "scripts": {"yaml", "tomlkit", "tensorboard"},
    "execution": {"psutil", "pynvml"},
    "operations": set(),
    "api": {"pandas"},
    "cli": {"click", "rich"},
    "tui": {"textual", "rich", "numpy", "textual_serve", "aiohttp", "PIL"},
    "testing": {"pytest"},
}
"""Room -> libraries beside Python's own that it may import; '' is the package itself."""

STANDARD_LIBRARY_ONLY = (
    "reader",
    "connection",
    "metric_points",
    "records",
    "paths",
    "run_directory",
    "command_queue",
    "filesystem",
)
"""Modules of `store` that the worker and the front ends need without sqlite-utils."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


@cache
def imports(path: Path) -> tuple[str, ...]:
    """List every module that a file imports, anywhere in it; `from a import b` may mean the module a.b."""
    names: list[str] = []
    tree = ast.parse(path.read_text())
    if name_of(path) in FACADES:
        tree.body = [
            node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ]
    for node in import_nodes(tree):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        else:
            assert node.level == 0, f"{path}: imports are written in full"
            names += [f"{node.module}.{name.name}" for name in node.names]
    return tuple(names)


@cache
def graph() -> dict[str, set[str]]:
    """Module -> modules of the package that it imports."""
    known = {name_of(path) for path in modules()}
    arrows: dict[str, set[str]] = {}
    for path in modules():
        targets = arrows.setdefault(name_of(path), set())
        for name in imports(path):
            if name.split(".")[0] == "hptui":
                while name not in known:
                    name = name.rpartition(".")[0]
                targets.add(name)
        targets.discard(name_of(path))
    return arrows


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """List the strongly connected components with more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    result: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(arrows.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                result.append(sorted(component))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return result


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_its_row_names(path: Path) -> None:
    room = room_of(path)
    row = room or name_of(path).removeprefix("hptui").removeprefix(".")
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "hptui":
            other = rest.split(".")[0]
            if row not in MAY_IMPORT or other not in MAY_IMPORT or other == row:
                continue
            allowed = any(rest == entry or rest.startswith(f"{entry}.") for entry in MAY_IMPORT[row])
            assert allowed or (name_of(path), other) in EXCEPTIONS, f"{row} imports {name}"
        elif top not in sys.stdlib_module_names:
            assert top in LIBRARIES[room], f"{room or 'the package'} imports {top}"


def test_every_room_has_a_row() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert rooms <= set(MAY_IMPORT)


def test_nobody_imports_testing() -> None:
    for source, targets in graph().items():
        if not source.startswith("hptui.testing"):
            assert not {name for name in targets if name.startswith("hptui.testing")}, source


def test_there_is_no_import_circle() -> None:
    # The façades hand names on as strings that are resolved on access.
    arrows = {source: targets for source, targets in graph().items() if source not in FACADES}
    assert circles(arrows) == []


def test_a_circle_is_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]


def test_what_the_worker_and_the_front_ends_need_of_the_store_is_the_standard_library() -> None:
    for name in STANDARD_LIBRARY_ONLY:
        for module in imports(PACKAGE / "store" / f"{name}.py"):
            top = module.split(".")[0]
            assert top == "hptui" or top in sys.stdlib_module_names, f"store.{name} imports {module}"


def test_init_files_hand_names_on_and_nothing_else() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        for node in ast.parse(path.read_text()).body:
            simple = isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign)
            # These hand names on when they are asked for, and to type checkers at once.
            lazy = path.parent in (PACKAGE, PACKAGE / "studyfile")
            simple |= lazy and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            assert simple, f"{path.relative_to(PACKAGE)} holds {type(node).__name__}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_longer_than_a_reader_takes_in(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES
