"""A small stand-in: PPO that learns by arithmetic, with the tables and the lines of the original."""
import json
import math
import time


class PPO:
    def __init__(self, policy, env, learning_rate=3e-4, n_steps=2048, batch_size=64, gamma=0.99, gae_lambda=0.95,
                 clip_range=0.2, ent_coef=0.0, policy_kwargs=None, tensorboard_log=None, verbose=0, seed=None):
        self.env, self.verbose, self.n_steps = env, verbose, n_steps
        self.skill = 80 - 10 * abs(math.log10(learning_rate) + 3.5) - 1000 / batch_size - 200 * abs(gamma - 0.985)
        self.skill -= 20 * abs(gae_lambda - 0.93) + 20 * abs(clip_range - 0.15) + 100 * abs(ent_coef - 0.005)
        self.skill -= 5 * abs(math.log10(env.num_envs) - 1.2) + 6 * env.easy
        self.num_timesteps = 0

    def reward(self):
        return self.skill - 200000 / max(1, self.num_timesteps)

    def learn(self, total_timesteps, callback=None):
        start, iterations = time.time(), 0
        while self.num_timesteps < total_timesteps:
            iterations += 1
            for _ in range(self.n_steps):
                self.num_timesteps += self.env.num_envs
                callback.on_step(self)
            rows = [("rollout/", ""), ("   ep_len_mean", 400), ("   ep_rew_mean", self.reward() - 5), ("time/", ""),
                    ("   fps", int(self.num_timesteps / max(time.time() - start, 1e-3))), ("   iterations", iterations),
                    ("   total_timesteps", self.num_timesteps), ("train/", ""), ("   loss", 3 / iterations)]
            if callback.last is not None:
                rows = [("eval/", ""), ("   mean_ep_length", 400), ("   mean_reward", callback.last)] + rows
                callback.last = None
            self.table(rows)

    def table(self, rows):
        if self.verbose:
            texts = [(key, f"{value:<.3g}" if isinstance(value, float) else str(value)) for key, value in rows]
            left, right = max(len(key) for key, _ in texts), max(len(value) for _, value in texts)
            print("-" * (left + right + 7))
            for key, value in texts:
                print(f"| {key.ljust(left)} | {value.ljust(right)} |")
            print("-" * (left + right + 7))

    def save(self, path):
        with open(path + ".zip", "w") as f:
            json.dump({"skill": self.skill}, f)

    @classmethod
    def load(cls, path, env=None, tensorboard_log=None, verbose=0):
        model = cls.__new__(cls)
        with open(path) as f:
            model.skill = json.load(f)["skill"]
        model.env, model.verbose, model.n_steps, model.num_timesteps = env, verbose, 256, 0
        return model

    def predict(self, observation, deterministic=True):
        return 1 / (1 + self.skill), None
