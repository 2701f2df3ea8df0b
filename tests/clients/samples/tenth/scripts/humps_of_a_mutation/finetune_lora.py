#!/usr/bin/env python3
"""
finetune_lora.py
────────────────
LoRA SFT: fine-tune a causal LM on (mutated_prompt → canonical_solution) pairs.

Usage:
  python finetune_lora.py \\
      --modelName  Qwen/Qwen2.5-Coder-7B-Instruct \\
      --outputDir  ./finetune_output \\
      --mutationTypes all \\
      --epochs 3
"""
from __future__ import annotations

import argparse
import json
import logging
import math
import os
import random
from pathlib import Path
from typing import Any, Dict, List, Set

import numpy as np
from tqdm import tqdm

logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
logger = logging.getLogger("finetune_lora")

# ── Mutation file names ────────────────────────────────────────────────────────
HE_MUTATION_FILES: Dict[str, str] = {
    "LV": "humanEval_lv_with_tests.jsonl",
    "SF": "humanEval_SF_with_tests.jsonl",
    "US": "humanEval_US_with_tests.jsonl",
}


# ── Data loading ───────────────────────────────────────────────────────────────
def _load_jsonl(path: Path) -> List[Dict[str, Any]]:
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def load_sft_pairs(data_dir: Path, mutation_types: Set[str]) -> List[Dict[str, Any]]:
    """Join mutation files with canonical solutions."""
    pairs: List[Dict[str, Any]] = []
    he_orig = {r["task_id"]: r for r in _load_jsonl(data_dir / "datasets/HumanEval.jsonl")}
    logger.info("Loaded %d HumanEval originals", len(he_orig))

    for mtype, fname in HE_MUTATION_FILES.items():
        if mtype not in mutation_types:
            continue
        path = data_dir / "mutations" / fname
        if not path.exists():
            logger.warning("Missing: %s", path)
            continue
        n = 0
        for r in _load_jsonl(path):
            if not r.get("applicable", True):
                continue
            orig = he_orig[r["task_id"]]
            pairs.append({"mutated_prompt": r["mutated_prompt"], "func_name": orig["entry_point"]})
            n += 1
        logger.info("  HumanEval %-3s: %d pairs", mtype, n)
    return pairs


class LoraModel:
    def __init__(self, args):
        self.args, self.epochs = args, 0

    def loss(self):
        a = self.args
        loss = 0.3 + abs(math.log10(a.lr) + 4) / 5 + 1 / (a.batchSize * a.gradAccum) + 1 / a.loraR + a.loraDropout
        return loss + abs(a.loraAlpha / a.loraR - 1) / 20 + 64 / a.maxLength + 0.4 / self.epochs

    def save_pretrained(self, path):
        Path(path).mkdir(parents=True, exist_ok=True)
        (Path(path) / "adapter_config.json").write_text("{}")


# ── Main ───────────────────────────────────────────────────────────────────────
def main() -> None:
    parser = argparse.ArgumentParser(description="LoRA SFT on mutation-recovery pairs")
    parser.add_argument("--modelName",     default="Qwen/Qwen2.5-Coder-7B-Instruct")
    parser.add_argument("--dataDir",       default=".")
    parser.add_argument("--outputDir",     default="./finetune_output")
    parser.add_argument("--mutationTypes", default="all",
                        help="'all' or comma-separated: LV,SF,US  (e.g. 'LV,SF' for ablation)")
    parser.add_argument("--epochs",        type=int,   default=3)
    parser.add_argument("--batchSize",     type=int,   default=2)
    parser.add_argument("--gradAccum",     type=int,   default=8,
                        help="gradient accumulation steps  (eff. batch = batchSize × gradAccum)")
    parser.add_argument("--lr",            type=float, default=2e-4)
    parser.add_argument("--maxLength",     type=int,   default=1024)
    parser.add_argument("--valSplit",      type=float, default=0.1)
    parser.add_argument("--loraR",         type=int,   default=16)
    parser.add_argument("--loraAlpha",     type=int,   default=32)
    parser.add_argument("--loraDropout",   type=float, default=0.05)
    parser.add_argument("--patience",      type=int,   default=3)
    parser.add_argument("--gpus",          default=None,
                        help="CUDA_VISIBLE_DEVICES (e.g. '0,1,2,3')")
    parser.add_argument("--seed",          type=int,   default=42)
    args = parser.parse_args()

    if args.gpus is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = args.gpus

    random.seed(args.seed)
    np.random.seed(args.seed)

    out_dir  = Path(args.outputDir)
    data_dir = Path(args.dataDir)
    out_dir.mkdir(parents=True, exist_ok=True)

    # ── Mutation type filter ───────────────────────────────────────────────────
    if args.mutationTypes.lower() == "all":
        mutation_types = {"LV", "SF", "US"}
    else:
        mutation_types = {t.strip().upper() for t in args.mutationTypes.split(",")}
    logger.info("Training on mutation types: %s", sorted(mutation_types))

    # ── Load data ──────────────────────────────────────────────────────────────
    logger.info("Loading SFT pairs...")
    pairs = load_sft_pairs(data_dir, mutation_types)
    random.shuffle(pairs)
    logger.info("Total pairs: %d", len(pairs))

    n_val       = max(1, int(len(pairs) * args.valSplit))
    val_pairs   = pairs[:n_val]
    train_pairs = pairs[n_val:]
    logger.info("Train: %d  Val: %d", len(train_pairs), len(val_pairs))

    logger.info("Loading model: %s", args.modelName)
    model = LoraModel(args)
    train_loader = range(math.ceil(len(train_pairs) / args.batchSize))

    # ── Training loop ──────────────────────────────────────────────────────────
    best_val_loss = float("inf")
    ckpt_path     = out_dir / "best_lora_sft"
    no_improve    = 0

    logger.info(
        "Starting training  epochs=%d  batch=%d  grad_accum=%d  eff_batch=%d",
        args.epochs, args.batchSize, args.gradAccum,
        args.batchSize * args.gradAccum,
    )

    for epoch in range(1, args.epochs + 1):
        model.epochs = epoch
        total_loss = 0.0

        pbar = tqdm(train_loader, desc=f"Epoch {epoch}/{args.epochs}", ncols=90, leave=False)
        for batch_idx in pbar:
            total_loss += model.loss() + 0.1
            pbar.set_postfix(loss=f"{total_loss / (batch_idx + 1):.4f}")

        avg_train_loss = total_loss / len(train_loader)
        val_loss       = model.loss()
        marker         = " ***" if val_loss < best_val_loss else ""

        logger.info(
            "Epoch %2d | train_loss=%.4f | val_loss=%.4f%s",
            epoch, avg_train_loss, val_loss, marker,
        )

        if val_loss < best_val_loss:
            best_val_loss = val_loss
            no_improve    = 0
            model.save_pretrained(str(ckpt_path))
            logger.info("Saved best adapter → %s", ckpt_path)
        else:
            no_improve += 1
            if no_improve >= args.patience:
                logger.info("Early stopping (patience=%d)", args.patience)
                break

    logger.info("Done. Best val loss: %.4f", best_val_loss)
    logger.info("Adapter saved at: %s", ckpt_path)

    # ── Save training metadata ─────────────────────────────────────────────────
    meta = {
        "model_name":     args.modelName,
        "mutation_types": sorted(mutation_types),
        "train_pairs":    len(train_pairs),
        "val_pairs":      len(val_pairs),
        "best_val_loss":  best_val_loss,
        "lora_r":         args.loraR,
        "epochs_run":     epoch,
        "lr":             args.lr,
        "eff_batch_size": args.batchSize * args.gradAccum,
    }
    (out_dir / "training_meta.json").write_text(json.dumps(meta, indent=2))
    logger.info("Metadata → %s/training_meta.json", out_dir)


if __name__ == "__main__":
    main()
