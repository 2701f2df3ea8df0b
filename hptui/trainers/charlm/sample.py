"""Sampling of text from a trained model, one character at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from hptui.trainers.charlm.model import CharLM
from hptui.trainers.charlm.text import Corpus


@torch.no_grad()
def generate(
    model: CharLM, corpus: Corpus, prompt: str, length: int, temperature: float, window: int, seed: int
) -> str:
    """Return `prompt` and the `length` characters after it. The same seed gives the same text.

    `window` is the model's maximum sequence length; temperature 0 takes the likeliest character.
    """
    model.eval()
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    ids = corpus.encode(prompt) or corpus.encode("\n") or [0]
    for _ in range(length):
        scores = model(torch.tensor([ids[-window:]], device=device))[0, -1].float().cpu()  # (vocabulary,)
        ids.append(_choose(scores, temperature, generator))
    return corpus.decode(ids)


def _choose(scores: Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature == 0:
        return int(scores.argmax())
    probabilities = torch.softmax(scores / temperature, dim=-1)
    return int(torch.multinomial(probabilities, 1, generator=generator))
