"""The house: imports point down only, and heavy libraries stay in the rooms that are theirs. Read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "hptui"

BELOW = {
    "model": set(),
    "storage": {"model"},
    "search": {"model", "storage"},
    "results": {"model", "storage"},
    "trainers": {"model", "storage"},
    "running": {"model", "storage", "search"},
    "actions": {"model", "storage", "search", "results", "trainers", "running"},
    "cli": {"model", "storage", "search", "results", "trainers", "running", "actions"},
    "tui": {"model", "storage", "search", "results", "trainers", "running", "actions"},
    "api": {"model", "storage", "search", "results", "trainers", "running", "actions"},
}
"""Room -> rooms that it may import. Nobody imports a face; running and results do not know each other."""

DOORS = {("open.py", "tui"), ("serve.py", "tui")}
"""The files of the command line that open the screens."""

TRAINERS_SEE = {"hptui.storage.rundir", "hptui.storage.paths"}
"""All that a training process needs of storage."""

LIBRARIES = {
    "model": set(),
    "storage": {"sqlite_utils", "tomlkit", "yaml", "scipy"},
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
        "yaml",
        "tomlkit",
        "tensorboard",
    },
    "running": {"psutil", "pynvml"},
    "actions": set(),
    "api": {"pandas"},
    "cli": {"click", "rich"},
    "tui": {"textual", "rich", "numpy", "textual_serve", "aiohttp"},
    "": {"transformers"},
}
"""Room -> libraries beside Python's own that it may import; '' is the package itself."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; `from a import b` may mean the module a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room = room_of(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "hptui":
            other = rest.split(".")[0]
            if room and other in BELOW and other != room and (path.name, other) not in DOORS:
                assert other in BELOW[room], f"{room} imports {name}"
        elif top not in sys.stdlib_module_names:
            assert top in LIBRARIES[room], f"{room or 'the package'} imports {top}"


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) == "trainers"], ids=lambda path: path.name)
def test_a_training_process_sees_little_of_storage(path):
    for name in imports(path):
        if name.startswith("hptui.storage"):
            assert ".".join(name.split(".")[:3]) in TRAINERS_SEE, name


def test_every_room_is_known():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert rooms <= set(BELOW)


def test_what_the_reader_and_the_faces_need_of_storage_is_the_standard_library():
    for name in ("reader", "queries", "rows", "paths", "rundir", "mailbox", "faults", "disks"):
        for module in imports(PACKAGE / "storage" / f"{name}.py"):
            top = module.split(".")[0]
            assert top == "hptui" or top in sys.stdlib_module_names, f"storage.{name} imports {module}"


def test_init_files_hand_names_on_and_nothing_else():
    for path in PACKAGE.rglob("__init__.py"):
        for node in ast.parse(path.read_text()).body:
            simple = isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign)
            assert simple, f"{path.relative_to(PACKAGE)} holds {type(node).__name__}"
