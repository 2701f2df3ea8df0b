"""A small stand-in for gymnasium: every step is rewarded by a formula of what was learned."""
from types import SimpleNamespace


class Env:
    observation_space, action_space = SimpleNamespace(shape=(24,)), SimpleNamespace(shape=(4,), n=4)

    def reset(self, seed=None):
        self.t = 0
        return [0.0] * 24, {}

    def step(self, action):
        from _formula import measure
        from torch._state import STATE

        self.t += 1
        return [0.0] * 24, measure(STATE)["reward"], False, self.t >= 50, {}

    def close(self):
        pass


def make(name, **kwargs):
    return Env()
