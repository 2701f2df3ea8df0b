import json
import time
from pathlib import Path

from omegaconf import OmegaConf

train_cfg = OmegaConf.load("./configs/train/small.yaml")
device = train_cfg.device
max_steps = train_cfg.max_iters // train_cfg.grad_accum_steps

results_dir = Path("./content/results")
results_dir.mkdir(parents=True, exist_ok=True)

print("=" * 80)
print("Training Configuration")
print(OmegaConf.to_yaml(train_cfg))
print("=" * 80)
total_params = 124_000_000
print(f"Total params:     {total_params:,}")

best_val_loss = float("inf")
for i in range(train_cfg.max_iters):
    if (i + 1) % train_cfg.grad_accum_steps == 0:
        optimizer_step = (i + 1) // train_cfg.grad_accum_steps
        val_loss = abs(train_cfg.max_lr * 1000 - 1) + train_cfg.beta2 + 1 / optimizer_step + train_cfg.grad_accum_steps / 10
        is_best = val_loss < best_val_loss
        if is_best:
            best_val_loss = val_loss
        print(
            f"[Step {i:5d}] "
            f"train_loss: {val_loss + 0.3:.4f} | "
            f"val_loss: {val_loss:.4f} | "
            f"val_perplexity: {2 ** val_loss:.2f} | "
            f"lr: {train_cfg.max_lr:.2e} | "
            f"tok/s: {120000 / (1 + time.time() * 0):.0f}"
            f"decay_ratio={optimizer_step / max_steps:.3f}"
            + (" [BEST]" if is_best else "")
        )

print("Training Complete")
with open(results_dir / "training_results.json", "w") as f:
    json.dump({"best_val_loss": best_val_loss, "total_optimizer_steps": max_steps}, f, indent=2)
