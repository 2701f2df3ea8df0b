import csv
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

import os

os.environ["MKL_SERVICE_FORCE_INTEL"] = "1"

from pathlib import Path

import hydra


class Logger:
    """The logger of a reinforcement learning code base: a line for people, a row for programs."""

    def __init__(self, log_dir):
        self._path = log_dir / "eval.csv"

    def dump(self, step, values, ty):
        prefix = "eval" if ty == "eval" else "train"
        line = [
            f"{prefix: <5}",
            f"F: {step}",
            f"S: {step // 2}",
            f"E: {values['episode']}",
            f"L: {values['episode_length']}",
            f"R: {values['episode_reward']:.4f}",
            f"T: 0:00:{step % 60:02d}",
        ]
        print("| " + " | ".join(line))
        if ty == "eval":
            new = not self._path.exists()
            with self._path.open("a") as file:
                writer = csv.DictWriter(file, fieldnames=sorted({"frame": step, **values}), restval=0.0)
                if new:
                    writer.writeheader()
                writer.writerow({"frame": step, **values})


class Workspace:
    def __init__(self, cfg):
        self.work_dir = Path.cwd()
        print(f"workspace: {self.work_dir}")
        self.cfg = cfg
        self.logger = Logger(self.work_dir)

    def train(self):
        for episode in range(1, 4):
            reward = (
                100
                - abs(self.cfg.agent.lr * 1000 - 1)
                - self.cfg.discount
                + self.cfg.agent.hidden_dim / 1024
                - 5 * self.cfg.use_tb
                - 1 / episode
            )
            self.logger.dump(
                episode * 1000, {"episode": episode, "episode_length": 500, "episode_reward": reward - 1}, "train"
            )
            self.logger.dump(
                episode * 1000, {"episode": episode, "episode_length": 500, "episode_reward": reward}, "eval"
            )


@hydra.main(config_path=".", config_name="pretrain", version_base=None)
def main(cfg):
    workspace = Workspace(cfg)
    workspace.train()


if __name__ == "__main__":
    main()
