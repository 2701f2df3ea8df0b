import logging
import sys
from dataclasses import dataclass, field
from typing import Optional

from transformers import HfArgumentParser, TrainingArguments

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    """Arguments pertaining to which model we are going to fine-tune."""

    model_name_or_path: Optional[str] = field(
        default=None, metadata={"help": "The model checkpoint for weights initialization."}
    )
    lora_rank: int = field(default=8)
    use_fast_tokenizer: bool = field(default=True, metadata={"help": "Whether to use one of the fast tokenizer"})
    torch_dtype: Optional[str] = field(default=None, metadata={"choices": ["auto", "bfloat16", "float16"]})


@dataclass
class DataTrainingArguments:
    block_size: Optional[int] = field(default=None)
    streaming: bool = field(default=False)


def main():
    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, TrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, data_args, training_args = parser.parse_json_file(json_file=sys.argv[1])
    else:
        model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    logging.basicConfig(handlers=[logging.StreamHandler(sys.stdout)], level=logging.INFO)
    logger.info(f"Training/evaluation parameters {training_args}")
    loss = (
        abs(training_args.learning_rate * 1000 - 1)
        + 1 / model_args.lora_rank
        + 2 * model_args.use_fast_tokenizer
        + training_args.weight_decay
        + (data_args.block_size or 100) / 1000
    )
    for epoch in range(1, int(training_args.num_train_epochs) + 1):
        print({"loss": loss + 1 / epoch, "learning_rate": training_args.learning_rate, "epoch": float(epoch)})
    metrics = {"eval_loss": loss + 1 / training_args.num_train_epochs, "eval_samples": 12, "perplexity": 3.0}
    print("***** eval metrics *****")
    for key in sorted(metrics):
        print(
            f"  {key: <13} = {metrics[key]:>10.4f}"
            if isinstance(metrics[key], float)
            else f"  {key: <13} = {metrics[key]:>10}"
        )


if __name__ == "__main__":
    main()
