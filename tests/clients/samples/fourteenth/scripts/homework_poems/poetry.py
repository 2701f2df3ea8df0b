"""Toy corpus for the assignment: lines of seven tokens."""
import random

PAD, BOS, EOS = "<PAD>", "<BOS>", "<EOS>"


def load_poems(count, line_count, seed=7):
    rng = random.Random(seed)
    words = [chr(ord("a") + i) for i in range(26)]
    return [[[rng.choice(words) for _ in range(7)] for _ in range(line_count)] for _ in range(count)]


def build_vocab(poems):
    tokens = sorted({token for poem in poems for line in poem for token in line})
    idx_to_token = [PAD, BOS, EOS, *tokens]
    return {token: i for i, token in enumerate(idx_to_token)}, idx_to_token


def batches(poems, batch_size):
    for start in range(0, len(poems), batch_size):
        yield poems[start:start + batch_size]
