"""Relative paths that calls of a script write to, and those that calls read from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.inputs.read_paths import READING
from hptui.scripts.inspect.outputs.written import WRITING_CALLS
from hptui.scripts.inspect.relative_paths import RelativePaths
from hptui.scripts.inspect.syntax import calls, keyword_argument, literal_value

OTHER_WRITING = re.compile(
    r"write_\w+|savefig|savetxt|imsave|imwrite|to_json|to_parquet|save_image|save_checkpoint|"
    r"(?:Model)?Checkpoint|CSVLogger|TensorBoard\w*|basicConfig|rmtree|remove|unlink"
)
"""Calls that write to a path that they are given, next to those of `WRITING_CALLS`."""
MAKING = ("mkdir", "makedirs")
"""Calls that make a folder, which may be one of data."""
OF_DATA = re.compile(r"[A-Z]\w*(?:Dataset|Data|Loader|Folder|Reader)|(?:Data|Load|Read)[A-Z]\w*")
"""Classes that read data."""
WRITTEN_WORD = re.compile(
    r"(?:output|out|save|log|logging|checkpoint|ckpt|result|results|work|default_root)_?(?:dir|path|folder|root)|dirpath|filepath"
)
"""Keywords of any call that say where it writes."""
PATH_WORD = re.compile(r"(?:\w+_)?(?:root|dir|directory|folder|path|file|filename|filepath|fname)s?|data|f")
"""Keywords that are a path, of calls that read or write."""
MAX_PLACES = 2
"""Arguments of a call that may be its path, by place."""


@dataclass(frozen=True, slots=True)
class AccessedPaths:
    """The relative paths that a script writes to and reads from; `only_opened` are opened to be read, and no more.

    `only_rewritten` are opened to be written, and no more.
    """

    written: frozenset[str]
    read: frozenset[str]
    only_opened: frozenset[str]
    only_rewritten: frozenset[str]


def accessed_paths(tree: ast.Module, paths: RelativePaths, unseen: set[int]) -> AccessedPaths:
    """Return what calls write to and read from; `unseen` calls do not run by default."""
    written, read, opened, reopened = set[str](), set[str](), set[str](), set[str]()
    for called, call in calls(tree):
        last = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if id(call) in unseen:
            continue
        written |= {t for word in call.keywords if WRITTEN_WORD.fullmatch(word.arg or "") for t in paths.of(word.value)}
        if last == "open":
            texts = {text for node in _places(call, owned=called not in ("open", "io.open")) for text in paths.of(node)}
            (reopened if _is_for_writing(call) else opened).update(texts)
        elif (WRITING_CALLS.fullmatch(last) and last not in MAKING) or OTHER_WRITING.fullmatch(last):
            written |= {text for node in _places(call, owned=True) for text in paths.of(node)}
        elif READING.fullmatch(last) or OF_DATA.fullmatch(last):
            read |= {
                text for node in _places(call, owned=READING.fullmatch(last) is not None) for text in paths.of(node)
            }
    only_opened, only_rewritten = opened - reopened, reopened - opened
    written = (written | reopened) - only_opened
    return AccessedPaths(*map(frozenset, (written, read | opened, only_opened, only_rewritten)))


def _is_for_writing(call: ast.Call) -> bool:
    """Return whether a file is opened to be written, by a mode among the arguments."""
    modes = [literal_value(node) for node in (*call.args[:2], keyword_argument(call, "mode"))]
    return any(isinstance(mode, str) and MODE.fullmatch(mode) for mode in modes)


MODE = re.compile(r"[wax][bt+]*|r[bt]*\+[bt]*")
"""Modes in which a file is opened to be written."""


def _places(call: ast.Call, *, owned: bool) -> Iterator[ast.expr]:
    """Yield what may be the path of a call.

    With `owned` it may be the object of a method: `Path("a").read_text()`.
    """
    if owned and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call | ast.Name | ast.BinOp):
        yield call.func.value
    yield from call.args[:MAX_PLACES]
    yield from (word.value for word in call.keywords if PATH_WORD.fullmatch(word.arg or ""))
