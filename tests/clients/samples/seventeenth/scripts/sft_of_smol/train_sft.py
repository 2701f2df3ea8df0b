"""Supervised fine-tuning of a small chat model with TRL.

python train_sft.py --model_name_or_path HuggingFaceTB/SmolLM2-135M --learning_rate 2e-4 --use_peft
"""
import logging
import math
from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, HfArgumentParser, set_seed
from trl import SFTConfig, SFTTrainer

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    model_name_or_path: str = field(default="HuggingFaceTB/SmolLM2-135M", metadata={"help": "Base model."})
    use_peft: bool = field(default=True, metadata={"help": "Whether to train LoRA adapters."})
    lora_r: int = field(default=16, metadata={"help": "Rank of the LoRA update matrices."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA scaling."})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout."})


@dataclass
class DataArguments:
    dataset_name: str = field(default="HuggingFaceTB/smoltalk", metadata={"help": "The dataset to train on."})
    test_split_size: float = field(default=0.1, metadata={"help": "Share of rows held out for evaluation."})
    max_train_samples: Optional[int] = field(default=None, metadata={"help": "Truncate the training set."})


@dataclass
class TrainConfig(SFTConfig):
    output_dir: str = field(default="outputs/smol-sft", metadata={"help": "Where to write."})
    learning_rate: float = field(default=2e-4, metadata={"help": "The initial learning rate."})
    num_train_epochs: float = field(default=2.0, metadata={"help": "Number of epochs."})
    per_device_train_batch_size: int = field(default=4, metadata={"help": "Batch size per device."})
    gradient_accumulation_steps: int = field(default=4, metadata={"help": "Accumulation."})
    warmup_ratio: float = field(default=0.03, metadata={"help": "Warmup share."})
    eval_strategy: str = field(default="epoch", metadata={"help": "When to evaluate."})


def main():
    parser = HfArgumentParser((ModelArguments, DataArguments, TrainConfig))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s - %(message)s", level=logging.INFO)
    set_seed(training_args.seed)

    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path)

    dataset = load_dataset(data_args.dataset_name, split="train")
    if data_args.max_train_samples is not None:
        dataset = dataset.select(range(data_args.max_train_samples))
    splits = dataset.train_test_split(test_size=data_args.test_split_size, seed=training_args.seed)
    logger.info("train: %d rows, test: %d rows", len(splits["train"]), len(splits["test"]))

    peft_config = None
    if model_args.use_peft:
        peft_config = LoraConfig(
            r=model_args.lora_r,
            lora_alpha=model_args.lora_alpha,
            lora_dropout=model_args.lora_dropout,
            bias="none",
            task_type="CAUSAL_LM",
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        )

    trainer = SFTTrainer(
        model=model,
        args=training_args,
        train_dataset=splits["train"],
        eval_dataset=splits["test"],
        processing_class=tokenizer,
        peft_config=peft_config,
    )

    logger.info("*** Train ***")
    train_result = trainer.train()
    metrics = train_result.metrics
    metrics["train_samples"] = len(splits["train"])
    trainer.log_metrics("train", metrics)
    trainer.save_metrics("train", metrics)
    trainer.save_state()

    logger.info("*** Evaluate ***")
    metrics = trainer.evaluate()
    metrics["eval_samples"] = len(splits["test"])
    metrics["perplexity"] = math.exp(metrics["eval_loss"])
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)

    trainer.save_model(training_args.output_dir)
    logger.info("Model saved to %s", training_args.output_dir)


if __name__ == "__main__":
    main()
