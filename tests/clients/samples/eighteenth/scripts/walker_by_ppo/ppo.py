import torch
from torch import nn


class RolloutBuffer:
    def __init__(self):
        self.clear()

    def clear(self):
        self.states, self.actions, self.rewards, self.is_terminals = [], [], [], []


class ActorCritic(nn.Module):
    def __init__(self, state_dim, action_dim, hidden_dim, action_std_init):
        super().__init__()
        self.actor = nn.Linear(state_dim, hidden_dim)
        self.critic = nn.Linear(state_dim, hidden_dim)
        self.mean = nn.Linear(hidden_dim, action_dim)

    def act(self, state):
        return self.mean(torch.tanh(self.actor(torch.FloatTensor(state))))


class PPO(nn.Module):
    """Proximal policy optimization with a clipped objective."""

    def __init__(self, state_dim, action_dim, lr_actor, lr_critic, gamma, K_epochs, eps_clip, hidden_dim=64, action_std_init=0.6):
        super().__init__()
        self.gamma, self.K_epochs, self.eps_clip = gamma, K_epochs, eps_clip
        self.buffer = RolloutBuffer()
        self.policy = ActorCritic(state_dim, action_dim, hidden_dim, action_std_init)
        self.optimizer = torch.optim.Adam([
            {"params": self.policy.actor.parameters(), "lr": lr_actor},
            {"params": self.policy.critic.parameters(), "lr": lr_critic},
        ])

    def select_action(self, state):
        action = self.policy.act(state)
        self.buffer.states.append(state)
        self.buffer.actions.append(action)
        return action

    def update(self):
        rewards, discounted = [], 0
        for reward, done in zip(reversed(self.buffer.rewards), reversed(self.buffer.is_terminals)):
            discounted = reward + (0 if done else self.gamma * discounted)
            rewards.insert(0, discounted)
        for _ in range(self.K_epochs):
            self.optimizer.zero_grad()
            self.optimizer.step()
        self.buffer.clear()

    def save(self, path):
        torch.save(self.policy.state_dict(), path)
