"""TrlParser."""
from dataclasses import dataclass, field

from trl import TrlParser


@dataclass
class ScriptArguments:
    """The data."""

    dataset_name: str = field(default="toy")
    packing: bool = field(default=False)


@dataclass
class TrainArguments:
    """The training."""

    learning_rate: float = field(default=2e-4)
    lora_alpha: int = field(default=16)


if __name__ == "__main__":
    script_args, train_args = TrlParser((ScriptArguments, TrainArguments)).parse_args_and_config()
    value = train_args.learning_rate * 1000 + 1 / train_args.lora_alpha + 2 * script_args.packing
    for step in (1, 2, 3):
        print({"loss": value / 2, "step": step})
        print({"eval_loss": value + 1 / step, "step": step})
