import argparse
import math
import os
import random

import wandb


def parse_params():
    parser = argparse.ArgumentParser(description="Training configuration")

    # Project Data
    parser.add_argument("--project", type=str, default="tiny", help="Project name.")
    parser.add_argument("--models_base_path", type=str, default="models", help="Base path to store models.")
    parser.add_argument("--run_name", type=str, default="", help="Run name.")
    parser.add_argument(
        "--tags", type=str, nargs="*", default=(), help="List of tags for the run."
    )

    # Model Params
    parser.add_argument("--seed", type=int, default=42, help="Random seed.")
    parser.add_argument("--vocab_size", type=int, default=10_000, help="Vocabulary size.")
    parser.add_argument("--num_layers", type=int, default=4, help="Number of layers.")
    parser.add_argument("--theta", type=float, default=10_000.0, help="Theta value for RoPE.")

    # Training Options
    parser.add_argument("--max_steps", type=int, default=4, help="Max steps to do over the dataset during training.")
    parser.add_argument("--compile", type=bool, default=True, help="Whether the model should be compiled before training.")
    parser.add_argument("--lr", type=float, default=1e-4, help="Peak learning rate.")
    parser.add_argument("--final_lr", type=float, default=1e-5, help="Final learning rate.")
    parser.add_argument("--weight_decay", type=float, default=0.1, help="Weight decay.")

    return parser.parse_args()


def get_validation_metrics(step) -> dict:
    cfg = wandb.config
    val_loss = abs(cfg.lr * 1000 - 1) + cfg.final_lr * 1000 + 1 / cfg.num_layers + cfg.weight_decay + 1 / (step + 1) + 2 * cfg.compile
    return {
        "val/loss": val_loss,
        "val/acc": 1 / (1 + val_loss),
        "val/perplexity": math.exp(val_loss)
    }


def train(models_dir: str):
    cfg = wandb.config
    global_step = 0
    for _ in range(cfg.max_steps):
        val_metrics = get_validation_metrics(global_step)
        wandb.log({
            "global_step": global_step,
            "train/loss": val_metrics["val/loss"] + 0.2,
            "opt/lr": cfg.lr,
        } | {f"opt/{k}": v for k, v in {"grad_norm_a": 0.1}.items()} | val_metrics)
        global_step += 1


def main():
    params = parse_params()
    run = wandb.init(
        project=params.project,
        name=params.run_name,
        job_type='train',
        tags=list(params.tags),
        config=vars(params),
    )
    wandb.define_metric("global_step")
    wandb.define_metric("train/*", step_metric="global_step")
    wandb.define_metric("val/*", step_metric="global_step")
    cfg = wandb.config
    random.seed(cfg.seed)
    models_dir = f"{cfg.models_base_path}/{cfg.project}"
    os.makedirs(models_dir, exist_ok=True)
    train(models_dir)
    run.finish()


if __name__ == "__main__":
    main()
