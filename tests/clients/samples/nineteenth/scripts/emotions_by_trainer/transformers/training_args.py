"""The arguments of the stand-in, with the names and defaults of the library."""
import argparse
import dataclasses
import json
import typing
from dataclasses import dataclass, field
from typing import Optional


@dataclass
class TrainingArguments:
    output_dir: str = field(default="trainer_output", metadata={"help": "Where the checkpoints will be written."})
    overwrite_output_dir: bool = field(default=False, metadata={"help": "Overwrite the output directory."})
    do_train: bool = field(default=False, metadata={"help": "Whether to run training."})
    do_eval: bool = field(default=False, metadata={"help": "Whether to run eval on the dev set."})
    eval_strategy: str = field(default="no", metadata={"help": "The evaluation strategy to use."})
    per_device_train_batch_size: int = field(default=8, metadata={"help": "Batch size per device for training."})
    per_device_eval_batch_size: int = field(default=8, metadata={"help": "Batch size per device for evaluation."})
    gradient_accumulation_steps: int = field(default=1, metadata={"help": "Steps to accumulate before an update."})
    learning_rate: float = field(default=5e-5, metadata={"help": "The initial learning rate for AdamW."})
    weight_decay: float = field(default=0.0, metadata={"help": "Weight decay for AdamW if we apply some."})
    max_grad_norm: float = field(default=1.0, metadata={"help": "Max gradient norm."})
    num_train_epochs: float = field(default=3.0, metadata={"help": "Total number of training epochs to perform."})
    max_steps: int = field(default=-1, metadata={"help": "If > 0: the number of training steps."})
    lr_scheduler_type: str = field(default="linear", metadata={"help": "The scheduler type to use."})
    warmup_ratio: float = field(default=0.0, metadata={"help": "Warmup over this fraction of the steps."})
    warmup_steps: int = field(default=0, metadata={"help": "Linear warmup over warmup_steps."})
    logging_steps: int = field(default=500, metadata={"help": "Log every X updates steps."})
    logging_strategy: str = field(default="steps", metadata={"help": "The logging strategy to use."})
    logging_dir: Optional[str] = field(default=None, metadata={"help": "Tensorboard log dir."})
    eval_steps: Optional[int] = field(default=None, metadata={"help": "Run an evaluation every X steps."})
    save_strategy: str = field(default="steps", metadata={"help": "The checkpoint save strategy to use."})
    save_steps: int = field(default=500, metadata={"help": "Save checkpoint every X updates steps."})
    save_total_limit: Optional[int] = field(default=None, metadata={"help": "Limit the total amount of checkpoints."})
    seed: int = field(default=42, metadata={"help": "Random seed set at the beginning of training."})
    bf16: bool = field(default=False, metadata={"help": "Whether to use bf16 precision."})
    fp16: bool = field(default=False, metadata={"help": "Whether to use fp16 precision."})
    optim: str = field(default="adamw_torch", metadata={"help": "The optimizer to use."})
    gradient_checkpointing: bool = field(default=False, metadata={"help": "Save memory at the expense of speed."})
    group_by_length: bool = field(default=False, metadata={"help": "Group samples of roughly the same length."})
    remove_unused_columns: bool = field(default=True, metadata={"help": "Remove columns the model does not use."})
    load_best_model_at_end: bool = field(default=False, metadata={"help": "Load the best model at the end."})
    metric_for_best_model: Optional[str] = field(default=None, metadata={"help": "The metric to compare models."})
    greater_is_better: Optional[bool] = field(default=None, metadata={"help": "Whether a larger metric is better."})
    report_to: str = field(default="none", metadata={"help": "The integrations to report to."})
    run_name: Optional[str] = field(default=None, metadata={"help": "A descriptor for the run."})
    label_smoothing_factor: float = field(default=0.0, metadata={"help": "The label smoothing epsilon."})
    push_to_hub: bool = field(default=False, metadata={"help": "Whether to upload the trained model."})


def _bool(text):
    if str(text).lower() in ("true", "1", "yes", "y", "t"):
        return True
    if str(text).lower() in ("false", "0", "no", "n", "f"):
        return False
    raise argparse.ArgumentTypeError(f"Truthy value expected: got {text}")


class HfArgumentParser(argparse.ArgumentParser):
    def __init__(self, dataclass_types, **kwargs):
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter, **kwargs)
        self.dataclass_types = list(dataclass_types) if isinstance(dataclass_types, (tuple, list)) else [dataclass_types]
        for dtype in self.dataclass_types:
            hints = typing.get_type_hints(dtype)
            for f in dataclasses.fields(dtype):
                kind = next((k for k in typing.get_args(hints[f.name]) if k is not type(None)), hints[f.name])
                extra = {"type": _bool, "nargs": "?", "const": True} if kind is bool else {"type": kind}
                if f.default is dataclasses.MISSING:
                    extra["required"] = True
                else:
                    extra["default"] = f.default
                self.add_argument(f"--{f.name}", help=f.metadata.get("help"), **extra)

    def _split(self, values):
        return tuple(t(**{f.name: values[f.name] for f in dataclasses.fields(t) if f.name in values}) for t in self.dataclass_types)

    def parse_args_into_dataclasses(self, args=None):
        return self._split(vars(self.parse_args(args)))

    def parse_dict(self, values):
        known = {f.name for t in self.dataclass_types for f in dataclasses.fields(t)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"Some keys are not used by the HfArgumentParser: {unknown}")
        return self._split(values)

    def parse_json_file(self, json_file):
        with open(json_file, encoding="utf-8") as f:
            return self.parse_dict(json.load(f))
