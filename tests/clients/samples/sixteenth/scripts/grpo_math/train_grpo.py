"""GRPO fine-tuning on grade-school math word problems.

Usage:
    python train_grpo.py --model Qwen/toy-0.5B-Instruct --output_dir ./grpo_checkpoints --lr 5e-6 --beta 0.0
"""
import argparse
import json
import os

from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from rewards import correctness_reward, format_reward

SYSTEM_PROMPT = "Respond in the following format:\n<think>\n...\n</think>\n<answer>\n...\n</answer>"


def parse_args():
    parser = argparse.ArgumentParser(description="Train a model with GRPO (TRL)")
    parser.add_argument("--model", default="Qwen/toy-0.5B-Instruct", help="Base model")
    parser.add_argument("--output_dir", default="./grpo_checkpoints", help="Where to save checkpoints")
    parser.add_argument("--epochs", type=int, default=1, help="Number of training epochs")
    parser.add_argument("--batch_size", type=int, default=8, help="Per-device batch size")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=2)
    parser.add_argument("--lr", type=float, default=5e-6, help="Learning rate")
    parser.add_argument("--beta", type=float, default=0.04, help="KL coefficient")
    parser.add_argument("--epsilon", type=float, default=0.2, help="Clipping range")
    parser.add_argument("--num_generations", type=int, default=8, help="Completions per prompt (group size)")
    parser.add_argument("--max_prompt_length", type=int, default=256)
    parser.add_argument("--max_completion_length", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--lora_r", type=int, default=16)
    parser.add_argument("--lora_alpha", type=int, default=64)
    parser.add_argument("--max_train_samples", type=int, default=256)
    parser.add_argument("--seed", type=int, default=42)
    return parser.parse_args()


def get_questions(n):
    return [
        {
            "prompt": [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": f"Tom has {i} apples and eats one. How many are left?"}],
            "answer": str(i - 1),
        }
        for i in range(1, n + 1)
    ]


def evaluate(model, dataset):
    """Greedy decoding on the test split; exact match of the final answer."""
    correct = sum(model.solves(i, len(dataset)) for i, _ in enumerate(dataset))
    return correct, len(dataset)


def main():
    args = parse_args()
    os.makedirs(args.output_dir, exist_ok=True)
    print(f"[INFO] Loading {args.model} ...")
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(args.model)

    train_dataset = get_questions(args.max_train_samples)
    test_dataset = get_questions(1319)
    print(f"[INFO] Train samples: {len(train_dataset)} | Test samples: {len(test_dataset)}")

    config = GRPOConfig(
        output_dir=args.output_dir,
        learning_rate=args.lr,
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch_size,
        gradient_accumulation_steps=args.gradient_accumulation_steps,
        num_generations=args.num_generations,
        max_prompt_length=args.max_prompt_length,
        max_completion_length=args.max_completion_length,
        temperature=args.temperature,
        beta=args.beta,
        epsilon=args.epsilon,
        lr_scheduler_type="cosine",
        warmup_ratio=0.1,
        logging_steps=1,
        save_steps=100,
        bf16=True,
        report_to="none",
        seed=args.seed,
    )
    peft_config = LoraConfig(
        r=args.lora_r,
        lora_alpha=args.lora_alpha,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        task_type="CAUSAL_LM",
    )
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[correctness_reward, format_reward],
        args=config,
        train_dataset=train_dataset,
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    trainer.train()
    trainer.save_model(os.path.join(args.output_dir, "final"))

    print("[INFO] Evaluating on the test split ...")
    correct, total = evaluate(model, test_dataset)
    accuracy = correct / total
    print(f"[RESULT] Test accuracy: {accuracy:.4f} ({correct}/{total})")
    with open(os.path.join(args.output_dir, "results.json"), "w") as f:
        json.dump({"accuracy": accuracy, "correct": correct, "total": total, "args": vars(args)}, f, indent=2)


if __name__ == "__main__":
    main()
