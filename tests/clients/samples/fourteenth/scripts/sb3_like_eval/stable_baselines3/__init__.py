"""A small stand-in for stable-baselines3: learning is a formula."""
import math
import pickle
import time


def _table(groups):
    rows = []
    for group, values in groups.items():
        rows.append((f"{group}/", ""))
        rows.extend((f"   {name}", f"{value:.3g}" if isinstance(value, float) else str(value)) for name, value in values.items())
    left, right = max(len(a) for a, _ in rows) + 1, max(len(b) for _, b in rows) + 1
    line = "-" * (left + right + 7)
    print(line)
    for a, b in rows:
        print(f"| {a:<{left}}| {b:<{right}} |")
    print(line)


class PPO:
    def __init__(self, policy, env, learning_rate=3e-4, n_steps=2048, batch_size=64, n_epochs=10, gamma=0.99,
                 gae_lambda=0.95, clip_range=0.2, ent_coef=0.0, verbose=0, seed=None, device="auto"):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})
        self.steps = 0
        if verbose:
            print("Using cpu device")

    def reward(self):
        best = 480 - 60 * abs(math.log10(self.learning_rate) + 3) - 3000 * abs(self.gamma - 0.98)
        best -= 100 * abs(self.clip_range - 0.1) + 500 * abs(self.ent_coef - 0.01) + 400 / self.n_epochs
        best -= abs(self.batch_size - 128) / 4 + 100 * abs(self.gae_lambda - 0.9)
        return 20 + (best - 20) * self.steps / (self.steps + 2000)

    def learn(self, total_timesteps, callback=None, log_interval=1, progress_bar=False):
        start, iteration = time.time(), 0
        while self.steps < total_timesteps:
            self.steps += self.n_steps
            iteration += 1
            if self.verbose and iteration % log_interval == 0:
                groups = {"rollout": {"ep_len_mean": 200, "ep_rew_mean": self.reward() * 0.9},
                          "time": {"fps": int(self.steps / (time.time() - start + 1e-3)), "iterations": iteration,
                                   "time_elapsed": int(time.time() - start), "total_timesteps": self.steps}}
                if iteration > 1:
                    groups["train"] = {"approx_kl": 0.0081, "clip_fraction": 0.07, "clip_range": self.clip_range,
                                       "entropy_loss": -0.67, "explained_variance": 0.12,
                                       "learning_rate": self.learning_rate, "loss": 8.5, "n_updates": iteration * self.n_epochs,
                                       "value_loss": 40.1}
                _table(groups)
        return self

    def save(self, path):
        with open(path + ".zip", "wb") as f:
            pickle.dump(self.steps, f)
