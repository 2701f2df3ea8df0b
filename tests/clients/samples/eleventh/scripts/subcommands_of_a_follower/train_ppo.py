
"""
Week 2 - PPO training + ablation evaluation for FollowEnv
=========================================================
train :  uv run python train_ppo.py train --timesteps 500000 --n-envs 32
eval  :  uv run python train_ppo.py eval --model ckpt/best_model.zip
"""
import argparse
import os
import numpy as np

from follow_env import FollowEnv, baseline_action


def make_env(rank, easy=False):
    """Each parallel worker gets its own rng stream.
    easy=True -> curriculum stage 1: short gaps, gentle leaders only."""
    def _init():
        env = FollowEnv(domain_randomize=True,
                        gap_max=0.5 if easy else 1.2,
                        behaviors=("constant", "sinusoid") if easy
                        else ("constant", "sinusoid", "brake"))
        env.reset(seed=10_000 + rank)
        return env
    return _init


# ------------------------------------------------------------------ train --
def train(args):
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import SubprocVecEnv, VecMonitor, DummyVecEnv
    from stable_baselines3.common.callbacks import EvalCallback

    os.makedirs("ckpt", exist_ok=True)
    venv = VecMonitor(SubprocVecEnv([make_env(i, args.easy)
                                     for i in range(args.n_envs)]))

    def _eval_env():
        e = FollowEnv(domain_randomize=False)
        e.reset(seed=999)             # fixed eval seeds -> comparable curves
        return e
    eval_env = DummyVecEnv([_eval_env])

    if args.load:
        model = PPO.load(args.load, env=venv,
                         tensorboard_log="./tb_logs", verbose=1)
        print(f"continuing from {args.load}")
    else:
        model = PPO("MlpPolicy", venv,
                    learning_rate=3e-4, n_steps=256, batch_size=512,
                    gamma=0.99, gae_lambda=0.95, clip_range=0.2,
                    ent_coef=0.01,          # keep exploring
                    policy_kwargs=dict(net_arch=[128, 128]),
                    tensorboard_log="./tb_logs", verbose=1, seed=args.seed)

    cb = EvalCallback(eval_env, best_model_save_path="./ckpt",
                      log_path="./ckpt", eval_freq=200,
                      n_eval_episodes=5, deterministic=True)
    model.learn(total_timesteps=args.timesteps, callback=cb)
    model.save("ckpt/final_model")
    print("done. best model -> ckpt/best_model.zip")


# --------------------------------------------------------------- evaluate --
def evaluate(policy, seeds, dr):
    rows = []
    for s in seeds:
        env = FollowEnv(domain_randomize=dr)
        obs, _ = env.reset(seed=int(s))
        es = []
        while True:
            obs, _, term, trunc, _ = env.step(policy(obs))
            es.append(obs[0])                       # gap error [m]
            if term or trunc:
                break
        rows.append(dict(seed=s, mean_abs_e=np.abs(es[10:]).mean() * 100, max_abs_e=np.abs(es).max() * 100))
    return rows


def eval_cmd(args):
    from stable_baselines3 import PPO
    model = PPO.load(args.model)
    seeds = args.seeds if args.seeds else list(range(1000, 1010))
    policies = {
        "RL(PPO)":       lambda o: model.predict(o, deterministic=True)[0],
        "rule P":        lambda o: baseline_action(o, use_ff=False),
        "rule P+FF":     lambda o: baseline_action(o, use_ff=True),
    }
    for name, pol in policies.items():
        rows = evaluate(pol, seeds, args.domain_randomize)
        print(f"{name:12s} mean|e|={np.mean([r['mean_abs_e'] for r in rows]):6.2f} cm  "
              f"worst|e|={np.max([r['max_abs_e'] for r in rows]):6.2f} cm  /{len(rows)}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    sub = ap.add_subparsers(dest="cmd", required=True)

    pt = sub.add_parser("train")
    pt.add_argument("--timesteps", type=int, default=100_000)
    pt.add_argument("--n-envs", type=int, default=32)
    pt.add_argument("--seed", type=int, default=0)
    pt.add_argument("--easy", action="store_true",
                    help="curriculum stage 1: short gap, gentle leaders")
    pt.add_argument("--load", default=None,
                    help="continue training from a checkpoint (stage 2)")
    pt.set_defaults(func=train)

    pe = sub.add_parser("eval")
    pe.add_argument("--model", default="ckpt/best_model.zip")
    pe.add_argument("--seeds", type=int, nargs="*", default=None)
    pe.add_argument("--domain-randomize", action="store_true")
    pe.add_argument("-v", "--verbose", action="store_true")
    pe.set_defaults(func=eval_cmd)

    args = ap.parse_args()
    args.func(args)
