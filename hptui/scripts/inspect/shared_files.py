"""What a script writes and reads where it starts: trials that start in one directory share these files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.accessed_paths import accessed_paths
from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.outputs.shown import never_called
from hptui.scripts.inspect.outputs.written import READ_TOO
from hptui.scripts.inspect.relative_paths import MAX_DEPTH, MAX_TEXTS, RelativePaths, last_name
from hptui.scripts.inspect.syntax import SharedFiles, calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

SAVING = re.compile(r"save(?:_model|_weights|_pretrained|_checkpoint|_state|_file|_network|z|z_compressed)?|dump"
                    r"|(?:Model)?Checkpoint|to_pickle")  # fmt: skip
"""Calls that save what was trained to a path that they are given."""
LOADING = re.compile(r"load(?:_model|_weights|_checkpoint|_state|_file|_network)?|from_pretrained|read_pickle|restore")
"""Calls that read what was saved."""
BY_PLACE = re.compile(r"save_pretrained|save_model|save_weights|load_model|load_weights|from_pretrained")
"""Such calls whose first argument is a path, whatever it looks like."""
TESTING = ("exists", "isfile", "is_file", "isdir", "is_dir")
MODEL_FILE = re.compile(
    r"[\w./*-]+\.(?:pth?|ckpt|h5|hdf5|keras|weights|safetensors|bin|tar|pkl|pickle|joblib|npz|zip|model|cbm|ubj)"
)
DATA_FILE = re.compile(r"\.(?:pkl|pickle|npz|joblib|zip|tar|bin)$")
"""Such a file that may hold data as well: what a script only reads, it does not go on from."""


def shared_files(tree: ast.Module) -> SharedFiles:
    """Return what a script writes and reads by relative paths that stand in it."""
    paths = RelativePaths(tree)
    unseen = {id(call) for node in never_called(tree) for _, call in calls(node)} | _not_by_default(tree, paths)
    saved, loaded, tested, made, made_anyhow = list[str](), list[str](), list[str](), list[str](), list[str]()
    for called, call in calls(tree):
        last = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if id(call) in unseen:
            continue
        if SAVING.fullmatch(last):
            saved += _places(call, last, paths)
        elif LOADING.fullmatch(last):
            loaded += _places(call, last, paths)
        elif last in TESTING:
            tested += [text for node in _given(call) for text in paths.of(node)]
        elif last in ("mkdir", "makedirs"):
            texts = [text for node in _given(call)[:1] for text in paths.of(node)]
            made_anyhow += texts
            made += texts if literal_value(keyword_argument(call, "exist_ok")) is not True else []
    accessed = accessed_paths(tree, paths, unseen)
    saved = [text for text in saved if text not in accessed.only_opened]
    loaded = [text for text in loaded if text not in accessed.only_rewritten]
    of_models = [
        text for text in tested if MODEL_FILE.fullmatch(text) and not (DATA_FILE.search(text) and text not in saved)
    ]
    resumed = dict.fromkeys([*of_models, *(text for text in loaded if text in saved)])
    refused = {text for node in nodes_of(tree, ast.If) for text in _refused(node, paths)} & {*made_anyhow}
    new = dict.fromkeys(t for t in [*made, *refused] if (t not in tested or t in refused) and "*" not in t)
    kept = {text for text in tested if text in accessed.read and text not in resumed}  # data that is made once
    return SharedFiles(
        tuple(resumed),
        tuple(new),
        tuple(dict.fromkeys(saved)),
        tuple(dict.fromkeys([*_folders(paths), *_downloaded(tree, paths)])),
        tuple(dict.fromkeys(made_anyhow)),
        accessed.written - kept,
        accessed.read,
        _is_anchored(tree),
    )


def _refused(node: ast.If, paths: RelativePaths) -> Iterator[str]:
    """Yield the paths that may not be there: `if os.path.exists("models"): raise FileExistsError`."""
    match node:
        case ast.If(test=ast.Call() as call, body=[*_, ast.Raise()]) if last_name(call.func) in TESTING:
            yield from (text for part in _given(call) for text in paths.of(part))


def _not_by_default(tree: ast.Module, paths: RelativePaths) -> set[int]:
    """Return the calls in branches that the defaults of a script leave out: `if init_from == "resume":`."""
    branches = [node for node in nodes_of(tree, ast.If) if _is_left_out(node.test, paths)]
    lines = [line for branch in branches for line in branch.body]
    return {id(inner) for line in lines for inner in all_nodes(line) if isinstance(inner, ast.Call)}


def _is_left_out(test: ast.expr, paths: RelativePaths) -> bool:
    """Return whether a condition fails with every value that its variable has in the script."""
    match test:
        case ast.BoolOp(op=ast.And(), values=parts):
            return any(_is_left_out(part, paths) for part in parts)
        case ast.Compare(left=ast.Name() | ast.Attribute() as left, ops=[op], comparators=[right]):
            wanted, values = literal_value(right), paths.values_of(left)
            if wanted is UNKNOWN or UNKNOWN in values or not values:
                return False
            is_wanted = isinstance(op, ast.Eq | ast.Is)
            is_other = isinstance(op, ast.NotEq | ast.IsNot)
            return (is_wanted and wanted not in values) or (is_other and all(value == wanted for value in values))
        case ast.Name() | ast.Attribute():
            values = paths.values_of(test)
            return bool(values) and UNKNOWN not in values and not any(values)
    return False


def _is_anchored(tree: ast.Module) -> bool:
    """Return whether a path is made from `__file__`, wherever the script starts; `sys.path` is none."""
    searched = [call for name, call in calls(tree) if name.startswith("sys.path.")]
    unseen = {id(node) for call in searched for node in all_nodes(call)}
    known = {"__file__"}
    for _ in range(MAX_DEPTH):
        made = (node for node in nodes_of(tree, ast.Assign) if _names(node.value) & known)
        known |= {inner.id for node in made for inner in all_nodes(node.targets[0]) if isinstance(inner, ast.Name)}
    joined = [call for name, call in calls(tree) if name.rpartition(".")[2] in ("join", "joinpath")]
    divided = [node for node in nodes_of(tree, ast.BinOp) if isinstance(node.op, ast.Div)]
    return any(_names(node) & known for node in (*joined, *divided) if id(node) not in unseen)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in all_nodes(node) if isinstance(inner, ast.Name)}


def _given(call: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call, with the object of a method such as `Path("a.pt").exists()` first."""
    is_of_module = dotted_name(call.func).startswith(("os.", "torch.", "joblib.", "pickle."))
    owner = [call.func.value] if isinstance(call.func, ast.Attribute) and not is_of_module else []
    return [*owner, *call.args, *(word.value for word in call.keywords)]


def _places(call: ast.Call, last: str, paths: RelativePaths) -> Iterator[str]:
    """Yield the paths among the arguments of a call that saves or loads."""
    for number, node in enumerate(call.args):
        for text in paths.of(node):
            if MODEL_FILE.fullmatch(text) or (number == 0 and BY_PLACE.fullmatch(last)):
                yield text
    for word in call.keywords:
        is_named = word.arg is not None and PATH_WORD.fullmatch(word.arg) is not None
        yield from (text for text in paths.of(word.value) if MODEL_FILE.fullmatch(text) or is_named)


PATH_WORD = re.compile(r"(?:file|dir|save)?_?(?:path|dir|directory|name)|filepath|filename|dirpath|f")
"""Keywords that are a path."""


def _folders(paths: RelativePaths) -> Iterator[str]:
    """Yield the folders of data: the values of what is called so."""
    for name, nodes in paths.named.items():
        if name == "root" or READ_TOO.fullmatch(name.lower()):
            texts = [text for node in nodes[:MAX_TEXTS] for text in paths.of(node) if _is_folder(text)]
            yield from (text for text in texts if not _is_of_hub(name.lower(), text))


def _downloaded(tree: ast.Module, paths: RelativePaths) -> Iterator[str]:
    """Yield the folders of data sets that are classes: `datasets.MNIST("./data", download=True)`."""
    for called, call in calls(tree):
        owner, _, last = called.rpartition(".")
        is_of_datasets = owner.rpartition(".")[2] == "datasets" and last[:1].isupper()
        if call.args and (is_of_datasets or keyword_argument(call, "download") is not None):
            yield from (text for text in paths.of(call.args[0]) if _is_folder(text))


def _is_of_hub(name: str, text: str) -> bool:
    """Return whether a text is the name of a model or of data, by what is called so and how it is written."""
    is_path = text.startswith("./") or text.endswith("/") or READ_TOO.fullmatch(text.partition("/")[0].lower())
    return NAMES_OF_HUB.fullmatch(name) is not None and not is_path


NAMES_OF_HUB = re.compile(
    r".*_(?:name|names|id|type|version)|.*(?:pretrained|model|resume).*"
    r"|(?:.*_)?(?:dataset|datasets|config|raw)(?:_(?:config|split|name)\w*)?"
)
"""Names of what is one of a hub, or a choice, unless it is written as a path: nothing is made for it."""


def _is_folder(text: str) -> bool:
    last = text.rstrip("/").rpartition("/")[2]
    return "*" not in text and "." not in last.strip(".") and " " not in text
