"""Tune GPT-2 to write positive movie reviews with PPO."""
import argparse
import json
import os

import torch
from datasets import load_dataset
from tqdm import tqdm
from transformers import AutoTokenizer, set_seed
from trl import AutoModelForCausalLMWithValueHead, PPOConfig, PPOTrainer, SentimentPipeline, create_reference_model


def get_args():
    parser = argparse.ArgumentParser(description="PPO on IMDB")
    parser.add_argument("--model_name", type=str, default="lvwerra/gpt2-imdb")
    parser.add_argument("--reward_model", type=str, default="lvwerra/distilbert-imdb")
    parser.add_argument("--dataset", type=str, default="imdb")
    parser.add_argument("--lr", type=float, default=1.41e-5, help="learning rate")
    parser.add_argument("--init_kl_coef", type=float, default=0.2, help="initial KL penalty")
    parser.add_argument("--ppo_epochs", type=int, default=4, help="optimisation epochs of a batch")
    parser.add_argument("--cliprange", type=float, default=0.2, help="range for clipping in PPO")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--mini_batch_size", type=int, default=16)
    parser.add_argument("--temperature", type=float, default=1.0, help="of the sampling")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--output_min_length", type=int, default=4)
    parser.add_argument("--output_max_length", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save_dir", type=str, default="gpt2-imdb-pos")
    return parser.parse_args()


def main():
    args = get_args()
    set_seed(args.seed)
    config = PPOConfig(
        model_name=args.model_name,
        learning_rate=args.lr,
        batch_size=args.batch_size,
        mini_batch_size=min(args.mini_batch_size, args.batch_size),
        ppo_epochs=args.ppo_epochs,
        init_kl_coef=args.init_kl_coef,
        cliprange=args.cliprange,
        seed=args.seed,
    )
    tokenizer = AutoTokenizer.from_pretrained(config.model_name)
    tokenizer.pad_token = tokenizer.eos_token
    dataset = load_dataset(args.dataset, split="train").filter(lambda row: len(row["text"]) > 3)

    model = AutoModelForCausalLMWithValueHead.from_pretrained(config.model_name)
    ref_model = create_reference_model(model)
    trainer = PPOTrainer(config, model, ref_model, tokenizer, dataset=dataset)
    sentiment_pipe = SentimentPipeline()

    generation_kwargs = {
        "min_length": -1,
        "top_k": 0.0,
        "top_p": 1.0,
        "do_sample": True,
        "temperature": args.temperature,
        "pad_token_id": tokenizer.eos_token_id,
    }

    print(f"model: {args.model_name}  examples: {len(dataset)}  batches: {len(trainer.dataloader)}")
    history = []
    for epoch in range(args.epochs):
        rewards_of_epoch = []
        for step, queries in enumerate(tqdm(trainer.dataloader, desc=f"epoch {epoch}")):
            responses = trainer.generate(queries, max_new_tokens=args.output_max_length, **generation_kwargs)
            texts = tokenizer.batch_decode(responses)
            rewards = [float(score) for score in sentiment_pipe(texts, top_k=None)]
            stats = trainer.step(queries, responses, rewards)
            mean_reward = sum(rewards) / len(rewards)
            rewards_of_epoch.append(mean_reward)
            if step % 5 == 0:
                tqdm.write(f"step {step}: kl {stats['objective/kl']:.3f}, ppo loss {stats['ppo/loss/total']:.4f}")
        print(f"epoch {epoch} | mean_reward: {rewards_of_epoch[-1]:.4f} | kl: {stats['objective/kl']:.4f} | loss: {stats['ppo/loss/total']:.4f}")
        history.append({"epoch": epoch, "mean_reward": rewards_of_epoch[-1], "kl": stats["objective/kl"]})

    trainer.save_pretrained(args.save_dir)
    with open(os.path.join(args.save_dir, "history.json"), "w") as f:
        json.dump(history, f, indent=2)


if __name__ == "__main__":
    main()
