"""What evaluators of sentence-transformers measure while a Trainer trains, and whether that is all it measures."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

EVALUATORS = {
    "TripletEvaluator": "cosine_accuracy",
    "EmbeddingSimilarityEvaluator": "spearman_cosine",
    "BinaryClassificationEvaluator": "cosine_ap",
    "InformationRetrievalEvaluator": "cosine_ndcg@10",
    "CrossEncoderCorrelationEvaluator": "spearman",
    "CrossEncoderRerankingEvaluator": "ndcg@10",
}
"""Evaluators of sentence-transformers, with the metric by which each chooses the best model."""
OF_NANO_BEIR = {"sentence_transformers": "NanoBEIR_mean_cosine_ndcg@10", "pylate": "NanoBEIR_mean_MaxSim_ndcg@10"}
"""The metric of the evaluator of all sets of NanoBEIR, by the library whose own it is."""
OTHER_METRICS = (
    *("main_similarity_function", "main_score_function", "similarity_fn_names", "score_functions", "ndcg_at_k"),
    *("at_k", "aggregate_key", "truncate_dim", "aggregate_fn"),
)
"""Arguments by which an evaluator has another metric than by default."""


def metrics_of_evaluators(tree: ast.Module) -> Iterator[str]:
    """Yield what the evaluators measure that Trainers are given."""
    made = {
        dotted_name(target): node.value
        for node in nodes_of(tree, ast.Assign)
        if isinstance(node.value, ast.Call | ast.List)
        for target in node.targets
    }
    modules = imported_modules(tree)
    for _, call in _with_evaluator(tree):
        for evaluator in _single(keyword_argument(call, "evaluator"), made):
            if name := _metric_of(evaluator, modules):
                yield name


def measures_by_evaluator_alone(tree: ast.Module, trainers: list[tuple[str, ast.Call]]) -> bool:
    """Return whether Trainers evaluate by an evaluator, and have no data of which they could log a loss."""
    with_evaluator = [call for _, call in trainers if keyword_argument(call, "evaluator") is not None]
    with_data = [call for _, call in trainers if _may_have_data(call)]
    return bool(with_evaluator) and not with_data


def _may_have_data(call: ast.Call) -> bool:
    is_starred = any(word.arg is None for word in call.keywords)
    return is_starred or any(word.arg == "eval_dataset" and literal_value(word.value) is not None
                             for word in call.keywords)  # fmt: skip


def _with_evaluator(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for name, call in calls(tree):
        if name.endswith("Trainer") and keyword_argument(call, "evaluator") is not None:
            yield name, call


def _single(node: ast.expr | None, made: dict[str, ast.Call | ast.List], depth: int = 0) -> Iterator[ast.Call]:
    """Yield the calls that make the evaluators in an expression: one, a list, or one after the other."""
    node = made.get(dotted_name(node), node) if node is not None else None
    match node:
        case ast.List(elts=parts) if depth < MAX_DEPTH:
            for part in parts:
                yield from _single(part, made, depth + 1)
        case ast.Call(args=[first, *_]) if dotted_name(node.func).rpartition(".")[2] == "SequentialEvaluator":
            yield from _single(first, made, depth + 1)
        case ast.Call():
            yield node


MAX_DEPTH = 3
"""Evaluators within one another that are followed."""


def _metric_of(call: ast.Call, modules: set[str]) -> str:
    """Return the metric of an evaluator with the evaluator's name; '' where the source does not show that."""
    last = dotted_name(call.func).rpartition(".")[2]
    if any(word.arg in OTHER_METRICS for word in call.keywords):
        return ""
    if last == "NanoBEIREvaluator":
        libraries = [library for library in ("pylate", "sentence_transformers") if library in modules]
        return OF_NANO_BEIR[libraries[0]] if libraries else ""
    metric, given = EVALUATORS.get(last, ""), keyword_argument(call, "name")
    name = literal_value(given) if given is not None else ""
    if not metric or not isinstance(name, str):
        return ""
    whole = f"{name}_{metric}" if name else metric
    return whole.removeprefix("eval_")  # a name that begins so gets no other prefix
