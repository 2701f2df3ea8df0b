import json
import math


class SACAgent:
    """Knows how good its policy gets with these settings, and approaches that."""

    def __init__(self, state_size, action_size, lr, gamma, tau, alpha, buffer_size, batch_size, hidden_size):
        self.alpha = alpha
        self.batch_size = batch_size
        self.buffer_size = buffer_size
        self.memory = 0
        self.update_count = 0
        self.skill = 0.0
        self.limit = (180 - 25 * abs(math.log10(lr) + 3.5) - 500 * abs(gamma - 0.99)
                      - 10 * abs(math.log10(tau) + 2.3) - 20 * abs(alpha - 0.2)
                      - abs(batch_size - 256) / 32 - 2000 / hidden_size - 100000 / buffer_size)
        self.episode_rewards = []
        self.episode_lengths = []
        self.training_losses = {"critic1_loss": [], "critic2_loss": [], "actor_loss": [], "alpha_value": []}

    def remember(self, number):
        self.memory = min(self.buffer_size, self.memory + number)

    def update_networks(self, progress):
        self.update_count += 1
        self.skill = self.limit * min(1.0, progress)
        gap = abs(self.limit - self.skill) / 100
        self.training_losses["critic1_loss"].append(gap + 0.1)
        self.training_losses["critic2_loss"].append(gap + 0.12)
        self.training_losses["actor_loss"].append(-self.skill / 50)
        self.training_losses["alpha_value"].append(self.alpha * (1 - 0.5 * min(1.0, progress)))

    def save_model(self, path):
        with open(path, "w") as f:
            json.dump({"skill": self.skill, "updates": self.update_count}, f)
