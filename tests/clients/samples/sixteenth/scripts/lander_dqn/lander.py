from math import exp, log10


class Lander:
    """A small environment whose returns follow from how the agent learns."""

    action_space_n, observation_n = 4, 8

    def __init__(self, seed=0):
        self.seed, self.k = seed, 0

    def reset(self):
        self.k = 0
        return (0.0,) * self.observation_n

    def step(self, agent, episode, action):
        self.k += 1
        h = agent.h
        top = 260 - 60 * abs(log10(h["LR"]) + 3) - 900 * abs(h["GAMMA"] - 0.985) - abs(h["BATCH_SIZE"] - 96) / 2 - 40 * abs(log10(h["TAU"]) + 2.3)
        top -= 3 * abs(h["UPDATE_EVERY"] - 2) + 8000 * abs(h["EPS_DECAY"] - 0.99)
        ret = top - 400 * exp(-episode / 60)
        done = self.k == 10
        return (0.0,) * self.observation_n, ret / 10, done, {}
