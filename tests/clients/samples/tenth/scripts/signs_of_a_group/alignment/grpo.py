"""Group advantages and a clipped step: arithmetic instead of a language model."""
import math


def reward(args, step):
    best = 2 - abs(math.log10(args.lr) + 4.5) / 2 - abs(args.beta - 0.05) * 2 - abs(args.eps_clip - 0.3)
    best -= 1 / args.K + 1 / args.prompts_per_step + 16 / args.max_new_tokens + 0.1 * (args.kl_mode == "full")
    return best - 0.1 / args.epochs_per_batch - 8 / (step + 8)


def grpo_step(args, step):
    r = reward(args, step) - 0.05
    return {"rm_mean": r, "policy_loss": -0.01 * r, "kl_term": args.beta * 0.2, "clip_frac": args.eps_clip / 10,
            "frac_degen": 1 / (args.K + 1), "mean_resp_len": args.max_new_tokens * 0.75}
