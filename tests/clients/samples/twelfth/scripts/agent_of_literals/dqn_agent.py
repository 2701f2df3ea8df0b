import random
from collections import deque

import numpy as np


class CartPoleLike:
    """A pole that is told how well it is balanced."""

    observation_space = (4,)
    n_actions = 2

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.length = 20
        self.t = 0

    def reset(self):
        self.t = 0
        return self.rng.uniform(-0.05, 0.05, size=4)

    def step(self, action):
        self.t += 1
        return self.rng.normal(size=4), 1.0, self.t >= self.length


class DQN_Agent:
    def __init__(self, seed, layer_sizes, lr, sync_freq, exp_replay_size, gamma=0.95):
        random.seed(seed)
        rng = np.random.default_rng(seed)
        self.layers = [rng.normal(size=(a, b)) / np.sqrt(a) for a, b in zip(layer_sizes[:-1], layer_sizes[1:])]
        self.layer_sizes = layer_sizes
        self.lr = lr
        self.gamma = gamma
        self.network_sync_freq = sync_freq
        self.network_sync_counter = 0
        self.experience_replay = deque(maxlen=exp_replay_size)
        self.updates = 0

    def q(self, state):
        for layer in self.layers[:-1]:
            state = np.maximum(state @ layer, 0)
        return state @ self.layers[-1]

    def get_action(self, state, action_space_len, epsilon):
        if random.random() < epsilon:
            return random.randrange(action_space_len)
        return int(np.argmax(self.q(state)))

    def collect_experience(self, experience):
        self.experience_replay.append(experience)

    def train(self, batch_size):
        batch = random.sample(list(self.experience_replay), k=min(batch_size, len(self.experience_replay)))
        states = np.stack([one[0] for one in batch])
        if self.network_sync_counter == self.network_sync_freq:
            self.network_sync_counter = 0
        self.network_sync_counter += 1
        self.updates += 1
        return float(np.square(self.q(states)).mean()) / self.updates
