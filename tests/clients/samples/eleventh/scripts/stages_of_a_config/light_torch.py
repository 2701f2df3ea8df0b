"""A small stand-in for the parts of the network that need a GPU."""
import json
import math


class HybridTrafficVAE:
    def __init__(self, input_dim, seq_len, latent_dim, hidden_dim, num_links, dropout=0.3):
        self.latent_dim, self.hidden_dim, self.dropout = latent_dim, hidden_dim, dropout
        self.encoder_loss = 2.0
        self.pred_loss = 1.0

    def step(self, stage, epoch, lr, weight_decay, beta, batch_size):
        if stage == 1:
            self.encoder_loss = 1 + abs(math.log10(lr) + 3) + abs(beta - 1) + 6 / (epoch + 1)
            return self.encoder_loss
        self.pred_loss = 0.05 + self.encoder_loss / 20 + abs(math.log10(lr) + 3.5) / 5 + 4 / self.latent_dim
        self.pred_loss += 6 / self.hidden_dim + abs(self.dropout - 0.3) / 4 + batch_size / 2560
        self.pred_loss += 20 * abs(weight_decay - 1e-4) + 0.5 / (epoch + 1)
        return self.pred_loss

    def state_dict(self):
        return {"encoder_loss": self.encoder_loss, "pred_loss": self.pred_loss}

    def load_state_dict(self, state):
        self.__dict__.update(state)


def save(value, path):
    with open(path, "w") as f:
        json.dump(value, f)


def load(path):
    with open(path) as f:
        return json.load(f)
