"""HfArgumentParser with dataclasses of its own."""
from dataclasses import dataclass, field
from typing import Optional

from transformers.hf_argparser import HfArgumentParser


@dataclass
class ModelArguments:
    """The model."""

    model_name: str = field(default="tiny", metadata={"help": "Which model"})
    config: Optional[str] = field(default=None, metadata={"help": "A configuration, if it differs"})
    lora_r: int = field(default=8, metadata={"help": "Rank"})


@dataclass
class RunArguments:
    """The training."""

    learning_rate: float = 5e-4
    use_bf16: bool = field(default=False)
    packing: bool = field(default=True)
    num_epochs: float = 3.0
    output_dir: str = "outputs"


def main():
    model_args, run_args = HfArgumentParser((ModelArguments, RunArguments)).parse_args_into_dataclasses()
    base = run_args.learning_rate * 1000 + 1 / model_args.lora_r + run_args.use_bf16 + 2 * run_args.packing
    base += len(model_args.model_name) + 100 * (model_args.config is not None)
    for epoch in range(1, int(run_args.num_epochs) + 1):
        print(f"{{'loss': {base / 2:.4f}, 'epoch': {epoch}.0}}")
        print(f"{{'eval_loss': {base + 1 / epoch:.4f}, 'eval_runtime': 0.12, 'epoch': {epoch}.0}}")


if __name__ == "__main__":
    main()
