from math import log10


def measure(s):
    k = s.made["SpeechModel"][1]
    bad = abs(log10(s.lr) + 3.2) / 8 + 16 / k["hidden_size"] + 0.1 / k["num_layers"] + abs(k["dropout"] - 0.2) / 2 + s.batch / 1000 + 0.4 / (s.epochs + 1)
    return {"loss": 0.4 + 2 * bad - 0.06 * s.training, "wer": 8 + 20 * bad}
