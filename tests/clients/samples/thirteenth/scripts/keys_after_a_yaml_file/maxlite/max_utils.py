import math


def create_learning_rate_schedule(config):
    warmup_steps = int(config.steps * config.warmup_steps_fraction)

    def schedule(step):
        if step < warmup_steps:
            return config.learning_rate * step / max(1, warmup_steps)
        progress = (step - warmup_steps) / max(1, config.steps - warmup_steps)
        low = config.learning_rate * config.cosine_learning_rate_final_fraction
        return low + 0.5 * (config.learning_rate - low) * (1 + math.cos(math.pi * progress))

    return schedule


def calculate_num_params(config):
    attention = 4 * config.base_emb_dim * config.base_num_query_heads * config.head_dim
    mlp = 12 * config.base_emb_dim**2
    return config.base_num_decoder_layers * (attention + mlp) + 2 * config.vocab_size * config.base_emb_dim
