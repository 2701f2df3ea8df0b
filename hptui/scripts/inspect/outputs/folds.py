"""Which metrics are means over folds, seeds, years or the like: what the script says of all of them at its end."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.syntax_nodes import all_nodes

PART_NAME = re.compile(
    r"(?:.*_)?(?:folds?|cv|seeds?|runs?|reps?|repeats?|repetition|years?|windows?|periods?|subjects?|patients?|sites?|stations?|"
    r"tasks?|symbols?|tickers?|assets?|class(?:es)?|labels?|horizons?)(?:_(?:i|idx|id|no|num|number|index|name))?",
    re.IGNORECASE,
)
"""Names of the variables of loops over parts of which a mean is one number."""
SPLITTERS = re.compile(r"Fold$|Split$|SplitGap$")
"""Classes whose `split` gives the folds."""
SCORING_CALLS = ("cross_val_score", "cross_validate", "cross_val_predict")
MEAN = re.compile(r"\b(?:nan)?mean\b|\baverage\b|\bfmean\b|\bnp\.median\b|\bsum\(.*\)\s*/\s*(?:len|n_|num_)")
NAMES = re.compile(r"[A-Za-z_]\w*")
MAX_ROUNDS = 4
"""Variables that are made of one another and followed."""


def means_of_parts(tree: ast.AST, sources: Mapping[str, str]) -> set[str]:
    """Return the metrics whose values are means over folds or the like.

    `sources` are their expressions by name.
    """
    gathered = set(_gathered(tree))
    if not gathered:
        return set()
    made = [(set(names), ast.unparse(value)) for names, value in _assigned(tree)]
    means = set[str]()
    for _ in range(MAX_ROUNDS):
        for names, text in made:
            used = set(NAMES.findall(text))
            if used & gathered:
                (means if MEAN.search(text) else gathered).update(names)
            if used & means:
                means |= names
    means -= gathered
    return {name for name, source in sources.items() if _is_mean(source, gathered, means) or _is_of_whole(name)}


WHOLE_WORDS = {"oof", "overall", "full"}
"""Words of what is measured over all parts at once: `Full AUC score`, `OOF RMSE`."""


def _is_of_whole(name: str) -> bool:
    return not WHOLE_WORDS.isdisjoint(canonical_name(name).split("_"))


def _is_mean(source: str, gathered: set[str], means: set[str]) -> bool:
    used = set(NAMES.findall(source))
    return bool(used & means) or (bool(used & gathered) and MEAN.search(source) is not None)


def means_of_runs(tree: ast.AST, spreads: Iterable[str], sources: Mapping[str, str]) -> set[str]:
    """Return the means that are printed with their `spreads`, where a script trains several times."""
    asked = [name for name in spreads if MEAN_OF_VALUES.search(sources.get(name, ""))]
    return set(asked) if asked and loops_over_parts(tree) else set()


MEAN_OF_VALUES = re.compile(r"mean|average|avg|\bmu\b|sum\(.*\)\s*/", re.IGNORECASE)


def is_of_extreme(name: str) -> bool | None:
    """Return whether the largest value is meant, `Highest Valid`; None if a name says neither."""
    words = set(canonical_name(name).split("_"))
    is_largest, is_smallest = not LARGEST.isdisjoint(words), not SMALLEST.isdisjoint(words)
    return None if is_largest is is_smallest else is_largest


LARGEST, SMALLEST = {"highest", "max", "maximum", "largest"}, {"lowest", "min", "minimum", "smallest"}


def loops_over_parts(tree: ast.AST) -> list[ast.For]:
    """Return the loops over folds, seeds or the like."""
    splits = any(SPLITTERS.search(name) for name in called_names(tree))
    return [node for node in all_nodes(tree) if isinstance(node, ast.For) and _is_over_parts(node, splits=splits)]


def _gathered(tree: ast.AST) -> Iterator[str]:
    """Yield the variables that hold a value of each part."""
    splits = any(SPLITTERS.search(name) for name in called_names(tree))
    for node in all_nodes(tree):
        if isinstance(node, ast.For | ast.comprehension) and _is_over_parts(node, splits=splits):
            for line in node.body if isinstance(node, ast.For) else ():
                yield from _appended(line)
    for names, value in _assigned(tree):
        if isinstance(value, ast.Call) and dotted_name(value.func).rpartition(".")[2] in SCORING_CALLS:
            yield from names
        if isinstance(value, ast.ListComp) and _is_over_parts(value.generators[0], splits=splits):
            yield from names


def _is_over_parts(loop: ast.For | ast.comprehension, *, splits: bool) -> bool:
    names = [inner.id for inner in all_nodes(loop.target) if isinstance(inner, ast.Name)]
    if any(PART_NAME.fullmatch(name) for name in names):
        return True
    return splits and "split" in called_names(loop.iter)


def called_names(node: ast.AST) -> set[str]:
    """Return the last parts of the names of what is called, of methods of any expression, too."""
    made = [inner.func for inner in all_nodes(node) if isinstance(inner, ast.Call)]
    return {func.attr if isinstance(func, ast.Attribute) else dotted_name(func) for func in made}


def _appended(line: ast.AST) -> Iterator[str]:
    for node in all_nodes(line):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="append" | "extend")):
                names = [dotted_name(inner).rpartition(".")[2] for inner in all_nodes(owner)]
                yield from [name for name in names if name][:1]
    for node in all_nodes(line):
        match node:  # scores[fold] = score
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=table))]):
                yield table


def _assigned(tree: ast.AST) -> Iterator[tuple[Iterable[str], ast.expr]]:
    for node in all_nodes(tree):
        if isinstance(node, ast.Assign):
            targets = [inner for target in node.targets for inner in all_nodes(target)]
            names = [
                t.id if isinstance(t, ast.Name) else t.attr for t in targets if isinstance(t, ast.Name | ast.Attribute)
            ]
            yield names, node.value
