"""Metrics that a script writes into files of its own: JSON, JSON lines and CSV, by the literals of its calls."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TypeGuard

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.metrics.split_fields import gets_split, split_of_fields
from hptui.scripts.syntax_nodes import all_nodes

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv")
"""Ends of the names of files that hptui reads metrics from."""
LINES_OF_JSON = (".txt", ".log")
"""Ends of the names of files that hold lines of JSON, in a script that makes JSON."""
TEXT_FILES = (".txt", ".log", ".out")
"""Ends of the names of files that hold lines of text."""
HEADING_NAME = re.compile(r"(?:.*_)?(?:keys|header|headers|heading|columns|cols|fields|fieldnames)", re.IGNORECASE)
"""Names of lists that become the heading of a table."""
TABLE_CALLS = re.compile(r"dump|dumps|append|writerow|update|write|(?:log|record|save|add)(?:_\w+)?", re.IGNORECASE)
"""Calls that are given a table of metrics on its way into a file."""


@dataclass
class WrittenFile:
    """A file that a script writes: its name, the expression that says where it is, the names in it.

    `parts` are the expressions of the variables in `where`.
    """

    name: str
    where: ast.expr
    parts: list[ast.expr] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def written_files(tree: ast.Module, samples: Samples) -> list[WrittenFile]:
    """Return the files of metrics that a script writes, each with all names that are written anywhere."""
    assigned = {**_given(tree), **_assigned(tree)}
    paths = dict(_paths(tree, texts=samples.texts_of_options))
    files = [WrittenFile(name, node, _parts(node, assigned)) for name, node in paths.items()]
    names = list(dict.fromkeys(_names(tree, samples))) if files else []
    for file in files:
        file.names = names
    return [file for file in files if file.names]


def text_files(tree: ast.Module, names: list[str]) -> list[WrittenFile]:
    """Return the files of text that a script writes, with the names that its lines have."""
    assigned = {**_given(tree), **_assigned(tree)}
    paths = dict(_paths(tree, TEXT_FILES)) if names else {}
    for called, call in calls(tree) if names else ():
        last = called.rpartition(".")[2]
        given = keyword_argument(call, "filename") or (call.args[0] if call.args and last == "FileHandler" else None)
        if last in ("basicConfig", "FileHandler") and given is not None:
            node = assigned.get(dotted_name(given), given)
            paths |= {name: node for name in [_file_name(node, TEXT_FILES)] if name}
    return [WrittenFile(name, node, _parts(node, assigned), names) for name, node in paths.items()]


NO_RESULTS = re.compile(
    r"(?:.*[_-])?(?:configs?|args|arguments|params|hparams|hyper_?params|hyper_?parameters|vocab\w*|tokenizer\w*|corpus|"
    r"queries|documents|passages|label_map|labels|id2label|label2id|submission|predictions?|preds|generations)\.\w+",
    re.IGNORECASE,
)
"""Names of files with settings, data or predictions, in which no metrics are."""


def _file_name(path: ast.expr, suffixes: tuple[str, ...]) -> str:
    """Return the last name of a path that ends as wanted, of the texts in its expression; '' without one."""
    texts = [node.value for node in all_nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    name = next((text for text in reversed(texts) if text.lower().endswith(suffixes)), "")
    return name.rpartition("/")[2] or name


WRITING_CALLS = re.compile(
    r"makedirs|mkdir|save|save_pretrained|savez|savez_compressed|save_model|to_csv|FileHandler|SummaryWriter|save_weights"
)
"""Calls that write to a path that they are given."""
READ_TOO = re.compile(
    r"(?:.*_)?(?:data|dataset|datasets|cache|input|inputs|pretrained|resume|config|raw|download)(?:_.*)?"
)
"""Names of what is read, even where a script makes its folder."""


def written_places(tree: ast.AST) -> set[str]:
    """Return the last parts of the names that say where a script writes: `out` of `os.makedirs(args.out)`."""
    names: set[str] = set()
    for called, call in calls(tree):
        last = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        mode = literal_value(call.args[1] if call.args[1:] else keyword_argument(call, "mode"))
        is_opened = last == "open" and isinstance(mode, str) and mode[:1] in ("w", "a", "x")
        if not is_opened and not WRITING_CALLS.fullmatch(last):
            continue
        parts: list[ast.AST] = [*call.args, *(word.value for word in call.keywords)]
        parts += [call.func.value] if last == "mkdir" and isinstance(call.func, ast.Attribute) else []
        inner = [node for part in parts for node in all_nodes(part)]
        names |= {node.attr if isinstance(node, ast.Attribute) else node.id for node in inner if _is_name(node)}
    return {name for name in names if not READ_TOO.fullmatch(name.lower())}


def names_below_folders(tree: ast.AST) -> set[str]:
    """Return the last parts of names that stand behind a folder in a path: `name` of `f"models/{name}"`.

    They are parts of a path, in whose place none may stand.
    """
    names: set[str] = set()
    for node in all_nodes(tree):
        match node:
            case ast.JoinedStr(values=parts):
                pairs = itertools.pairwise(parts)
                behind = [after.value for before, after in pairs if _is_folder(before) if hasattr(after, "value")]
            case ast.BinOp(left=left, op=ast.Add(), right=right) if _is_folder(left):
                behind = [right]
            case _:
                continue
        names |= {dotted_name(part).rpartition(".")[2] for part in behind if isinstance(part, ast.expr)}
    return names - {""}


def _is_folder(node: ast.expr) -> bool:
    """Return whether an expression is a text that ends as a folder, but for the root and `./`."""
    text = literal_value(node)
    return isinstance(text, str) and text.endswith("/") and text.strip("./") != "" and "://" not in text


def _is_name(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    return isinstance(node, ast.Name | ast.Attribute)


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what is assigned to each variable, the last of several."""
    return {
        name: node.value
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and (name := dotted_name(node.targets[0]))
    }


def _parts(node: ast.expr, assigned: Mapping[str, ast.expr]) -> list[ast.expr]:
    names = [dotted_name(inner) for inner in all_nodes(node)]
    return [assigned[name] for name in names if name in assigned]


def _given(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what calls give for the arguments of own functions, by their names."""
    definitions = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    given: dict[str, ast.expr] = {}
    for called, call in calls(tree):
        definition = definitions.get(called.rpartition(".")[2])
        if definition is None:
            continue
        members = [definition, *definition.body] if isinstance(definition, ast.ClassDef) else [definition]
        functions = [node for node in members if isinstance(node, ast.FunctionDef)]
        maker = next((node for node in functions if node is definition or node.name == "__init__"), None)
        names = [argument.arg for argument in maker.args.args if argument.arg != "self"] if maker else []
        given |= {name: value for name, value in zip(names, call.args, strict=False) if name not in given}
        given |= {word.arg: word.value for word in call.keywords if word.arg in names and word.arg not in given}
    return given


def _paths(
    tree: ast.Module, ends: tuple[str, ...] = SUFFIXES, texts: Mapping[str, str] | None = None
) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of files that are opened for writing, with the expression of the path.

    `texts` are the defaults of options, one of which may be the path.
    """
    assigned = {**_given(tree), **_assigned(tree)}
    holds_json = any(name in ("json.dumps", "json.dump") for name, _ in calls(tree))
    for called, call in calls(tree):
        last = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        mode_node = keyword_argument(call, "mode") or (call.args[-1] if call.args else None)
        mode = literal_value(mode_node.body if isinstance(mode_node, ast.IfExp) else mode_node)
        if last == "open" and isinstance(mode, str) and mode[:1] in ("w", "a", "x"):
            is_method = isinstance(call.func, ast.Attribute) and called != "io.open"
            given = call.args[0] if call.args else keyword_argument(call, "file")  # open(file="a.csv", mode="w")
            if not is_method and given is None:
                continue
            path: ast.expr = call.func.value if is_method else given  # type: ignore[attr-defined, assignment]
        elif last == "write_text" and isinstance(call.func, ast.Attribute):
            path = call.func.value
        elif last == "to_csv" and call.args:
            path = call.args[0]
        else:
            continue
        path = assigned.get(dotted_name(path), path)
        suffixes = (*ends, *LINES_OF_JSON) if holds_json and ends == SUFFIXES else ends
        default = (texts or {}).get(dotted_name(path).rpartition(".")[2], "")
        name = _file_name(path, suffixes) or _file_name(ast.Constant(default), suffixes)
        if name and not NO_RESULTS.fullmatch(name):
            yield name, path


def _names(tree: ast.Module, samples: Samples) -> Iterator[str]:
    """Yield the names in the tables and headings that are written."""
    for node in all_nodes(tree):
        if isinstance(node, ast.Assign) and HEADING_NAME.fullmatch(dotted_name(node.targets[0]).rpartition(".")[2]):
            columns = literal_value(node.value)
            yield from (text for text in columns if isinstance(text, str)) if isinstance(columns, list) else ()
    for called, call in calls(tree):
        last = called.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if last == "write" and call.args:
            yield from _heading(literal_value(call.args[0]))
        if TABLE_CALLS.fullmatch(last) and call.args:
            for argument in (argument for version in samples.versions(call) for argument in version.args):
                yield from _with_splits(argument, samples)
            heading = literal_value(call.args[0]) if last == "writerow" else None
            yield from (text for text in heading if isinstance(text, str)) if isinstance(heading, list) else ()
        elif last == "DictWriter":
            fields = literal_value(keyword_argument(call, "fieldnames") or (call.args[1] if call.args[1:] else None))
            yield from (text for text in fields if isinstance(text, str)) if isinstance(fields, list) else ()


def _with_splits(node: ast.expr, samples: Samples) -> Iterator[str]:
    """Yield the names in a table that is written, with the split that a field of it says."""
    names = samples.keys(node, measured=True)
    for texts in samples.choices.texts(node, samples.function_here) if isinstance(node, ast.Dict) else [{}]:
        split = split_of_fields(texts)
        yield from (f"{split}_{name}" if split and gets_split(name, split, ()) else name for name in names)


def _heading(text: object) -> list[str]:
    """Return the names of a line such as `epoch,train_loss,val_loss`; [] for any other text."""
    names = [part.strip() for part in text.split(",")] if isinstance(text, str) and "\n" in text[-2:] else []
    return names if len(names) > 1 and all(name.replace("/", "_").isidentifier() for name in names) else []
