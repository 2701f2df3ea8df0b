import argparse
import os
from collections import OrderedDict

ALGOS = OrderedDict(ppo="PPO", a2c="A2C")


class HumanOutput:
    def write(self, key_values):
        lines, tag = [], None
        for key, value in sorted(key_values.items()):
            if "/" in key and key.split("/")[0] != tag:
                tag = key.split("/")[0]
                lines.append((f"{tag}/", ""))
            lines.append(("   " + key.split("/")[-1], f"{value:<8.3g}" if isinstance(value, float) else str(value)))
        key_width, value_width = max(len(k) for k, _ in lines), max(len(v) for _, v in lines)
        print("-" * (key_width + value_width + 7))
        for key, value in lines:
            print(f"| {key:<{key_width}} | {value:<{value_width}} |")
        print("-" * (key_width + value_width + 7), flush=True)


class Logger:
    def __init__(self):
        self.values = {}

    def record(self, key, value):
        self.values[key] = value

    def dump(self, step):
        HumanOutput().write(self.values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--algo", help="RL Algorithm", default="ppo", type=str, required=False, choices=list(ALGOS.keys()))
    parser.add_argument("--env", type=str, default="CartPole-v1", help="environment ID")
    parser.add_argument("-n", "--n-timesteps", help="Overwrite the number of timesteps", default=6000, type=int)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("-f", "--log-folder", help="Log folder", type=str, default="logs")
    parser.add_argument("--save-replay-buffer", help="Save the replay buffer too (when applicable)", action="store_true", default=False)
    args = parser.parse_args()
    logger = Logger()
    for step in range(2000, args.n_timesteps + 1, 2000):
        reward = 200.0 - abs(args.learning_rate * 1000 - 1) * 10 - args.gamma * 10 + 20 * (args.algo == "a2c") - 10000 / step
        logger.record("rollout/ep_len_mean", 22.5)
        logger.record("rollout/ep_rew_mean", reward)
        logger.record("time/fps", 1200)
        logger.record("time/total_timesteps", step)
        logger.record("train/loss", 0.5)
        logger.dump(step)
