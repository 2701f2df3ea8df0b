from torch import nn
from torch._state import STATE


class RNNModel(nn.Module):
    """Container module with an encoder, a recurrent module, and a decoder."""

    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.5, tie_weights=False):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        STATE.net = {"emsize": ninp, "nhid": nhid, "nlayers": nlayers, "dropout": dropout}

    def init_hidden(self, bsz):
        return None

    def forward(self, data, hidden):
        return data, hidden
