"""Scripts of language models: dataclasses and parsers of packages, evaluations of their own, keys that loops copy."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import InspectedScript, inspect_script
from hptui.scripts.inspect.ranges import suggested_first, typical_range
from hptui.scripts.inspect.syntax import ScriptOption


def inspected(folder: Path, files: dict[str, str], script: str = "train.py") -> InspectedScript:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for above in file.relative_to(folder).parents[:-1]:
            (folder / above / "__init__.py").touch()
        file.write_text(text)
    return inspect_script(folder / script)


def names(script: InspectedScript) -> set[str]:
    return {option.name for option in script.options}


# --- parsers and dataclasses of packages

CLASS = "from dataclasses import dataclass\n@dataclass\nclass {0}:\n    width: int = 4\n    data_path: str = None\n"
HF = "from transformers import HfArgumentParser\n{0}\nargs, = HfArgumentParser(({1},)).parse_args_into_dataclasses()\n"
IMPORTS = {
    "by its name": ("from {0} import ModelArguments", "ModelArguments"),
    "under another": ("from {0} import OurArguments as ModelArguments", "ModelArguments"),
    "as training arguments": ("from {0} import OurArguments as TrainingArguments", "TrainingArguments"),
}


@pytest.mark.parametrize("how", IMPORTS)
@pytest.mark.parametrize("depth", [1, 3, 5])
@pytest.mark.parametrize("is_relative", [False, True])
def test_dataclasses_of_the_package(
    tmp_path: Path, how: str, depth: int, is_relative: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, used = IMPORTS[how]
    place = "/".join(["kit", *"abcd"][:depth])
    files = {
        "kit/parts.py": CLASS.format("ModelArguments") + CLASS.format("OurArguments"),
        f"{place}/run.py": HF.format(line.format("kit.parts"), used),
    }
    script = inspected(tmp_path, files, f"{place}/run.py")
    if is_relative:  # as somebody names it who has gone to where it lies
        monkeypatch.chdir(tmp_path / place)
        script = inspect_script(Path("run.py"))
    assert {"width", "data_path"} <= names(script)


COMMANDS = (
    "import argparse\nfrom . import fit, show\ndef main():\n    p = argparse.ArgumentParser()\n"
    "    sub = p.add_subparsers()\n"
)
HANDED = {
    "as it is made": "    fit.add(sub.add_parser('train'))\n    show.add(sub.add_parser('show'))\n",
    "by a name": "    a = sub.add_parser('train')\n    b = sub.add_parser('show')\n    fit.add(a)\n    show.add(b)\n",
}
OWN = "def more(q):\n    q.add_argument('--{0}-depth', type=int, default=2)\n" \
      "def add(q):\n    q.add_argument('--{0}-lr', type=float, default=0.1)\n    more(q)\n"  # fmt: skip


@pytest.mark.parametrize("how", HANDED)
def test_parsers_of_subcommands_that_modules_fill(tmp_path: Path, how: str) -> None:
    main = COMMANDS + HANDED[how] + "    p.parse_args()\nmain()\n"
    files = {"kit/run.py": main, "kit/fit.py": OWN.format("fit"), "kit/show.py": OWN.format("show")}
    script = inspected(tmp_path, files, "kit/run.py")
    assert script.words == ["train"]
    assert {"fit_lr", "show_lr"} & names(script) == {"fit_lr"}


@pytest.mark.parametrize("method", ["parse_args", "parse_known_args"])
def test_options_that_a_script_adds_to_the_parser_of_its_package(tmp_path: Path, method: str) -> None:
    package = (
        "import argparse\ndef _net(p):\n    g = p.add_argument_group('net')\n    g.add_argument('--width', default=4)\n"
        f"def pretrain(extra):\n    p = argparse.ArgumentParser()\n    _net(p)\n    extra(p)\n    return p.{method}()\n"
    )
    own = "from kit.work import pretrain\ndef extra(p):\n    p.add_argument('--own', default=1)\npretrain(extra)\n"
    assert names(inspected(tmp_path, {"kit/work.py": package, "train.py": own})) == {"width", "own"}


# --- what a Trainer logs

TRAINER = (
    "from transformers import Trainer, TrainingArguments\nargs = TrainingArguments('out', eval_strategy='epoch')\n"
)
MADE = {
    "a class": "trainer = Trainer(model=m, args=args, train_dataset=d)",
    "a choice": "kind = Trainer if m else Trainer\ntrainer = kind(model=m, args=args, train_dataset=d)",
}


@pytest.mark.parametrize("how", MADE)
def test_a_trainer_without_data_to_evaluate_with(tmp_path: Path, how: str) -> None:
    script = inspected(tmp_path, {"train.py": f"{TRAINER}{MADE[how]}\ntrainer.train()\n"})
    assert script.metrics[:1] == ["train_loss"]


EVALUATORS = {
    "TripletEvaluator(a, name='dev')": "eval_dev_cosine_accuracy",
    "TripletEvaluator(a)": "eval_cosine_accuracy",
    "TripletEvaluator(a, name='eval_all')": "eval_all_cosine_accuracy",
    "EmbeddingSimilarityEvaluator(a, name='sts')": "eval_sts_spearman_cosine",
    "NanoBEIREvaluator()": "eval_NanoBEIR_mean_cosine_ndcg@10",
    "SequentialEvaluator([TripletEvaluator(a, name='one'), other])": "eval_one_cosine_accuracy",
}
UNKNOWN = ["TripletEvaluator(a, name=f'{x}')", "TripletEvaluator(a, main_similarity_function='dot')", "OwnEvaluator(a)"]
OF_SENTENCES = (
    "from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments\n"
    "from sentence_transformers.evaluation import *\n"
    "args = SentenceTransformerTrainingArguments('out', eval_strategy='steps')\n"
)
MADE_AT_ONCE = "t = SentenceTransformerTrainer(model=m, args=args, train_dataset=d, evaluator={0}{1})\nt.train()\n"
PLACES = [MADE_AT_ONCE, "e = {0}\n" + MADE_AT_ONCE.replace("{0}", "e")]


@pytest.mark.parametrize("evaluator", [*EVALUATORS, *UNKNOWN])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("data", ["", ", eval_dataset=v"])
def test_what_an_evaluator_measures(tmp_path: Path, evaluator: str, place: str, data: str) -> None:
    script = inspected(tmp_path, {"train.py": OF_SENTENCES + place.format(evaluator, data)})
    assert ("eval_loss" in script.metrics) is bool(data)
    of_evaluator = {name for name in script.metrics if name.startswith("eval_") and name != "eval_loss"}
    assert of_evaluator == ({EVALUATORS[evaluator]} if evaluator in EVALUATORS else set())


EVALUATES = {
    "alone": "        m = {'eval_sts': 1.0}\n        self.log(m)\n        return m\n",
    "with the library": "        m = super().evaluate()\n        return m\n",
    "by its loop": "        return self.evaluation_loop(None).metrics\n",
}


@pytest.mark.parametrize("how", EVALUATES)
@pytest.mark.parametrize("is_module", [False, True])
def test_a_trainer_that_evaluates_in_its_own_way(tmp_path: Path, how: str, is_module: bool) -> None:
    own = f"from transformers import Trainer\nclass OurTrainer(Trainer):\n    def evaluate(self):\n{EVALUATES[how]}"
    last = "t = OurTrainer(model=m, args=args, train_dataset=d, eval_dataset=v)\nt.train()\nt.evaluate()\n"
    head = "from ours import OurTrainer\n" if is_module else own
    files = {"train.py": f"{TRAINER}{head}{last}"} | ({"ours.py": own} if is_module else {})
    script = inspected(tmp_path, files)
    assert ("eval_loss" in script.metrics) is (how != "alone")
    assert ("eval_sts" in script.metrics) is (how == "alone")


# --- keys that loops copy and functions choose

COPIES = ["sums[k].append(v)", "sums[k] += v", "sums[k] = sums.get(k, 0) + v", "sums[k].extend(v)", "sums[f'{k}'] = v"]
SHOWN = ["print(f'after 3: {means}')", "print(' '.join(f'{k}: {v:.3f}' for k, v in means.items()))"]
STEP = (
    "def step(train=True):\n    m = {{}}\n    split = 'train' if train else 'eval'\n    m[f'{{split}}_acc'] = 0.5\n"
    "    return 1, m\ndef run():\n    sums = {{}}\n    for b in range(3):\n        _, em = step(train={2})\n"
    "        for k, v in em.items():\n            {0}\n"
    "    means = {{k: v / 3 for k, v in sums.items()}}\n    {1}\nrun()\n"
)


@pytest.mark.parametrize(("copied", "shown"), list(itertools.product(COPIES, SHOWN)))
@pytest.mark.parametrize(("train", "asked"), [("False", "eval_acc"), ("True", "train_acc")])
def test_keys_that_a_loop_copies(tmp_path: Path, copied: str, shown: str, train: str, asked: str) -> None:
    script = inspected(tmp_path, {"train.py": STEP.format(copied, shown, train)})
    assert script.metrics == [asked]


@pytest.mark.parametrize("prefix", ["''", "'final'"])
def test_keys_of_a_table_that_is_made_of_itself(tmp_path: Path, prefix: str) -> None:
    text = (
        "def evaluate():\n    return {'f1': 0.5}\nresults = {}\n"
        "result = evaluate()\nif n:\n    result = {'{}_{}'.format(" + prefix + ", k): v for k, v in result.items()}\n"
        "results.update(result)\nfor key in sorted(results.keys()):\n    print('%s = %s' % (key, str(results[key])))\n"
    )
    metrics = inspected(tmp_path, {"train.py": text}).metrics
    assert metrics[0] == "f1"
    assert all(name.count("final") <= 1 and not name.startswith("_") for name in metrics)


@pytest.mark.parametrize("join", ["\\n", "\\n  ", " | "])
def test_lines_that_a_text_joins(tmp_path: Path, join: str) -> None:
    text = (
        "def train():\n    lines = ['Epoch %d' % 1, 'Dev score (%5d): %8f' % (1, f1)]\n"
        f"    lines.append(f'test score: {{x:.3f}}')\n    print('{join}'.join(lines))\ntrain()\n"
    )
    assert {"dev_score", "test_score"} & set(inspected(tmp_path, {"train.py": text}).metrics)


# --- which metric is the objective

KEPT = {
    "if acc >= max(accs):": ("dev_accuracy", "maximize"),
    "if acc == max(accs):": ("dev_accuracy", "maximize"),
    "if loss <= min(losses):": ("dev_loss", "minimize"),
    "if acc >= min(accs):": ("dev_loss", "minimize"),
}


@pytest.mark.parametrize("kept", KEPT)
def test_the_best_of_a_list_is_kept(tmp_path: Path, kept: str) -> None:
    shown = "print(f'dev loss: {loss:.3f} dev accuracy: {acc:.3f}')"
    text = f"for e in range(3):\n    {shown}\n    {kept}\n        save()\n"
    assert inspected(tmp_path, {"train.py": text}).metrics[0] == KEPT[kept][0]


@pytest.mark.parametrize("order", list(itertools.permutations(["acc", "recall", "f1"])))
@pytest.mark.parametrize("with_precision", [False, True])
def test_an_acc_beside_a_recall_is_a_precision(tmp_path: Path, order: tuple[str, ...], with_precision: bool) -> None:
    shown = [*order, "precision"] if with_precision else [*order]
    line = ", ".join(f"{name}: {{{name}:.3f}}" for name in shown)
    text = f"def evaluate():\n    print(f'{line}')\nevaluate()\n"
    assert (inspected(tmp_path, {"train.py": text}).metrics[0] == "f1") or with_precision


@pytest.mark.parametrize("word", ["teacher", "baseline", "initial", "original"])
@pytest.mark.parametrize("first", [False, True])
def test_what_is_measured_of_another_model_comes_last(tmp_path: Path, word: str, first: bool) -> None:
    lines = [f"print(f'{word} accuracy: {{a:.3f}}')", "print(f'accuracy: {b:.3f}')"]
    text = "\n".join(lines if first else reversed(lines)) + "\n"
    assert inspected(tmp_path, {"train.py": text}).metrics[0] == "accuracy"


@pytest.mark.parametrize("name", ["validate_nll", "evaluate", "test_model"])
def test_lines_of_single_batches_of_an_evaluation(tmp_path: Path, name: str) -> None:
    text = (
        f"def {name}():\n    for i, b in enumerate(dev):\n        if (i + 1) % 10 == 0:\n"
        "            print('Eval step: %d , loss=%f ' % (i, loss.item()))\n"
        "    print('NLL Validation: loss = %f. ratio  %f' % (total, ratio))\n"
        f"def train():\n    print('Epoch: %d: Step: %d, loss=%f, lr=%f' % (e, i, loss, lr))\n    {name}()\ntrain()\n"
    )
    assert inspected(tmp_path, {"train.py": text}).metrics[0] == "val_loss"


@pytest.mark.parametrize("text", ["'dev acc %.2f' % acc", "'dev acc {}'.format(acc)", "'dev acc ' + str(acc)"])
def test_a_text_with_words_is_no_number_alone(tmp_path: Path, text: str) -> None:
    script = inspected(tmp_path, {"train.py": f"for e in range(3):\n    print('\\x00' + {text})\n    print({text})\n"})
    assert "metrics" not in script.settings


@pytest.mark.parametrize("counted", ["i", "max_len = max(max_len, len(i))", "n"])
@pytest.mark.parametrize("total", ["len(loader.dataset)", "n"])
def test_the_score_of_held_out_data_is_before_that_of_training(tmp_path: Path, counted: str, total: str) -> None:
    trained = "print(f'Step {i}, Loss: {l}, Accuracy: {c / i}')"
    tested = f"print(f'Test Loss: {{l / n}}, Test Accuracy: {{c / {total}}}')"
    text = (
        f"for i in rows:\n    {counted}\ndef train_loop():\n    {trained}\ndef test_loop():\n    {tested}\n"
        "train_loop()\ntest_loop()\n"
    )
    metrics = inspected(tmp_path, {"train.py": text}).metrics
    assert {"test_accuracy", "test_loss"} == {*metrics[:2]}


OPENED = ["open(file=p, mode='w')", "open(mode='w', file='scores.csv')", "open(p, 'w')", "io.open(mode='w')"]


@pytest.mark.parametrize("opened", OPENED)
def test_files_that_are_opened_by_keywords(tmp_path: Path, opened: str) -> None:
    text = f"f = {opened}\nf.write('epoch,val_loss\\n')\nprint(f'val_loss: {{x:.3f}}')\n"
    assert inspected(tmp_path, {"train.py": text}).metrics == ["val_loss"]


# --- what is searched

OF_NUMBERS = ["sample_train", "num_beams", "zero_stage", "max_ckpt_num", "train_fraction", "n_shots", "epoch"]
OF_SWITCHES = ["remove_unused_columns", "group_by_length", "flash_attn", "adam_offload", "pad_to_max_length"]
NEVER = [*OF_NUMBERS, *OF_SWITCHES]


@pytest.mark.parametrize("name", NEVER)
def test_what_is_no_hyperparameter(name: str) -> None:
    kinds = (
        [ScriptOption(name, name, "int", 4)]
        if name in OF_NUMBERS
        else [ScriptOption(name, name, "bool", False), ScriptOption(name, name, "int", 0, (0, 1))]
    )
    assert [typical_range(option) for option in kinds] == [None for _ in kinds]


@pytest.mark.parametrize("plain", ["lr", "learning_rate", "base_lr", "lr0"])
@pytest.mark.parametrize("other", ["bert_lr", "roll_lr", "crf_learning_rate", "lr_head"])
@pytest.mark.parametrize("is_first", [False, True])
def test_the_rate_of_the_whole_model_is_searched_first(plain: str, other: str, is_first: bool) -> None:
    options = [ScriptOption(name, name, "float", 0.01) for name in ((plain, other) if is_first else (other, plain))]
    first = suggested_first(options)
    assert [first.name if first else ""] == [plain]


@pytest.mark.parametrize("declared", ["default=512", "type=str, default=512", "type=int, default=512"])
def test_a_number_that_arrives_as_a_text_is_not_searched(tmp_path: Path, declared: str) -> None:
    text = f"import argparse\np = argparse.ArgumentParser()\np.add_argument('-d_model', {declared})\np.parse_args()\n"
    [option] = inspected(tmp_path, {"train.py": text}).options
    assert (typical_range(option) is not None) is ("type=int" in declared)
    [option] = inspected(tmp_path, {"train.py": f"{text}width = int(p.parse_args().d_model)\n"}).options
    assert typical_range(option) is not None, "the script makes a number of it"


# --- where a script writes

BELOW = ["f'runs/{args.model_folder}'", "'runs/' + args.model_folder", "f'runs/{args.model_folder}/net.pt'"]
GUARDS = {"raise FileExistsError('there')": True, "print('there')": False}


@pytest.mark.parametrize("path", BELOW)
@pytest.mark.parametrize("guard", GUARDS)
def test_a_name_below_a_folder_is_no_path(tmp_path: Path, path: str, guard: str) -> None:
    text = (
        "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--model_folder', default='english')\n"
        "args = p.parse_args()\nif os.path.exists('runs/' + args.model_folder):\n    " + guard + "\n"
        "os.makedirs('runs/' + args.model_folder, exist_ok=True)\nf = open(" + path + ", 'w')\n"
    )
    script = inspected(tmp_path, {"train.py": text})
    assert script.outputs == []
    assert bool(script.shared_files.made) is GUARDS[guard]
