import os

import numpy as np


class EvalCallback:
    def __init__(self, eval_env, best_model_save_path=None, log_path=None, eval_freq=10000, n_eval_episodes=5, deterministic=True):
        self.best_model_save_path, self.log_path, self.eval_freq = best_model_save_path, log_path, eval_freq
        self.n_eval_episodes = n_eval_episodes
        self.calls, self.last, self.best = 0, None, -np.inf
        self.timesteps, self.results = [], []

    def on_step(self, model):
        self.calls += 1
        if self.calls % self.eval_freq:
            return
        self.last = model.reward()
        self.timesteps.append(model.num_timesteps)
        self.results.append([self.last] * self.n_eval_episodes)
        np.savez(os.path.join(self.log_path, "evaluations"), timesteps=self.timesteps, results=self.results)
        print(f"Eval num_timesteps={model.num_timesteps}, episode_reward={self.last:.2f} +/- {1.5:.2f}")
        print(f"Episode length: {400:.2f} +/- {0:.2f}")
        if self.last > self.best:
            print("New best mean reward!")
            self.best = self.last
            model.save(os.path.join(self.best_model_save_path, "best_model"))
