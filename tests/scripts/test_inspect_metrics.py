"""The objective that `hptui new` writes: a name that the readers really find in what the script prints."""

from __future__ import annotations

import ast
import contextlib
import io
import random

import pytest

from hptui.scripts.inspect.outputs.metrics import measured
from hptui.scripts.inspect.outputs.ranking import is_training_metric, ranked
from hptui.scripts.metrics.lines import LineReader

NAMES = ("val_loss", "Val Loss", "valid ppl", "eval/accuracy", "test f1", "dev_bleu", "accuracy", "train loss", "loss",
         "Validation loss", "mAP", "AUC", "rmse", "eval_rougeL", "val_f1-score", "top-1 acc")  # fmt: skip
FORMS = (
    'print(f"epoch {{epoch}} {0}: {{x:.4f}}")',
    'print(f"Epoch {{epoch}}/{{epochs}} | {1}: {{y:.3f}} | {0}: {{x:.3f}}")',
    'print("step:", epoch, "{0}:", x)',
    'print("epoch %d, {0} = %.4f, {1} = %.4f" % (epoch, x, y))',
    'print("[{{}}/{{}}] {1}={{:.4f}} {0}={{:.4f}}".format(epoch, epochs, y, x))',
    'print({{"epoch": epoch, "{0}": x, "{1}": y}})',
    'print(json.dumps({{"step": epoch, "{0}": x}}))',
    'logger.info("epoch %d {0}=%.3f", epoch, x)',
    'print("Epoch: " + str(epoch) + " {0}: " + str(x))',
    'sys.stdout.write(f"\\n{0}: {{x:.2%}}\\n")',
    'for phase in ["train", "val"]: print(f"{{phase}} {0}: {{x:.4f}}")',
)


def printed(source: str) -> list[str]:
    """What a script prints, its loggers included."""
    output = io.StringIO()
    setup = "import json, logging, sys\n"
    setup += "logging.basicConfig(stream=sys.stdout, format='%(message)s', level=20, force=True)\n"
    setup += "logger = logging.getLogger('x')\nepochs = 3\n"
    loop = "\n".join(f"    {line}" for line in ["x, y = 0.25 * epoch, 0.5", *source.splitlines()])
    with contextlib.redirect_stdout(output):
        exec(f"{setup}for epoch in range(1, 4):\n{loop}\n", {})
    return output.getvalue().splitlines()


def test_what_is_named_is_what_the_reader_finds() -> None:
    rng = random.Random(5)
    named = 0
    for form in FORMS:
        for _ in range(12):
            first, second = rng.sample(NAMES, 2)
            source = form.format(first, second)
            lines = printed(source)
            for name in measured(ast.parse(source)).readable:
                named += 1
                reader = LineReader((name,))
                readings = [reading for line in lines if (reading := reader.read(line)) is not None]
                assert any(name in reading.metrics for reading in readings), (source, name, lines)
    assert named > 120, "most of these lines name a metric"


@pytest.mark.parametrize(
    "heading",
    ['"\\t".join(["{}"] * 3)', '"\\t".join(["{:}"] + ["{}"] * 2)', '"\\t".join(("{}", "{}", "{}"))', '"{}\\t{}\\t{}"'],
)
@pytest.mark.parametrize("held", [True, False])
def test_a_heading_that_is_put_together_has_its_columns(heading: str, held: bool) -> None:
    source = f'row = {heading}\nprint(row.format("Epoch", "TrainLoss", "TestLoss"))'
    if not held:
        source = f'print({heading}.format("Epoch", "TrainLoss", "TestLoss"))'
    assert "TestLoss" in measured(ast.parse(source)).readable


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["train_loss", "val_loss", "val_acc"], "val_loss"),
        (["loss", "test_acc"], "test_acc"),
        (["loss", "accuracy"], "accuracy"),  # without a split a loss is that of training
        (["train_acc", "best_val_acc", "val_acc"], "val_acc"),
        (["test_loss", "val_acc"], "val_acc"),
        (["train/loss", "eval/loss"], "eval/loss"),
    ],
)
def test_held_out_metrics_come_before_those_of_the_training(names: list[str], best: str) -> None:
    assert ranked(names)[0] == best


def test_which_metrics_are_of_the_training() -> None:
    assert [
        name for name in ("loss", "train_loss", "val_loss", "accuracy", "Loss/train") if is_training_metric(name)
    ] == [
        "loss",
        "train_loss",
        "Loss/train",
    ]


@pytest.mark.parametrize(
    ("source", "readable", "tagged", "in_files"),
    [
        ("import wandb\nwandb.log({'val': {'loss': x}, 'lr': y})", ["val.loss"], [], []),
        ("import wandb\nrun = wandb.init()\nm = {'eval/acc': x}\nrun.log(m)", ["eval/acc"], [], []),
        ("import mlflow\nmlflow.log_metric('val_loss', x)", ["val_loss"], [], []),
        ("import mlflow\nmlflow.log_metrics({'val_mae': x, 'lr': y}, step=n)", ["val_mae"], [], []),
        ("w.add_scalar('Loss/val', x, n)\nw.add_scalar(f'lr', y, n)", [], ["Loss/val"], []),
        ("for s in ('train', 'val'):\n    w.add_scalar(f'{s}/loss', x, n)", [], ["val/loss", "train/loss"], []),
        ("import json\nwith open(out + '/results.json', 'w') as f:\n    json.dump({'f1': x}, f)", [], [], ["f1"]),
        ("f = open('log.csv', 'w')\nw = csv.writer(f)\nw.writerow(['epoch', 'val_loss'])", [], [], ["val_loss"]),
        ("print('loading loss function')", [], [], []),
    ],
)
def test_where_metrics_are(source: str, readable: list[str], tagged: list[str], in_files: list[str]) -> None:
    found = measured(ast.parse(source))
    assert (found.readable, found.tagged, found.in_files) == (readable, tagged, in_files)


LOOPS = {
    "folds of a splitter": "from sklearn.model_selection import KFold\n"
    "for i, (a, b) in enumerate(KFold(5).split(X)):\n    {body}\n",
    "folds": "for fold in range(5):\n    {body}\n",
    "seeds": "for seed in seeds:\n    {body}\n",
    "years": "for test_year in config.years:\n    {body}\n",
}
GATHERED = {
    "a list": ("aucs.append(fit(i))", "np.mean(aucs)"),
    "a method": ("aucs.append(fit(i))", "aucs.mean()"),
    "a table of lists": ("scores['auc'].append(fit(i))", "np.mean(scores['auc'])"),
    "an entry": ("aucs[i] = fit(i)", "sum(aucs) / len(aucs)"),
    "records": ("results.append(dict(auc=fit(i)))", "np.mean([r['auc'] for r in results])"),
}
SAYING = {
    "a line of all": "print(f'AUC: {{{mean}:.4f}}')",
    "a variable": "m = {mean}\nprint('AUC: %.4f' % m)",
    "a mean by name": "print('Mean AUC:', {mean})",
}


@pytest.mark.parametrize("saying", SAYING)
@pytest.mark.parametrize("gathered", GATHERED)
@pytest.mark.parametrize("loop", LOOPS)
def test_the_mean_of_folds_comes_before_what_is_said_of_one(loop: str, gathered: str, saying: str) -> None:
    body, mean = GATHERED[gathered]
    body = f"print(f'fold {{i}} val_loss={{loss:.4f}} val_acc={{acc:.4f}}')\n    {body}"
    source = LOOPS[loop].format(body=body) + SAYING[saying].format(mean=mean.replace("'", '"'))
    assert measured(ast.parse(source)).readable[0].lower() in ("auc", "mean_auc"), source
    inside = f"for epoch in range(5):\n    {body}\n" + SAYING[saying].format(mean=mean.replace("'", '"'))
    assert measured(ast.parse(inside)).readable[0] == "val_loss", inside


DEBUGGED = """import logging
log = logging.getLogger("t")
{}
log.debug(f"val_loss={{a:.4f}}")
log.info(f"test_auc={{b:.4f}}")
"""


@pytest.mark.parametrize(
    ("levels", "first"),
    [
        ("logging.basicConfig(level=logging.INFO)", "test_auc"),
        ("logging.basicConfig(level=logging.DEBUG)", "val_loss"),
        ("log.setLevel('DEBUG')", "val_loss"),
        (
            "log.setLevel(logging.DEBUG)\nh = logging.StreamHandler()\nh.setLevel(logging.INFO)\nlog.addHandler(h)",
            "test_auc",
        ),
        ("from loguru import logger", "val_loss"),
    ],
)
def test_what_is_logged_at_a_level_that_is_not_shown_is_no_objective(levels: str, first: str) -> None:
    assert measured(ast.parse(DEBUGGED.format(levels))).readable[0] == first


FIRST = [
    (["loss", "avg_reward_last_50"], "avg_reward_last_50"),
    (["val/box_loss", "val/obj_loss", "metrics/mAP_0.5"], "metrics/mAP_0.5"),
    (["val/box_loss", "val/loss", "metrics/mAP_0.5"], "val/loss"),
    (["d_loss", "g_loss", "frechet"], "frechet"),
    (["average_loss", "loss", "test_set_loss", "accuracy"], "test_set_loss"),
    (["loss", "val_recon_loss", "val_kl_loss"], "val_recon_loss"),
    (["accuracy", "loss", "mean_accuracy"], "mean_accuracy"),
    (["train_loss", "val_reward", "best_reward"], "val_reward"),
]


@pytest.mark.parametrize(("names", "first"), FIRST)
def test_whole_scores_come_before_parts_of_losses(names: list[str], first: str) -> None:
    source = "\n".join(f"print(f'epoch {{epoch}} {name}: {{x{n}:.4f}}')" for n, name in enumerate(names))
    assert measured(ast.parse(source)).readable[0] == first


def test_a_name_that_says_the_opposite_of_a_choice_is_not_chosen() -> None:
    source = "print(f'val_loss: {1 - f1:.4f}')\nprint(f'val_f1: {f1:.4f}')\nif f1 > best_f1:\n    best_f1 = f1\n"
    assert measured(ast.parse(source)).readable[0] == "val_f1"


def test_what_is_printed_under_an_option_that_is_off_is_no_objective() -> None:
    source = "if args.evaluate:\n    print(f'test_acc: {a:.4f}')\nprint('Best acc:')\nprint(best)\n"
    assert measured(ast.parse(source), {"evaluate": False}).readable == ["best_acc"]
    assert measured(ast.parse(source)).readable[0] == "test_acc"
    source = "if args.save:\n    w.add_scalar('eval/return', r, n)\nw.add_scalar('charts/return', r, n)\n"
    assert measured(ast.parse(source), {"save": False}).tagged == ["charts/return"]
    assert measured(ast.parse(source)).tagged == ["eval/return", "charts/return"]


@pytest.mark.parametrize("logger", ["WandBLogger", "TensorboardLogger"])
@pytest.mark.parametrize("tags", [["training", "validation"], ["valid"]])
@pytest.mark.parametrize("metrics", [["nll", "accuracy"], ["loss"]])
def test_what_handlers_of_ignite_log_is_named_by_tag_and_metric(
    logger: str, tags: list[str], metrics: list[str]
) -> None:
    source = (
        f"from ignite.handlers import {logger}\nlogger = {logger}(log_dir=out)\n"
        f"for tag, evaluator in {[(tag, 0) for tag in tags]}:\n"
        f"    logger.attach_output_handler(evaluator, event_name=e, tag=tag, metric_names={metrics})\n"
    )
    found = measured(ast.parse(source))
    names = found.readable if logger == "WandBLogger" else found.tagged
    assert sorted(names) == sorted(f"{tag}/{metric}" for tag in tags for metric in metrics)
    assert names[0].partition("/")[0] == tags[-1]
    assert [ast.unparse(node) for node in found.directories] == ([] if logger == "WandBLogger" else ["out"])


@pytest.mark.parametrize("line", ["Validation[{name}] Loss: {loss:.4f}", "Test ({name}) Loss: {loss:.4f}"])
def test_a_set_whose_name_is_not_known_is_no_part_of_an_objective(line: str) -> None:
    source = f"for name, loader in loaders.items():\n    print(f'{line}')\nprint(f'step 3 Loss: {{loss:.4f}}')\n"
    assert measured(ast.parse(source)).readable == ["Loss"], "a value of such a line has the name of its set, too"
