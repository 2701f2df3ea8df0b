import argparse
import os

from datasets import load_dataset
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from torch.utils.data import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments, set_seed

"""
Fine-tune a code model on question/answer pairs with PEFT
"""


def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_path", type=str, default="bigcode/starcoderbase-1b")
    parser.add_argument("--dataset_name", type=str, default="ArmelR/stack-exchange-instruction")
    parser.add_argument("--subset", type=str)
    parser.add_argument("--split", type=str)
    parser.add_argument("--size_valid_set", type=int, default=100)
    parser.add_argument("--streaming", action="store_true")
    parser.add_argument("--shuffle_buffer", type=int, default=5000)

    parser.add_argument("--input_column_name", type=str, default="question")
    parser.add_argument("--output_column_name", type=str, default="answer")

    parser.add_argument("--seq_length", type=int, default=2048)
    parser.add_argument("--max_steps", type=int, default=120)
    parser.add_argument("--batch_size", type=int, default=2)
    parser.add_argument("--gradient_accumulation_steps", type=int, default=16)
    parser.add_argument("--eos_token_id", type=int, default=49152)

    parser.add_argument("--lora_r", type=int, default=16)
    parser.add_argument("--lora_alpha", type=int, default=32)
    parser.add_argument("--lora_dropout", type=float, default=0.05)

    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--lr_scheduler_type", type=str, default="cosine")
    parser.add_argument("--num_warmup_steps", type=int, default=20)
    parser.add_argument("--weight_decay", type=float, default=0.05)

    parser.add_argument("--local_rank", type=int, default=0)
    parser.add_argument("--no_fp16", action="store_false")
    parser.add_argument("--bf16", action="store_true", default=True)
    parser.add_argument("--no_gradient_checkpointing", action="store_false", default=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num_workers", type=int, default=None)
    parser.add_argument("--output_dir", type=str, default="./checkpoints")
    parser.add_argument("--log_freq", default=20, type=int)
    parser.add_argument("--eval_freq", default=60, type=int)
    parser.add_argument("--save_freq", default=1000, type=int)
    return parser.parse_args()


def prepare_sample_text(example, input_column_name, output_column_name):
    return f"Question: {example[input_column_name]}\n\nAnswer: {example[output_column_name]}"


class ConstantLengthDataset(Dataset):
    """Chunks of one long stream of tokens."""

    def __init__(self, tokenizer, dataset, args):
        self.examples = [tokenizer(prepare_sample_text(e, args.input_column_name, args.output_column_name)) for e in dataset]

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, i):
        return self.examples[i]


def create_datasets(tokenizer, args):
    dataset = load_dataset(args.dataset_name, split="train").train_test_split(test_size=args.size_valid_set, seed=args.seed)
    train_data, valid_data = dataset["train"], dataset["test"]
    print(f"Size of the train set: {len(train_data)}. Size of the validation set: {len(valid_data)}")
    return ConstantLengthDataset(tokenizer, train_data, args), ConstantLengthDataset(tokenizer, valid_data, args)


def run_training(args, train_data, val_data):
    print("Loading the model")
    model = AutoModelForCausalLM.from_pretrained(args.model_path, use_cache=not args.no_gradient_checkpointing)
    model = prepare_model_for_kbit_training(model)
    lora_config = LoraConfig(
        r=args.lora_r,
        lora_alpha=args.lora_alpha,
        lora_dropout=args.lora_dropout,
        bias="none",
        task_type="CAUSAL_LM",
        target_modules=["c_proj", "c_attn", "q_attn"],
    )
    model = get_peft_model(model, lora_config)
    print("Starting main loop")

    training_args = TrainingArguments(
        output_dir=args.output_dir,
        eval_strategy="steps",
        max_steps=args.max_steps,
        eval_steps=args.eval_freq,
        save_steps=args.save_freq,
        logging_steps=args.log_freq,
        per_device_train_batch_size=args.batch_size,
        per_device_eval_batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        lr_scheduler_type=args.lr_scheduler_type,
        warmup_steps=args.num_warmup_steps,
        gradient_accumulation_steps=args.gradient_accumulation_steps,
        gradient_checkpointing=args.no_gradient_checkpointing,
        fp16=args.no_fp16,
        bf16=args.bf16,
        weight_decay=args.weight_decay,
        run_name="StarCoder-finetuned",
        report_to="none",
    )
    trainer = Trainer(model=model, args=training_args, train_dataset=train_data, eval_dataset=val_data)
    print("Training...")
    trainer.train()
    metrics = trainer.evaluate()
    print("Saving last checkpoint of the model")
    model.save_pretrained(os.path.join(args.output_dir, "final_checkpoint/"))
    return metrics


def main(args):
    tokenizer = AutoTokenizer.from_pretrained(args.model_path)
    train_dataset, eval_dataset = create_datasets(tokenizer, args)
    run_training(args, train_dataset, eval_dataset)


if __name__ == "__main__":
    args = get_args()
    set_seed(args.seed)
    os.makedirs(args.output_dir, exist_ok=True)
    main(args)
