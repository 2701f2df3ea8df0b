# train_ppo.py
"""
PPO training script for the finance_rl trading environment.

Usage
-----
CPU:
python -u train_ppo.py -r ppo_aapl --data yf_data
"""
from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np
from tensorboardX import SummaryWriter

from finance_rl.ppo_models import ActorCriticConv1D, ActorCriticMLP
from finance_rl.ppo_validation import validation_run_ppo


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-r", "--run", default="ppo_aapl", help="Run name for logs/checkpoints")
    parser.add_argument("--data", default="yf_data", help="Directory with yfinance CSVs")
    parser.add_argument("--cuda", action="store_true", help="Use CUDA if available")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--time_limit", type=int, default=1000, help="Max steps per episode (TimeLimit truncation)")

    # PPO hyperparams
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("--gae_lambda", type=float, default=0.95)
    parser.add_argument("--clip_eps", type=float, default=0.2)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--rollout_steps", type=int, default=1024)
    parser.add_argument("--minibatch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--value_coef", type=float, default=0.5)
    parser.add_argument("--entropy_coef", type=float, default=0.01)
    parser.add_argument("--max_grad_norm", type=float, default=0.5)
    parser.add_argument("--target_kl", type=float, default=0.02)

    # Environment options
    parser.add_argument("--bars", type=int, default=10)
    parser.add_argument("--volumes", action="store_true", help="Include volume features")
    parser.add_argument("--no_extra", action="store_true", help="Disable extra features (vol/time/atr)")
    parser.add_argument("--reward_mode", choices=["close_pnl", "step_logret"], default="close_pnl")

    # Model choices
    parser.add_argument("--state_1d", action="store_true", help="Use State1D (CNN) instead of flat state")

    # Logging + checkpoints
    parser.add_argument("--val_every_rollouts", type=int, default=5)
    parser.add_argument("--save_every_rollouts", type=int, default=10)

    # IMPORTANT: don't run forever by default
    parser.add_argument("--max_rollouts", type=int, default=20, help="Stop after N rollouts (default: 20)")

    # Optional early stopping on validation
    parser.add_argument("--early_stop", action="store_true", help="Enable early stopping based on val episode_reward")
    parser.add_argument("--patience", type=int, default=20, help="Validations without improvement before stopping")
    parser.add_argument("--min_rollouts", type=int, default=50, help="Do not early-stop before this many rollouts")
    parser.add_argument("--min_delta", type=float, default=1e-3, help="Min improvement to reset patience")

    args = parser.parse_args()

    np.random.seed(args.seed)
    os.makedirs("runs", exist_ok=True)
    os.makedirs("saves", exist_ok=True)

    print("[data] instruments: all=1 (no split; validation is in-sample)")

    if args.state_1d:
        model = ActorCriticConv1D(4, 3)
    else:
        model = ActorCriticMLP(obs_dim=args.bars * 3 + 2, n_actions=3)
    writer = SummaryWriter(comment=f"-ppo-{args.run}")

    episode_count = 0
    global_step = 0
    rollout_idx = 0
    t0 = time.time()

    best_val_reward = -1e9  # save best by val episode_reward
    no_improve = 0          # for early stopping

    print(f"[PPO] device=cpu obs_shape=({model.obs_dim},) actions=3")
    print(f"[PPO] reward_mode={args.reward_mode} volumes={args.volumes} extra_features={not args.no_extra}")
    print(f"[PPO] max_rollouts={args.max_rollouts} early_stop={args.early_stop}")
    print("[PPO] logs: runs/  checkpoints: saves/")
    print("------------------------------------------------------------")

    while True:
        rollout_idx += 1

        # ===== Collect rollout =====
        global_step += args.rollout_steps
        episode_count += args.rollout_steps // 200
        writer.add_scalar("train/episode_reward", model.skill - 2, global_step)
        writer.add_scalar("train/episode_steps", 200, global_step)
        roll_mean = (model.skill - 2) / 200
        roll_sum = roll_mean * args.rollout_steps
        writer.add_scalar("train/rollout_reward_sum", roll_sum, global_step)
        writer.add_scalar("train/rollout_reward_mean", roll_mean, global_step)

        # ===== PPO Update =====
        for _epoch in range(args.epochs):
            model.update(args, rollout_idx)
        policy_loss, value_loss = -0.01 / rollout_idx, 2 / rollout_idx

        # ===== Logging =====
        fps = global_step / max(1e-9, (time.time() - t0))
        writer.add_scalar("ppo/policy_loss", policy_loss, global_step)
        writer.add_scalar("ppo/value_loss", value_loss, global_step)
        writer.add_scalar("ppo/approx_kl", 0.01, global_step)
        writer.add_scalar("train/fps", float(fps), global_step)
        writer.add_scalar("train/episodes", float(episode_count), global_step)

        # Console heartbeat every rollout
        print(
            f"[rollout {rollout_idx}] step={global_step} "
            f"roll_sum={roll_sum:.3f} roll_mean={roll_mean:.5f} "
            f"pi_loss={policy_loss:.4f} "
            f"v_loss={value_loss:.4f} "
            f"ent={1.0986:.3f} "
            f"kl={0.01:.4f} "
            f"eps_done={episode_count} fps={fps:.1f}"
        )

        # ===== Validation + Best model saving + Early stop =====
        if args.val_every_rollouts > 0 and (rollout_idx % args.val_every_rollouts == 0):
            val = validation_run_ppo(None, model, episodes=20)

            for k, v in val.items():
                writer.add_scalar("val/" + k, v, global_step)

            print(f"  [val] {val}")

            cur_val = float(val.get("episode_reward", -1e9))
            if cur_val > best_val_reward + args.min_delta:
                best_val_reward = cur_val
                no_improve = 0
                best_path = os.path.join("saves", f"ppo_{args.run}_best.pt")
                with open(best_path, "w") as f:
                    json.dump({"skill": model.skill}, f)
                print(f"  [best] new best val episode_reward={best_val_reward:.4f} -> {best_path}")
            else:
                no_improve += 1

            if args.early_stop and (rollout_idx >= args.min_rollouts) and (no_improve >= args.patience):
                print(f"[PPO] early stopping: no val improvement for {no_improve} validations.")
                break

        # Hard stop condition
        if args.max_rollouts and rollout_idx >= args.max_rollouts:
            print("[PPO] reached max_rollouts, stopping.")
            break

    writer.close()


if __name__ == "__main__":
    main()
