import argparse
import os
import re
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset, load_dataset
from peft import LoraConfig
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

SYSTEM_PROMPT = """Think before you answer. Use this format:
<reasoning>
...
</reasoning>
<answer>
...
</answer>"""


def str_to_bool(value: str | bool) -> bool:
    if isinstance(value, bool):
        return value
    if value.lower() in {"true", "1", "yes", "y"}:
        return True
    if value.lower() in {"false", "0", "no", "n"}:
        return False
    raise argparse.ArgumentTypeError(f"a boolean was expected, not {value!r}")


def answer_of(text: str) -> str:
    found = re.search(r"<answer>\s*(.*?)\s*</answer>", text, flags=re.DOTALL)
    return found.group(1) if found else text.split("####")[-1].strip()


def correctness_reward(completions: list[Any], ground_truth: list[str], **kwargs: Any) -> list[float]:
    return [2.0 if answer_of(c[0]["content"]) == truth else 0.0 for c, truth in zip(completions, ground_truth)]


def format_reward(completions: list[Any], **kwargs: Any) -> list[float]:
    pattern = re.compile(r"^\s*<reasoning>.+?</reasoning>\s*<answer>.+?</answer>\s*$", flags=re.DOTALL)
    return [0.5 if pattern.match(c[0]["content"]) else 0.0 for c in completions]


def prepare_gsm8k(split: str, max_samples: int | None, seed: int) -> Dataset:
    dataset = load_dataset("openai/gsm8k", "main", split=split)
    if max_samples:
        dataset = dataset.shuffle(seed=seed).select(range(min(max_samples, len(dataset))))
    return dataset.map(
        lambda row: {
            "prompt": [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": row["question"]}],
            "ground_truth": answer_of(row["answer"]),
        }
    )


@dataclass
class TrainConfig:
    model_name_or_path: str
    output_dir: str
    dataset_split: str
    max_samples: int | None
    max_steps: int
    learning_rate: float
    per_device_train_batch_size: int
    gradient_accumulation_steps: int
    num_generations: int
    max_prompt_length: int
    max_completion_length: int
    beta: float
    warmup_ratio: float
    logging_steps: int
    save_steps: int
    report_to: str
    run_name: str | None
    seed: int
    bf16: bool
    gradient_checkpointing: bool
    use_lora: bool
    lora_r: int
    lora_alpha: int
    lora_dropout: float
    push_to_hub: bool


def parse_args() -> TrainConfig:
    parser = argparse.ArgumentParser(description="GRPO on grade-school maths.")
    parser.add_argument("--model_name_or_path", default="toy/Qwen2.5-0.5B-Instruct")
    parser.add_argument("--output_dir", default="outputs/qwen2.5-0.5b-gsm8k-grpo")
    parser.add_argument("--dataset_split", default="train")
    parser.add_argument("--max_samples", type=int, default=256)
    parser.add_argument("--max_steps", type=int, default=50)
    parser.add_argument("--learning_rate", type=float, default=1e-6)
    parser.add_argument("--per_device_train_batch_size", type=int, default=4)
    parser.add_argument("--gradient_accumulation_steps", type=int, default=4)
    parser.add_argument("--num_generations", type=int, default=4)
    parser.add_argument("--max_prompt_length", type=int, default=512)
    parser.add_argument("--max_completion_length", type=int, default=256)
    parser.add_argument("--beta", type=float, default=0.04, help="KL coefficient; 0 switches the reference model off.")
    parser.add_argument("--warmup_ratio", type=float, default=0.1)
    parser.add_argument("--logging_steps", type=int, default=1)
    parser.add_argument("--save_steps", type=int, default=25)
    parser.add_argument("--report_to", default="none")
    parser.add_argument("--run_name", default=None)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--bf16", type=str_to_bool, default=True)
    parser.add_argument("--gradient_checkpointing", type=str_to_bool, default=True)
    parser.add_argument("--use_lora", type=str_to_bool, default=True)
    parser.add_argument("--lora_r", type=int, default=16)
    parser.add_argument("--lora_alpha", type=int, default=32)
    parser.add_argument("--lora_dropout", type=float, default=0.05)
    parser.add_argument("--push_to_hub", type=str_to_bool, default=False)
    return TrainConfig(**vars(parser.parse_args()))


def main() -> None:
    args = parse_args()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    torch.manual_seed(args.seed)
    train_dataset = prepare_gsm8k(args.dataset_split, args.max_samples, args.seed)

    tokenizer = AutoTokenizer.from_pretrained(args.model_name_or_path)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token

    peft_config = None
    if args.use_lora:
        peft_config = LoraConfig(
            r=args.lora_r,
            lora_alpha=args.lora_alpha,
            lora_dropout=args.lora_dropout,
            bias="none",
            task_type="CAUSAL_LM",
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        )

    training_args = GRPOConfig(
        output_dir=args.output_dir,
        run_name=args.run_name,
        report_to=args.report_to,
        seed=args.seed,
        max_steps=args.max_steps,
        learning_rate=args.learning_rate,
        lr_scheduler_type="cosine",
        warmup_ratio=args.warmup_ratio,
        beta=args.beta,
        per_device_train_batch_size=args.per_device_train_batch_size,
        gradient_accumulation_steps=args.gradient_accumulation_steps,
        num_generations=args.num_generations,
        max_prompt_length=args.max_prompt_length,
        max_completion_length=args.max_completion_length,
        bf16=args.bf16,
        gradient_checkpointing=args.gradient_checkpointing,
        logging_steps=args.logging_steps,
        save_steps=args.save_steps,
        push_to_hub=args.push_to_hub,
    )
    trainer = GRPOTrainer(
        model=args.model_name_or_path,
        reward_funcs=[correctness_reward, format_reward],
        args=training_args,
        train_dataset=train_dataset,
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    trainer.train()
    trainer.save_model(args.output_dir)
    tokenizer.save_pretrained(args.output_dir)


if __name__ == "__main__":
    main()
