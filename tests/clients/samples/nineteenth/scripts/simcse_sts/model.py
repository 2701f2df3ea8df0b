import torch
import torch.nn.functional as F
from torch import nn
from torch._state import STATE
from transformers import AutoConfig, AutoModel


class SimcseModel(nn.Module):
    def __init__(self, pretrained_model, pooling, dropout):
        super().__init__()
        config = AutoConfig.from_pretrained(pretrained_model)
        config.attention_probs_dropout_prob = dropout
        config.hidden_dropout_prob = dropout
        self.bert = AutoModel.from_pretrained(pretrained_model, config=config)
        self.pooling = pooling
        STATE.drop, STATE.pooling = config.hidden_dropout_prob, pooling

    def forward(self, input_ids, attention_mask):
        out = self.bert(input_ids, attention_mask)
        if self.pooling == "pooler":
            return out.pooler_output
        return out.last_hidden_state[:, 0]


def simcse_unsup_loss(y_pred, device, temp=0.05):
    """The pairs of a batch are (0, 1), (2, 3) and so on."""
    STATE.tau = temp
    y_true = torch.arange(y_pred.shape[0], device=device)
    sim = F.cosine_similarity(y_pred, y_pred, dim=-1)
    return F.cross_entropy(sim / temp, y_true)
