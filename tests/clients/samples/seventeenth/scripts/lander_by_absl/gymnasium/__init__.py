"""A small stand-in for gymnasium: a return is a formula of the agent's settings."""
from math import log10
from types import SimpleNamespace


class _Env:
    observation_space, action_space = SimpleNamespace(shape=(8,)), SimpleNamespace(n=4)

    def reset(self, seed=None):
        self.left = 20
        return [0.0] * 8, {}

    def step(self, action):
        from torch._state import STATE

        k = STATE.made["Agent"][1]
        self.left -= 1
        value = 250 - 25 * abs(log10(STATE.lr) + 3.2) - 800 * abs(k["gamma"] - 0.985) - 1500 / k["hidden_size"] - 2 * abs(k["epsilon_decay_episodes"] - 60) / 10
        return [0.0] * 8, (value - 4000 / (STATE.steps + 40)) / 20, self.left == 0, False, {}

    def close(self):
        pass


def make(name, **kwargs):
    return _Env()
