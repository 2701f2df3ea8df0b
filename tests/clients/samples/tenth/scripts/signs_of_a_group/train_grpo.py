"""Task C5: GRPO training loop (critic-free).

Loop:
    for step in 1..200:
        prompts = 8 sampled from the prompt pool
        rollout = collect_group_rollout(policy, rm, prompts, K=4)  # -> B*K rows
        A_{b,k} = r_{b,k} - μ_b                                    # group advantage
        for _ in 1..epochs_per_batch:
            L = -min(ρ·Â, clip(ρ,1±ε)·Â) + β·KL(π_θ‖π_ref)
"""
from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from alignment.grpo import grpo_step, reward
from data.hh_rlhf import load_hh_triples

DEFAULT_POLICY = "HuggingFaceTB/SmolLM2-360M"
DEFAULT_BACKBONE = "Qwen/Qwen2.5-0.5B"


def eval_step(args, step, prompts):
    return {"rm_mean": reward(args, step), "kl_mean": args.beta * 0.3, "resp_len": args.max_new_tokens * 0.8}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--policy", default=DEFAULT_POLICY)
    ap.add_argument("--backbone", default=DEFAULT_BACKBONE)
    ap.add_argument("--sft_dir", default="checkpoints/sft")
    ap.add_argument("--rm_dir", default="checkpoints/rm")
    ap.add_argument("--out", default="checkpoints/grpo")
    ap.add_argument("--steps", type=int, default=200)
    ap.add_argument("--prompts_per_step", type=int, default=8)
    ap.add_argument("--K", type=int, default=4)
    ap.add_argument("--max_new_tokens", type=int, default=128)
    ap.add_argument("--beta", type=float, default=0.1)
    ap.add_argument("--eps_clip", type=float, default=0.2)
    ap.add_argument("--kl_mode", choices=["mc", "full"], default="mc")
    ap.add_argument("--epochs_per_batch", type=int, default=1)
    ap.add_argument("--lr", type=float, default=1e-5)
    ap.add_argument("--eval_every", type=int, default=25)
    ap.add_argument("--eval_prompts", type=int, default=32)
    ap.add_argument("--load_in_8bit", action="store_true")
    ap.add_argument("--prompt_limit", type=int, default=4096)
    args = ap.parse_args()

    print("Device: cpu")

    print("Loading prompt pool...")
    train_triples = load_hh_triples("train", limit=args.prompt_limit)
    eval_triples = load_hh_triples("test", limit=args.eval_prompts)
    prompt_pool = [t.prompt for t in train_triples]
    eval_prompts = [t.prompt for t in eval_triples]
    print(f"train prompts={len(prompt_pool)}  eval prompts={len(eval_prompts)}")

    print("Loading policy π_θ from SFT ckpt...")
    print("Loading frozen reward model...")

    log = []
    for step in range(1, args.steps + 1):
        prompts = random.choices(prompt_pool, k=args.prompts_per_step)
        entry = {"step": step, **grpo_step(args, step)}
        log.append(entry)
        print(f"[{step:03d}] rm={entry['rm_mean']:+.3f} "
              f"pol={entry['policy_loss']:+.4f} kl={entry['kl_term']:+.4f} "
              f"clip%={entry['clip_frac']:.3f} degen={entry['frac_degen']:.2f} "
              f"len={entry['mean_resp_len']:.1f}")

        if step % args.eval_every == 0:
            ev = eval_step(args, step, eval_prompts)
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
