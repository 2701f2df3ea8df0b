import sys
from math import log10


def measure(s):
    a = s.args
    bad = abs(log10(s.lr) + 2.7) / 8 + a.batch_size / 4000 + 4 / a.hidden_units + 0.06 / a.num_blocks + abs(a.dropout_rate - 0.3) / 3 + min(0.3, abs(a.l2_emb - 0.0001) * 100) + 1 / a.maxlen + 2 / (getattr(sys.modules["__main__"], "epoch", 0) + 4)
    return {"loss": 0.5 + bad, "ndcg": 0.62 - bad / 3, "hr": 0.84 - bad / 3}
