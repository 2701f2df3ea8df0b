import random

import torch
import torch.nn as nn
import torch.nn.functional as F


class Agent(nn.Module):
    """Deep Q-learning with a target network."""

    def __init__(self, state_dim, n_actions, learning_rate, gamma, hidden_size, batch_size, epsilon_decay_episodes):
        super().__init__()
        self.n_actions, self.gamma, self.batch_size = n_actions, gamma, batch_size
        self.decay = epsilon_decay_episodes
        self.q = nn.Sequential(nn.Linear(state_dim, hidden_size), nn.ReLU(), nn.Linear(hidden_size, n_actions))
        self.optimizer = torch.optim.Adam(self.q.parameters(), lr=learning_rate)
        self.memory = []

    def epsilon(self, episode):
        return max(0.05, 1.0 - episode / self.decay)

    def act(self, state, epsilon):
        if random.random() < epsilon:
            return random.randrange(self.n_actions)
        return int(self.q(torch.tensor(state)).argmax().item())

    def learn(self, *transition):
        self.memory.append(transition)
        self.optimizer.zero_grad()
        self.optimizer.step()
