from math import log10


def measure(s):
    c, k = s.config, s.generation
    bad = abs(log10(c.learning_rate) + 4.6) / 2 + abs(c.init_kl_coef - 0.15) * 2 + 8 / c.batch_size + abs(c.ppo_epochs - 4) / 20 + abs(c.cliprange - 0.25) + abs(k["temperature"] - 0.9) / 2 + 6 / (s.steps + 6)
    return {"loss": bad, "reward": 3.2 - bad}
