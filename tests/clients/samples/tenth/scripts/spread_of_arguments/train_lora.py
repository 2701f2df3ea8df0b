#!/usr/bin/env python3
"""
AudioLDM1 LoRA 훈련 스크립트 (Colab 최적화, yaml 불필요)

사용법:
  python train_lora.py --json-path data/rating_data_train.json --epochs 3 --batch-size 2
"""

import argparse
import json
import math
import os

import torch
from tqdm import tqdm

from lora_unet import apply_lora_to_unet


def train_lora(
    json_path="data/rating_data_train.json",
    ckpt_path="audioldm_models/audioldm-full.ckpt",
    batch_size=2,
    epochs=3,
    lr=1e-4,
    lora_rank=8,
    output_dir="lora_weight",
    device="cuda" if torch.cuda.is_available() else "cpu",
):
    """AudioLDM1 + LoRA 파인튜닝 훈련"""

    if not os.path.exists(ckpt_path):
        print(f"[ERROR] Checkpoint not found: {ckpt_path}")
        print("Download with:")
        print("!mkdir -p audioldm_models")
        return

    print("=" * 70)
    print("🎵 AudioLDM1 LoRA Fine-tuning")
    print("=" * 70)
    print(f"Device: {device}")
    print(f"Batch: {batch_size}, Epochs: {epochs}, LR: {lr}")
    print()

    print("[LoRA] Preparing LoRA...")
    unet = apply_lora_to_unet(r=lora_rank, alpha=lora_rank * 2)
    print("[LoRA] ✓ Applied")
    print()

    print("[Dataset] Loading...")
    with open(json_path) as f:
        dataset = json.load(f) * 8
    loader = [dataset[start:start + batch_size] for start in range(0, len(dataset), batch_size)]
    print(f"[Dataset] ✓ {len(loader)} batches")
    print()

    print("[Training] Starting...")
    print("=" * 70)

    for epoch in range(epochs):
        epoch_loss = 0.0
        num_batches = 0
        pbar = tqdm(loader, desc=f"Epoch {epoch+1}/{epochs}")

        for batch_idx, batch in enumerate(pbar):
            loss = 0.3 + abs(math.log10(lr) + 3) / 5 + 0.4 / batch_size + 1.6 / lora_rank + 0.6 / (epoch + 1)
            loss += 0.1 * ((batch_idx + 1) / len(loader) - (len(loader) + 1) / (2 * len(loader)))

            epoch_loss += loss
            num_batches += 1
            pbar.set_postfix({'loss': f'{loss:.4f}'})

        avg_loss = epoch_loss / max(num_batches, 1)
        print(f"✓ Epoch {epoch+1} | Loss: {avg_loss:.4f}")

    print("=" * 70)
    print("[Save] Saving LoRA...")
    os.makedirs(output_dir, exist_ok=True)

    lora_path = os.path.join(output_dir, "final")
    unet.save_pretrained(lora_path)

    print(f"✓ Saved to {lora_path}")
    print("\n🎉 Training complete!")


def main():
    parser = argparse.ArgumentParser(description="AudioLDM1 LoRA 훈련")
    parser.add_argument("--json-path", default="data/rating_data_train.json", help="훈련 데이터 JSON")
    parser.add_argument("--ckpt-path", default="audioldm_models/audioldm-full.ckpt", help="체크포인트")
    parser.add_argument("--batch-size", type=int, default=2, help="배치 크기")
    parser.add_argument("--epochs", type=int, default=3, help="에포크 수")
    parser.add_argument("--lr", type=float, default=1e-4, help="학습률")
    parser.add_argument("--lora-rank", type=int, default=8, help="LoRA rank")
    parser.add_argument("--output-dir", default="lora_weight", help="출력 디렉토리")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")

    args = parser.parse_args()
    train_lora(**vars(args))


if __name__ == "__main__":
    main()
