from torch import nn
from torch._state import STATE


class BIMPM(nn.Module):
    def __init__(self, args, data):
        super().__init__()
        STATE.args = args
        self.word_emb = nn.Embedding(args.word_vocab_size, args.word_dim)
        self.context_LSTM = nn.LSTM(input_size=args.word_dim, hidden_size=args.hidden_size, bidirectional=True)
        self.aggregation_LSTM = nn.LSTM(input_size=args.num_perspective * 8, hidden_size=args.hidden_size)
        self.pred_fc = nn.Linear(args.hidden_size * 2, args.class_size)

    def forward(self, p, h):
        return p
