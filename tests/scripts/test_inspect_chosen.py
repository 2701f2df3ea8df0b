"""What `hptui new` takes for the objective, beyond the names in one line, and which flags and parsers it finds."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect import InspectedScript, inspect_script
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import canonical_name

PARSER = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)\n"


def seen(folder: Path, source: str, **modules: str) -> InspectedScript:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "train.py").write_text(source)
    return inspect_script(folder / "train.py")


MEASURES = {"Accuracy": "accuracy", "loss": "loss", "average return": "average_return", "F1": "f1"}
BETWEEN = ("of the network on the {} images", "on the {} set", "on {} data after training", "over 10 {} episodes")


def test_a_sentence_with_a_measure_is_read_under_its_name() -> None:
    cases = itertools.product(MEASURES, BETWEEN, ("test", "validation", "held-out"), (": ", " = ", " is ", " is: "))
    for measure, between, split, separator in cases:
        line = f"{measure} {between.format(split)}{separator}0.25"
        reading = LineReader().read(line)
        prefix = {"test": "test_", "validation": "val_", "held-out": ""}[split]
        assert reading is not None, line
        assert {canonical_name(name): v for name, v in reading.metrics.items()} == {prefix + MEASURES[measure]: 0.25}, (
            line
        )


@pytest.mark.parametrize(
    "name", ["accuracy of the network on the 10000 test images", "Accuracy_of_the_network_on_the_10000_test_images"]
)
def test_a_sentence_that_is_the_objective_keeps_its_name(name: str) -> None:
    reading = LineReader((name,)).read("Accuracy of the network on the 10000 test images: 93 %")
    assert reading is not None
    assert dict(reading.metrics) == {name: 93.0}


@pytest.mark.parametrize("compared", ["{0} > best_{0}", "best_{0} < {0}", "{0} < best_{0}", "best_{0} >= {0}"])
@pytest.mark.parametrize("name", ["val_acc", "val_loss", "val_gap"])
def test_what_a_script_keeps_its_best_by_is_the_objective(tmp_path: Path, compared: str, name: str) -> None:
    others = [other for other in ("val_acc", "val_loss", "val_f1") if other != name]
    shown = " ".join(f"{other}: {{{other}:.3f}}" for other in [*others, name])
    source = f"lr = 0.1\nfor e in range(3):\n    if {compared.format(name)}:\n        save(lr)\n    print(f'{shown}')\n"
    script = seen(tmp_path, source)
    if name == "val_gap":  # the name of no measure
        assert script.metrics[0] != name
        return
    assert script.metrics[0] == name
    assert larger_is_better(name) is (name == "val_acc")  # the name tells more than the comparison


def test_a_function_that_nothing_calls_shows_nothing(tmp_path: Path) -> None:
    source = "lr = 0.1\ndef evaluate(x):\n    print(f'val acc: {x:.3f}')\nprint(f'loss: {lr / 2:.3f}')\n"
    assert seen(tmp_path, source).metrics == ["loss"]
    assert seen(tmp_path, f"{source}evaluate(lr / 3)\n").metrics[0] == "val_acc"


def test_what_a_test_prints_is_of_held_out_data(tmp_path: Path) -> None:
    source = (
        "def train_epoch(v):\n    print(f'loss: {v:.3f}')\ndef {}(v):\n    print(f'mIoU: {{v:.3f}}')\n"
        "train_epoch(0.2)\n{}(0.1)\n"
    )
    for name in ("evaluate", "validate_model", "test", "check_accuracy"):
        text = source.replace("{v:.3f}')\ndef", "{{v:.3f}}')\ndef").format(name, name)
        assert seen(tmp_path, text).metrics == ["mIoU", "loss"], name
    text = source.replace("{v:.3f}')\ndef", "{{v:.3f}}')\ndef").format("train_test_loop", "train_test_loop")
    assert seen(tmp_path, text).metrics[0] != "loss"


STATS = (
    "def train_one_epoch():\n    log = Log()\n    log.update(loss=0.1, lr=0.2)\n"
    "    return {k: m.avg for k, m in log.meters.items()}\n\n\n"
    "def evaluate():\n    log = Log()\n    log.update(loss=0.1)\n    log.meters['acc1'].update(0.5, n=2)\n"
    "    return {k: m.avg for k, m in log.meters.items()}, None\n"
)


@pytest.mark.parametrize("opened", ["open(args.out + '/log.txt', 'a')", "open(args.out + '/log.txt', mode='a')"])
def test_lines_of_json_in_a_file_hold_what_functions_return(tmp_path: Path, opened: str) -> None:
    source = (
        f"{PARSER}p.add_argument('--out', default='')\nargs = p.parse_args()\nimport json\n"
        "from engine import evaluate, train_one_epoch\nfor e in range(3):\n    train = train_one_epoch()\n"
        "    stats, other = evaluate()\n    log = {**{f'train_{k}': v for k, v in train.items()},"
        " **{f'test_{k}': v for k, v in stats.items()}, 'epoch': e}\n"
        f"    with {opened} as f:\n        f.write(json.dumps(log) + '\\n')\n"
    )
    script = seen(tmp_path, source, engine=STATS)
    assert script.metrics[0] == "test_loss"
    assert {"test_acc1", "train_loss"} <= set(script.metrics)
    assert script.metric_files == ["{out}/**/log.txt"]


def test_what_is_logged_to_a_file_alone_is_read_there(tmp_path: Path) -> None:
    source = "import logging\nlr = 0.1\nlogging.basicConfig({})\nlogging.info('val_loss=%.3f', lr / 2)\n"
    alone = seen(tmp_path, source.format("filename='run.log', level=20"))
    assert (alone.metrics, alone.metric_files) == (["val_loss"], ["run.log"])
    shown = seen(tmp_path, source.format("level=20"))
    assert (shown.metrics, shown.metric_files) == (["val_loss"], [])


def test_of_two_loggers_the_one_with_a_file_is_read_there(tmp_path: Path) -> None:
    source = "import logging, sys\nlr = 0.1\nlog = logging.getLogger('file')\nfile = logging.FileHandler('run.log')\n"
    source += "log.addHandler(file)\nconsole = logging.getLogger('console')\n"
    source += "console.addHandler(logging.StreamHandler(sys.stdout))\n"
    script = seen(tmp_path, f"{source}console.info('start')\nlog.info('val_loss=%.3f', lr / 2)\n")
    assert (script.metrics, script.metric_files) == (["val_loss"], ["run.log"])
    script = seen(tmp_path, f"{source}console.info('val_loss=%.3f', lr / 2)\nlog.info('start')\n")
    assert (script.metrics, script.metric_files) == (["val_loss"], [])


def test_an_option_that_may_be_left_out_is_not_placed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    source = "import argparse\nLR = 0.1\np = argparse.ArgumentParser()\np.add_argument('--train_path', type=str)\n"
    source += "p.add_argument('--epochs', type=int, default=3)\na = p.parse_args()\nprint('val_loss', LR / a.epochs)\n"
    script = seen(tmp_path, source)
    assert [(option.name, option.form is not None) for option in script.options] == [("epochs", True), ("LR", False)]


def test_flags_of_training_and_measuring_are_set(tmp_path: Path) -> None:
    source = (
        f"{PARSER}for name in ('--do_train', '--do_eval', '--fp16'):\n    p.add_argument(name, action='store_true')\n"
    )
    source += "args = p.parse_args()\nif args.do_train:\n    train()\nif args.do_eval:\n    print('eval_loss', 0.5)\n"
    options = {option.name: option.default for option in seen(tmp_path, source).options}
    assert options == {"lr": 0.1, "do_train": True, "do_eval": True, "fp16": False}
    only = source.replace("p.add_argument(name", "p.add_argument(name, help='evaluate only'")
    options = {option.name: option.default for option in seen(tmp_path, only).options}
    assert options == {"lr": 0.1, "do_train": False, "do_eval": False, "fp16": False}


def test_a_tracker_that_is_off_gets_nothing(tmp_path: Path) -> None:
    source = f"{PARSER}p.add_argument('--wandb', {{}})\nargs = p.parse_args()\nimport wandb\n"
    source += "if args.wandb:\n    wandb.log({{'val/f1': args.lr}})\nprint('loss: %.3f' % args.lr)\n"
    assert seen(tmp_path, source.format("action='store_true'")).metrics == ["loss"]
    assert seen(tmp_path, source.format("default='project'")).metrics == ["val/f1", "loss"]


def test_a_parser_that_only_another_program_reads_is_not_the_scripts(tmp_path: Path) -> None:
    parser = PARSER.replace("\n", "\n    ")
    module = f"def run(lr):\n    print('val_loss', lr)\ndef main():\n    {parser}p.parse_args()\n"
    module += "if __name__ == '__main__':\n    main()\n"
    source = "from other import run\nLR = 0.5\ndef main():\n    run(LR)\nmain()\n"
    script = seen(tmp_path, source, other=module)
    assert [(option.name, option.default) for option in script.options] == [("LR", 0.5)]
    reached = seen(
        tmp_path, source.replace("def main():\n    run(LR)\nmain()", "import other\nother.main()"), other=module
    )
    assert [option.name for option in reached.options] == ["lr"]


def test_the_path_of_the_script_is_no_word(tmp_path: Path) -> None:
    source = "import sys\ncode = open(sys.argv[0]).read()\nlr = 0.1\nprint('loss', lr, code)\n"
    assert [option.name for option in seen(tmp_path, source).options] == ["lr"]
    assert seen(tmp_path, source.replace("argv[0]", "argv[1]")).parser != "constants"


@pytest.mark.parametrize("option", ["hyp", "hparams", "spec", "recipe"])
def test_an_option_whose_default_is_a_file_of_settings_is_one(tmp_path: Path, option: str) -> None:
    (tmp_path / "base.yaml").write_text("lr0: 0.01\ndropout: 0.1\n")
    source = "import argparse, yaml\np = argparse.ArgumentParser()\np.add_argument('--cfg', default='')\n"
    source += f"p.add_argument('--{option}', default='base.yaml')\nargs = p.parse_args()\nprint('loss', 1)\n"
    script = seen(tmp_path, source)
    assert script.config == tmp_path / "base.yaml"
    assert {o.name: o.default for o in script.options} == {"lr0": 0.01, "dropout": 0.1, "cfg": ""}


@pytest.mark.parametrize(
    ("call", "best"),
    [
        ("ModelCheckpoint(monitor='val_acc', mode='max')", "val_acc"),
        ("EarlyStopping(monitor='val_loss')", "val_loss"),
        ("TrainingArguments(metric_for_best_model='val_f1')", "val_f1"),
    ],
)
def test_what_a_callback_watches_is_the_objective(tmp_path: Path, call: str, best: str) -> None:
    shown = "print(f'val_loss={a:.3f} val_acc={b:.3f} val_f1={c:.3f}')"
    assert seen(tmp_path, f"lr = 0.1\ncallback = {call}\n{shown}\n").metrics[0] == best


@pytest.mark.parametrize("unit", ["RMSE", "(MSE)", "MAE"])
def test_a_score_in_the_unit_of_an_error_is_minimized(tmp_path: Path, unit: str) -> None:
    source = "lr = 0.1\nprint('Test Score: %.2f {}' % score)\n"
    script = seen(tmp_path, source.format(unit))
    assert (script.metrics[0], script.minimized) == ("test_score", {"test_score"})
    assert seen(tmp_path, source.format("points")).minimized == set()


BARS = ("bar.set_postfix(loss=x)", "bar.set_postfix({'loss': x})", "bar.set_postfix(**logs)", "bar.set_postfix(logs)")
PRINTED = ("print(f'Epoch {e} | Loss: {mean:.4f}')", "print('avg_loss', mean)", "logger.info('Loss %.4f', mean)")


@pytest.mark.parametrize("bar", BARS)
@pytest.mark.parametrize("printed", [*PRINTED, ""])
def test_what_a_line_says_comes_before_a_progress_bar(tmp_path: Path, bar: str, printed: str) -> None:
    """A bar shows the loss of a batch; it is the objective where the script shows no other."""
    loop = f"for e in range(3):\n    logs = {{}}\n    logs['loss'] = x\n    {bar}\n    {printed or 'pass'}\n"
    script = seen(tmp_path, f"import logging\nlogger = logging.getLogger()\nlr = 0.1\n{loop}")
    first = script.metrics[0]
    assert first == ("avg_loss" if "avg_loss" in printed else "Loss" if printed else "loss")


@pytest.mark.parametrize(
    "mark", ["' ***' if v < best else ''", "'' if v > best else ' (best)'", "'*' if v < best else ''"]
)
@pytest.mark.parametrize("line", ["print(f'val_loss={v:.4f}{mark}')", "print('val_loss=%.4f%s' % (v, mark))"])
def test_a_mark_of_the_best_epoch_hides_no_metric(tmp_path: Path, mark: str, line: str) -> None:
    script = seen(tmp_path, f"lr = 0.1\nfor e in range(3):\n    mark = {mark}\n    {line}\n")
    assert script.metrics[0] == "val_loss"


SHOWN = "def show(stats):\n"
HELPERS = {
    "join": SHOWN + "    return {joint!r}.join(f'{{k}} {{v}}' for k, v in stats.items())\n",
    "loop": SHOWN
    + "    text = ''\n    for k, v in stats.items():\n        text += f'{{k}} {{v}}{joint}'\n    return text\n",
    "held": SHOWN + "    text = {joint!r}.join('%s %s' % (k, v) for k, v in stats.items())\n    return text\n",
}
LINES = (
    "epoch {epoch} | valid on 'valid' subset | ",
    "Validation after {epoch} epochs: ",
    "epoch {epoch} (test) - ",
)


@pytest.mark.parametrize("way", HELPERS)
@pytest.mark.parametrize("line", LINES)
def test_a_name_of_training_and_held_out_lines_gets_the_split(way: str, line: str, tmp_path: Path) -> None:
    """The text of the values comes from a function: all lines have `loss`, those of held-out data count."""
    for joint in (" | ", ", ", "  "):
        source = HELPERS[way].format(joint=joint) + PARSER
        source += "for epoch in range(3):\n    print(f'epoch {epoch} | ' + show({'loss': f'{x:.3f}', 'lr': y}))\n"
        source += f"    print(f{line!r} + show({{'loss': f'{{x:.3f}}', 'norm': y}}))\n"
        script = seen(tmp_path, source)
        assert script.metrics[0] == ("test_loss" if "test" in line else "val_loss"), source
        reader = LineReader((script.metrics[0],))
        said = [f"epoch 1 | loss 0.5{joint}lr 0.1", f"{line.format(epoch=1)}loss 0.25{joint}norm 3"]
        values = [reading.metrics.get(script.metrics[0]) for text in said for reading in reader.read_all(text)]
        assert values == [None, 0.25], source


@pytest.mark.parametrize("word", ["Evaluation", "validation", "Test"])
def test_what_an_evaluation_prints_comes_before_what_training_does(word: str, tmp_path: Path) -> None:
    source = PARSER + "for episode in range(9):\n    print(f'Episode {episode}: average return over last 5: {x:.2f}')\n"
    source += f"print(f'{word} over {{n}} episodes: mean_return={{y:.2f}} std_return={{z:.2f}}')\n"
    assert seen(tmp_path, source).metrics[0] == "mean_return"


@pytest.mark.parametrize("word", ["CV", "OOF", "cv"])
@pytest.mark.parametrize("other", ["avg_val_loss", "val_acc", "Score", "avg_train_loss", "best_score"])
@pytest.mark.parametrize("larger", [True, False])
def test_a_score_over_all_folds_is_before_those_of_a_fold(word: str, other: str, larger: bool, tmp_path: Path) -> None:
    sign, start = (">", "0.0") if larger else ("<", "float('inf')")
    source = (
        f"best_score = {start}\nfor fold in range(4):\n    print(f'{other}: {{a:.4f}}')\n    score = get(fold)\n"
        f"    if score {sign} best_score:\n        best_score = score\nprint(f'{word} score: {{get(all):.4f}}')\n"
    )
    script = seen(tmp_path, source)
    assert canonical_name(script.metrics[0]) == f"{word.lower()}_score"
    assert (script.metrics[0] in script.minimized) == (not larger)


TABLES = ("scores[{!r}]", "results[{!r}]", "out[{!r}]", "self.meters[{!r}]", "stats[{!r}].avg")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("chosen", "other"), [("miou", "pixel_acc"), ("pixel_acc", "miou"), ("f1", "auc")])
def test_entries_of_a_table_are_told_apart_by_their_keys(table: str, chosen: str, other: str, tmp_path: Path) -> None:
    source = (
        "best = 0.0\nfor epoch in range(3):\n"
        f"    print('Validation: {other}: {{:.3f}}, {chosen}: {{:.4f}}'"
        f".format({table.format(other)}, {table.format(chosen)}))\n"
        f"    if {table.format(chosen)} > best:\n        best = {table.format(chosen)}\n"
    )
    assert canonical_name(seen(tmp_path, source).metrics[0]).endswith(chosen)


EVALUATED = {
    "CEBinaryClassificationEvaluator.from_input_examples(s, name='dev')": "F1",
    "CECorrelationEvaluator.from_input_examples(s)": "Spearman",
    "CESoftmaxAccuracyEvaluator(a, b)": "Accuracy",
    "evaluation.EmbeddingSimilarityEvaluator(a, b, c)": "Spearman",
    "CERerankingEvaluator(s)": "MRR@10",
}


@pytest.mark.parametrize("call", EVALUATED)
def test_what_an_evaluator_logs_is_the_objective_of_a_script_that_prints_nothing(call: str, tmp_path: Path) -> None:
    source = f"from sentence_transformers import X\nevaluator = {call}\nmodel.fit(d, evaluator=evaluator)\n"
    metric = seen(tmp_path, source).metrics[0]
    assert metric == EVALUATED[call]
    reading = LineReader([metric]).read(f"{metric}:  85.20")
    assert reading is not None
    assert list(reading.metrics.values()) == [85.2]


@pytest.mark.parametrize("measure", ["EER", "minDCF", "mIoU", "NDCG", "FID", "PSNR", "WER", "AUROC"])
@pytest.mark.parametrize("before", ["6 epoch, ACC 80.36%, ", "Epoch 6 | ", "step 300: "])
def test_measures_without_a_sign_are_read_by_their_names(measure: str, before: str) -> None:
    reading = LineReader().read(f"{before}{measure} 3.13%, best{measure} 3.01%")
    assert reading is not None
    assert {canonical_name(name): value for name, value in reading.metrics.items()}[canonical_name(measure)] == 3.13
