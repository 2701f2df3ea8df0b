import math


def measure(s):
    hidden, latent = s.made["VAE"][0]
    far = abs(math.log10(s.lr) + 2.7) * 6 + s.batch / 40 + 1200 / hidden + abs(latent - 32) / 3 + 12 / (s.epochs + 0.5)
    return {"loss": 96 + far - s.training}
