"""Metrics that libraries print as a script trains: Keras, boosted trees, fastai, Trainer of transformers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.inputs.constants import literal_tables
from hptui.scripts.inspect.outputs.catboost_output import catboost_metrics
from hptui.scripts.inspect.outputs.epoch_logger import stored_means
from hptui.scripts.inspect.outputs.evaluate_metrics import computed_by_evaluate
from hptui.scripts.inspect.outputs.lightgbm_output import unnamed_sets_of_lightgbm
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.shown import PRINT_CALLS
from hptui.scripts.inspect.outputs.xgboost_output import cross_validated_by_xgboost, fitted_by_xgboost
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

KERAS = {"keras", "tensorflow", "tf_keras"}
BOOSTERS = {"xgboost": "-", "lightgbm": " "}
"""Libraries of boosted trees, with what they print between the name of the data and that of the metric."""


def library_metrics(tree: ast.Module, values: GivenValues) -> list[str]:
    """Return the names that libraries print for a script, those of held-out data first."""
    modules = imported_modules(tree)
    of_keras = list(_of_keras(tree, values))
    names = of_keras if modules & KERAS else [name for name in of_keras if name not in ("val_loss", "loss")]
    names += list(_of_boosters(tree)) if modules & BOOSTERS.keys() else []
    if "xgboost" in modules:
        names += [*fitted_by_xgboost(tree, values), *cross_validated_by_xgboost(tree, values)]
    names += catboost_metrics(tree)
    names += list(_of_fastai(tree)) if "fastai" in modules else []
    names += list(_of_brains(tree)) if "speechbrain" in modules else []
    names += list(_of_evaluate(tree)) if modules & {"evaluate", "datasets"} else []
    names += list(_of_rankings(tree)) if "torch_rechub" in modules else []
    names += list(_of_agents(tree)) if "stable_baselines3" in modules else []
    names += list(stored_means(tree))
    names += list(_of_evaluators_of_fit(tree)) if "sentence_transformers" in modules else []
    return list(dict.fromkeys(names))


OF_EVALUATORS = {
    "CEBinaryClassificationEvaluator": ("F1", "Average Precision", "Accuracy"),
    "CEBinaryAccuracyEvaluator": ("Accuracy",),
    "CESoftmaxAccuracyEvaluator": ("Accuracy",),
    "CECorrelationEvaluator": ("Spearman", "Pearson"),
    "CERerankingEvaluator": ("MRR@10",),
    "EmbeddingSimilarityEvaluator": ("Spearman", "Pearson"),
    "LabelAccuracyEvaluator": ("Accuracy",),
}
"""What evaluators of sentence_transformers log, the likeliest objective first (before version 4)."""


def _of_evaluators_of_fit(tree: ast.Module) -> Iterator[str]:
    """Yield what the evaluators log that `fit` is given: a Trainer would report on its own."""
    called = [name.rpartition(".")[2] for name, _ in calls(tree)]
    if any(name.endswith("Trainer") for name in called):
        return
    used = {part for name, _ in calls(tree) for part in name.split(".")}
    yield from (metric for name, metrics in OF_EVALUATORS.items() if name in used for metric in metrics)


def _of_keras(tree: ast.Module, values: GivenValues) -> Iterator[str]:
    """Yield what `fit` prints of the metrics of `compile`, in Keras and in libraries like it."""
    fits = [call for name, call in calls(tree) if name.rpartition(".")[2] in ("fit", "fit_generator")]
    fits = [call for call in fits if _may_print(call)]
    if not fits:
        return
    compiled = [call for name, call in calls(tree) if name.rpartition(".")[2] == "compile"]
    lists = [node for call in compiled if isinstance(node := keyword_argument(call, "metrics"), ast.List | ast.Tuple)]
    own = [text for node in lists for part in node.elts if (text := _metric_of_keras(part))]
    given = [node for call in fits for name in HELD_OUT_DATA if (node := keyword_argument(call, name)) is not None]
    if any(values.of(node) not in (None, 0) for node in given):
        yield from ("val_loss", *(f"val_{name}" for name in own))
    yield from ("loss", *own)


HELD_OUT_DATA = ("validation_data", "validation_split")
"""Arguments of `fit` of Keras without which nothing is evaluated."""


def _may_print(call: ast.Call) -> bool:
    epochs = any(keyword_argument(call, name) is not None for name in ("epochs", "nb_epoch", "steps_per_epoch"))
    return epochs and literal_value(keyword_argument(call, "verbose")) != 0


def _metric_of_keras(node: ast.expr) -> str:
    """Return the name of a metric in the output: that of a text, a function, or `AUC(name="auc")`."""
    if isinstance(text := literal_value(node), str):
        return text
    named = literal_value(keyword_argument(node, "name")) if isinstance(node, ast.Call) else None
    if isinstance(named, str):
        return named
    last = dotted_name(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]
    return "".join(
        f"_{c.lower()}" if c.isupper() and n and not last[n - 1].isupper() else c.lower() for n, c in enumerate(last)
    )


NAMES_OF_LIGHTGBM = {
    **dict.fromkeys(("mae", "mean_absolute_error", "regression_l1"), "l1"),
    **dict.fromkeys(("mse", "mean_squared_error", "regression", "regression_l2"), "l2"),
    **dict.fromkeys(("root_mean_squared_error", "l2_root"), "rmse"),
    **dict.fromkeys(("mean_absolute_percentage_error",), "mape"),
    **dict.fromkeys(("binary",), "binary_logloss"),
    **dict.fromkeys(("multiclass", "softmax", "multiclassova"), "multi_logloss"),
    **dict.fromkeys(("xentropy",), "cross_entropy"),
    **dict.fromkeys(("mean_average_precision",), "map"),
}
"""What LightGBM prints for metrics, and for objectives whose metric it prints, that have another name."""


def _of_boosters(tree: ast.Module) -> Iterator[str]:
    between = next(text for library, text in BOOSTERS.items() if library in imported_modules(tree))
    tables = literal_tables(tree)
    given = [literal_value(keyword_argument(call, "eval_metric")) for _, call in calls(tree)]
    given += [table.get("eval_metric") or table.get("metric") for table in tables.values()]
    if "lightgbm" in imported_modules(tree) and not any(given):
        given += [table.get("objective") for table in tables.values()]
    metrics = [name for item in given for name in (item if isinstance(item, list) else [item]) if isinstance(name, str)]
    if "lightgbm" in imported_modules(tree):
        metrics = list(dict.fromkeys(NAMES_OF_LIGHTGBM.get(name, name) for name in metrics))
    for called, call in calls(tree):
        last, owner = called.rpartition(".")[2], called.partition(".")[0]
        sets = [keyword_argument(call, name) for name in ("evals", "valid_names", "eval_set", "valid_sets")]
        named = [
            part.value
            for node in sets
            if node is not None
            for part in all_nodes(node)
            if isinstance(part, ast.Constant)
        ]
        if last == "train" and owner in ("xgb", "xgboost", "lgb", "lightgbm"):
            for data in reversed([text for text in named if isinstance(text, str)]):
                yield from (f"{data}{between}{metric}" for metric in metrics)
    if "lightgbm" in imported_modules(tree):
        yield from unnamed_sets_of_lightgbm(tree, metrics)


def _of_fastai(tree: ast.Module) -> Iterator[str]:
    """Yield the columns of the table that fastai prints."""
    given = [node for _, call in calls(tree) if (node := keyword_argument(call, "metrics")) is not None]
    parts = [part for node in given for part in (node.elts if isinstance(node, ast.List) else [node])]
    yield from ("valid_loss", *(dotted_name(part).rpartition(".")[2] for part in parts), "train_loss")


def _of_brains(tree: ast.Module) -> Iterator[str]:
    """Yield what the logger of SpeechBrain prints: `valid PER` of `valid_stats={"PER": per}`."""
    logging = [call for _, call in calls(tree) if getattr(call.func, "attr", "") == "log_stats"]
    given = [word for call in logging for word in call.keywords]
    samples = Samples(tree)
    for split in ("valid", "test", "train"):
        for word in given:
            keys = samples.keys(word.value) if word.arg == f"{split}_stats" else []
            yield from (f"{split} {key}" for key in sorted(keys, key=lambda key: key == "loss"))


def reported_metrics(tree: ast.Module) -> list[str]:
    """Return the names in the reports that a script prints: `print(classification_report(y, p))`."""
    made = [
        call
        for name, call in calls(tree)
        if name.rpartition(".")[2] == "classification_report"
        and literal_value(keyword_argument(call, "output_dict")) is not True
    ]
    held = {
        dotted_name(node.targets[0])
        for node in nodes_of(tree, ast.Assign)
        if any(node.value is call for call in made) and dotted_name(node.targets[0])
    }
    printing = [call for name, call in calls(tree) if name.rpartition(".")[2] in (*PRINT_CALLS, "info", "log")]
    shown = [node for call in printing for argument in call.args for node in all_nodes(argument)]
    if not any(node in made or dotted_name(node) in held for node in shown):
        return []
    names = ["macro_avg_f1_score", "weighted_avg_f1_score"]
    # Of some classes alone, and of labels of words, there is no accuracy.
    is_whole = "seqeval" not in imported_modules(tree) and all(keyword_argument(c, "labels") is None for c in made)
    return ["accuracy", *names] if is_whole else names


def _of_evaluate(tree: ast.Module) -> Iterator[str]:
    """Yield the names in a table of `metric.compute()` that is printed whole, after `load("f1")`."""
    computed = {
        dotted_name(node.targets[0])
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and getattr(getattr(node.value, "func", None), "attr", "") == "compute"
    }
    printing = [call for name, call in calls(tree) if name.rpartition(".")[2] in (*PRINT_CALLS, "info")]
    shown = {dotted_name(node) for call in printing for argument in call.args for node in all_nodes(argument)}
    if (computed - {""}).isdisjoint(shown):
        return
    tables = [table for _, call in calls(tree) if (table := computed_by_evaluate(call)) is not None]
    yield from (str(key.value) for table in tables for key in table.keys if isinstance(key, ast.Constant))


RANKINGS, USUAL_CUTOFF = ("NDCG", "MRR", "Recall", "Hit", "Precision"), 5
"""What `topk_metrics` of torch_rechub computes, and for how many items where it is not given."""


def _of_rankings(tree: ast.Module) -> Iterator[str]:
    """Yield the names in the lists that `print(topk_metrics(…, topKs=[10]))` shows."""
    for name, call in calls(tree):
        if name.rpartition(".")[2] == "topk_metrics":
            cutoffs = literal_value(keyword_argument(call, "topKs") or (call.args[2] if len(call.args) > 2 else None))
            known = cutoffs if isinstance(cutoffs, list) else [USUAL_CUTOFF] if cutoffs is None else []
            yield from (f"{ranking}@{cutoff}" for ranking in RANKINGS for cutoff in known)


def _of_agents(tree: ast.Module) -> Iterator[str]:
    if any(literal_value(keyword_argument(call, "verbose")) == 1 for _, call in calls(tree)) and any(
        name.endswith(".learn") for name, _ in calls(tree)
    ):
        yield "rollout/ep_rew_mean"
