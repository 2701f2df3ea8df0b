from config import GPTConfig

config = GPTConfig(out_dir="out-shakespeare-char", n_layer=6, dropout=0.2, learning_rate=1e-3)
