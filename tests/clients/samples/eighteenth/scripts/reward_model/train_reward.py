"""Train a reward model on pairs of chosen and rejected answers.

    python train_reward.py --model_name Qwen/Qwen2.5-0.5B --dataset_name trl-lib/ultrafeedback_binarized
"""
from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from peft import LoraConfig, TaskType
from transformers import AutoModelForSequenceClassification, AutoTokenizer, HfArgumentParser, set_seed
from trl import RewardConfig, RewardTrainer


@dataclass
class ScriptArguments:
    model_name: str = field(default="Qwen/Qwen2.5-0.5B", metadata={"help": "backbone of the reward model"})
    dataset_name: str = field(default="trl-lib/ultrafeedback_binarized", metadata={"help": "dataset with chosen and rejected"})
    output_dir: str = field(default="./reward_model", metadata={"help": "where to put the adapter"})
    learning_rate: float = field(default=2e-5, metadata={"help": "peak learning rate"})
    weight_decay: float = field(default=0.001, metadata={"help": "weight decay of AdamW"})
    num_train_epochs: int = field(default=1, metadata={"help": "number of epochs"})
    per_device_train_batch_size: int = field(default=4)
    per_device_eval_batch_size: int = field(default=8)
    gradient_accumulation_steps: int = field(default=4)
    warmup_ratio: float = field(default=0.03)
    lr_scheduler_type: str = field(default="linear")
    max_length: int = field(default=512, metadata={"help": "pairs that are longer are left out"})
    lora_r: int = field(default=16)
    lora_alpha: int = field(default=32)
    lora_dropout: float = field(default=0.1)
    bf16: bool = field(default=False, metadata={"help": "needs a newer card"})
    eval_steps: int = field(default=20)
    train_subset: Optional[int] = field(default=0, metadata={"help": "rows for training, 0 for all"})
    seed: int = field(default=42)


def main():
    args = HfArgumentParser(ScriptArguments).parse_args_into_dataclasses()[0]
    set_seed(args.seed)

    tokenizer = AutoTokenizer.from_pretrained(args.model_name)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForSequenceClassification.from_pretrained(args.model_name, num_labels=1)

    train_dataset = load_dataset(args.dataset_name, split="train")
    eval_dataset = load_dataset(args.dataset_name, split="test")
    if args.train_subset > 0:
        train_dataset = train_dataset.select(range(args.train_subset))

    def short_enough(row):
        return len(row["chosen"]) <= args.max_length and len(row["rejected"]) <= args.max_length

    train_dataset, eval_dataset = train_dataset.filter(short_enough), eval_dataset.filter(short_enough)
    print(f"train: {len(train_dataset)} pairs, eval: {len(eval_dataset)} pairs")

    peft_config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=args.lora_r,
        lora_alpha=args.lora_alpha,
        lora_dropout=args.lora_dropout,
        inference_mode=False,
    )
    training_args = RewardConfig(
        output_dir=args.output_dir,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        num_train_epochs=args.num_train_epochs,
        per_device_train_batch_size=args.per_device_train_batch_size,
        per_device_eval_batch_size=args.per_device_eval_batch_size,
        gradient_accumulation_steps=args.gradient_accumulation_steps,
        warmup_ratio=args.warmup_ratio,
        lr_scheduler_type=args.lr_scheduler_type,
        max_length=args.max_length,
        bf16=args.bf16,
        logging_steps=10,
        eval_strategy="steps",
        eval_steps=args.eval_steps,
        save_strategy="no",
        remove_unused_columns=False,
        report_to="none",
        seed=args.seed,
    )
    trainer = RewardTrainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    trainer.train()

    metrics = trainer.evaluate()
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)
    trainer.save_model(args.output_dir)
    print("Saved the reward model to", args.output_dir)


if __name__ == "__main__":
    main()
