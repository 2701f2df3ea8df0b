"""A small stand-in for the parts of transformers that this script uses: a training is a formula."""
import dataclasses
import json
import math
import os
import random
from types import SimpleNamespace
from typing import Optional

from tqdm.auto import tqdm

from .hf_argparser import HfArgumentParser  # noqa: F401

DIGITS = 4
"""How many digits a log line has: the newest version prints texts of four, older ones the numbers."""


def set_seed(seed):
    random.seed(seed)


@dataclasses.dataclass
class TrainingArguments:
    output_dir: str = dataclasses.field(default="trainer_output", metadata={"help": "Where to write checkpoints."})
    per_device_train_batch_size: int = 8
    per_device_eval_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    num_train_epochs: float = 3.0
    max_steps: int = -1
    warmup_ratio: float = 0.0
    warmup_steps: int = 0
    max_grad_norm: float = 1.0
    label_smoothing_factor: float = 0.0
    lr_scheduler_type: str = "linear"
    optim: str = "adamw_torch"
    logging_steps: int = 500
    eval_strategy: str = "no"
    eval_steps: Optional[int] = None
    save_strategy: str = "steps"
    save_steps: int = 500
    save_total_limit: Optional[int] = None
    bf16: bool = False
    fp16: bool = False
    gradient_checkpointing: bool = False
    load_best_model_at_end: bool = False
    metric_for_best_model: Optional[str] = None
    greater_is_better: Optional[bool] = None
    group_by_length: bool = False
    remove_unused_columns: bool = True
    do_train: bool = False
    do_eval: bool = False
    overwrite_output_dir: bool = False
    push_to_hub: bool = False
    report_to: Optional[str] = None
    run_name: Optional[str] = None
    seed: int = 42


@dataclasses.dataclass
class Seq2SeqTrainingArguments(TrainingArguments):
    predict_with_generate: bool = False
    generation_num_beams: Optional[int] = None
    generation_max_length: Optional[int] = None


class BitsAndBytesConfig:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


class Tokenizer:
    def __init__(self, name):
        self.name, self.pad_token, self.eos_token, self.chat_template = name, None, "</s>", None
        self.pad_token_id = self.eos_token_id = 2
        self.padding_side = "right"

    def __call__(self, texts, max_length=None, **kwargs):
        def one(text):
            return list(range(min(len(str(text).split()), max_length or 10**9)))

        if isinstance(texts, str):
            return {"input_ids": one(texts), "attention_mask": [1] * len(one(texts))}
        return {"input_ids": [one(text) for text in texts], "attention_mask": [[1] * len(one(text)) for text in texts]}

    def apply_chat_template(self, messages, tokenize=False, add_generation_prompt=False):
        return "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)

    def batch_decode(self, ids, **kwargs):
        return [" ".join(map(str, row)) for row in ids]

    def save_pretrained(self, folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
            json.dump({"name": self.name}, f)


class Model:
    def __init__(self, name):
        self.name, self.peft, self.config = name, None, SimpleNamespace(use_cache=True, pad_token_id=None)
        self.generation_config = SimpleNamespace()

    def print_trainable_parameters(self):
        n = 1_081_344 // 8 * self.peft.r
        print(f"trainable params: {n:,} || all params: {494_032_768 + n:,} || trainable%: {100 * n / (494_032_768 + n):.4f}")

    def gradient_checkpointing_enable(self, **kwargs):
        pass

    def enable_input_require_grads(self):
        pass

    def save_pretrained(self, folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "adapter_config.json"), "w") as f:
            json.dump(dataclasses.asdict(self.peft) if self.peft else {"name": self.name}, f)


class _Auto:
    make = Model

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls.make(name)


class AutoTokenizer(_Auto):
    make = Tokenizer


class AutoModelForCausalLM(_Auto):
    pass


class AutoModelForSeq2SeqLM(_Auto):
    pass


class AutoModelForSequenceClassification(_Auto):
    pass


class DataCollatorForSeq2Seq:
    def __init__(self, tokenizer, model=None, **kwargs):
        self.tokenizer = tokenizer


class Trainer:
    def __init__(self, model=None, args=None, train_dataset=None, eval_dataset=None, tokenizer=None, processing_class=None,
                 data_collator=None, compute_metrics=None, peft_config=None, **kwargs):
        self.model = Model(model) if isinstance(model, str) else model
        self.args, self.train_dataset, self.eval_dataset = args, train_dataset, eval_dataset
        self.tokenizer, self.compute_metrics = processing_class or tokenizer, compute_metrics
        if peft_config is not None:
            self.model.peft = peft_config
        self.state = SimpleNamespace(epoch=0.0, global_step=0, log_history=[])

    def adapter(self):
        p = self.model.peft
        return 0.4 / p.r + p.lora_dropout / 2 + abs(p.lora_alpha / p.r - 2) / 20 if p else 0.0

    def batch(self):
        return self.args.per_device_train_batch_size * self.args.gradient_accumulation_steps

    def loss(self, epoch):
        a = self.args
        loss = 0.8 + abs(math.log10(a.learning_rate) + 4) / 5 + a.weight_decay + 0.5 / self.batch()
        loss += abs(a.warmup_ratio - 0.05) + abs(a.warmup_steps - 5) / 100 * (a.warmup_steps > 0)
        loss += a.label_smoothing_factor / 2 + self.adapter() + 0.3 / (0.5 + epoch)
        return loss + 20 / a.max_length if getattr(a, "max_length", None) else loss

    def scores(self, epoch, split="eval"):
        return {f"{split}_loss": self.loss(epoch)}

    def train_log(self, epoch, share):
        return {"loss": round(self.loss(epoch), 4), "grad_norm": 1.3 - share / 4, "learning_rate": self.args.learning_rate * (1 - share)}

    def log(self, entry):
        entry["epoch"] = round(self.state.epoch, 2)
        self.state.log_history.append({**entry, "step": self.state.global_step})
        if DIGITS:
            entry = {k: f"{v:.{DIGITS}g}" if isinstance(v, float) else v for k, v in entry.items()}
        tqdm.write(str(entry))

    def train(self, resume_from_checkpoint=None):
        a = self.args
        per_epoch = max(1, math.ceil(len(self.train_dataset) / self.batch()))
        steps = a.max_steps if a.max_steps > 0 else math.ceil(a.num_train_epochs * per_epoch)
        total = 0.0
        bar = tqdm(total=steps)
        for step in range(1, steps + 1):
            self.state.global_step, self.state.epoch = step, step / per_epoch
            total += self.loss(self.state.epoch)
            bar.update(1)
            if step % a.logging_steps == 0:
                self.log(self.train_log(self.state.epoch, step / steps))
            if self.eval_dataset is not None and (
                (a.eval_strategy == "epoch" and step % per_epoch == 0)
                or (a.eval_strategy == "steps" and step % (a.eval_steps or a.logging_steps) == 0)
            ):
                self.evaluate()
        bar.close()
        metrics = {"train_runtime": 0.0123, "train_samples_per_second": 5203.2, "train_steps_per_second": 650.4,
                   "train_loss": total / steps}
        self.log(dict(metrics))
        return SimpleNamespace(metrics=metrics, global_step=steps, training_loss=total / steps)

    def evaluate(self, eval_dataset=None, metric_key_prefix="eval"):
        metrics = self.scores(self.state.epoch, metric_key_prefix)
        if self.compute_metrics is not None:
            guesses = self.generate(len(eval_dataset or self.eval_dataset))
            metrics.update({f"{metric_key_prefix}_{k}": v for k, v in self.compute_metrics(guesses).items()})
        metrics.update({f"{metric_key_prefix}_runtime": 0.0041, f"{metric_key_prefix}_samples_per_second": 3121.9,
                        f"{metric_key_prefix}_steps_per_second": 390.2})
        self.log(metrics)
        return metrics

    def generate(self, n):
        return [self.loss(self.state.epoch)] * n, [0] * n

    def log_metrics(self, split, metrics):
        print(f"***** {split} metrics *****")
        width = max(len(key) for key in metrics)
        for key in sorted(metrics):
            value = metrics[key]
            print(f"  {key: <{width}} = {value:>10.4f}" if isinstance(value, float) else f"  {key: <{width}} = {value:>10}")

    def save_metrics(self, split, metrics):
        os.makedirs(self.args.output_dir, exist_ok=True)
        path = os.path.join(self.args.output_dir, "all_results.json")
        known = json.load(open(path)) if os.path.exists(path) else {}
        for name, values in ((f"{split}_results.json", metrics), ("all_results.json", {**known, **metrics})):
            with open(os.path.join(self.args.output_dir, name), "w") as f:
                json.dump(values, f, indent=4, sort_keys=True)

    def save_state(self):
        os.makedirs(self.args.output_dir, exist_ok=True)
        with open(os.path.join(self.args.output_dir, "trainer_state.json"), "w") as f:
            json.dump(vars(self.state), f, indent=2)

    def save_model(self, output_dir=None):
        self.model.save_pretrained(output_dir or self.args.output_dir)


class Seq2SeqTrainer(Trainer):
    pass
