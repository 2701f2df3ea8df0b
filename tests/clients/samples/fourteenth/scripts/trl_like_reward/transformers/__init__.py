"""A small stand-in for the parts of transformers that this script uses."""
import argparse
import dataclasses
import typing


@dataclasses.dataclass
class TrainingArguments:
    output_dir: str = dataclasses.field(default="trainer_output", metadata={"help": "Where to write checkpoints."})
    per_device_train_batch_size: int = dataclasses.field(default=8, metadata={"help": "Batch size per device."})
    learning_rate: float = dataclasses.field(default=5e-5, metadata={"help": "The initial learning rate for AdamW."})
    weight_decay: float = dataclasses.field(default=0.0, metadata={"help": "Weight decay for AdamW."})
    num_train_epochs: float = dataclasses.field(default=3.0, metadata={"help": "Total number of training epochs."})
    warmup_ratio: float = dataclasses.field(default=0.0, metadata={"help": "Linear warmup over this fraction."})
    gradient_accumulation_steps: int = dataclasses.field(default=1, metadata={"help": "Steps to accumulate."})
    logging_steps: int = dataclasses.field(default=10, metadata={"help": "Log every X updates steps."})
    seed: int = dataclasses.field(default=42, metadata={"help": "Random seed."})


def _bool(text):
    return str(text).lower() in ("true", "1", "yes")


class HfArgumentParser(argparse.ArgumentParser):
    def __init__(self, dataclass_types):
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        self.dataclass_types = list(dataclass_types)
        for dtype in self.dataclass_types:
            hints = typing.get_type_hints(dtype)
            for field in dataclasses.fields(dtype):
                kind = hints[field.name]
                kind = next((k for k in typing.get_args(kind) if k is not type(None)), kind)
                extra = {"type": _bool, "nargs": "?", "const": True} if kind is bool else {"type": kind}
                self.add_argument(f"--{field.name}", default=field.default, help=field.metadata.get("help"), **extra)

    def parse_args_into_dataclasses(self, args=None):
        namespace = vars(self.parse_args(args))
        return tuple(dtype(**{f.name: namespace[f.name] for f in dataclasses.fields(dtype)}) for dtype in self.dataclass_types)
