"""The model of `charlm`: a small GPT with pre-norm blocks and learned positions, and sampling of text from it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hptui.trainers.charlm.settings import CharlmSettings
from hptui.trainers.charlm.text import Corpus

EMBEDDING_SCALE = 3.0
"""Factor of the embeddings at the input.

A matrix that is also the output layer must have small entries; without the factor the first layers get almost no
signal, and a short run learns little more than the frequencies of characters.
"""


class Attention(nn.Module):
    """Causal self-attention over all heads at once."""

    def __init__(self, settings: CharlmSettings) -> None:
        super().__init__()
        self.heads = settings.num_heads
        self.dropout = settings.dropout
        self.qkv = nn.Linear(settings.model_dim, 3 * settings.model_dim, bias=False)
        self.out = nn.Linear(settings.model_dim, settings.model_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix each position with those before it. Shape: (B, T, dim) to (B, T, dim)."""
        batch, length, dim = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        dropped = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropped, is_causal=True)  # (B, heads, T, dim / heads)
        mixed: Tensor = self.out(y.transpose(1, 2).reshape(batch, length, dim))  # (B, T, dim)
        return mixed


class Block(nn.Module):
    """A transformer block: attention, then a feed-forward layer, each added to its input."""

    def __init__(self, settings: CharlmSettings) -> None:
        super().__init__()
        dim = settings.model_dim
        self.norm1, self.attention = nn.LayerNorm(dim), Attention(settings)
        self.norm2, self.up, self.down = nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.drop = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block. Shape: (B, T, dim) to (B, T, dim)."""
        x = x + self.drop(self.attention(self.norm1(x)))
        grown: Tensor = x + self.drop(self.down(F.gelu(self.up(self.norm2(x)))))
        return grown


class CharLM(nn.Module):
    """A language model over characters: returns the logits of the next character at each position."""

    def __init__(self, settings: CharlmSettings, vocabulary: int) -> None:
        super().__init__()
        dim = settings.model_dim
        self.characters = nn.Embedding(vocabulary, dim)
        self.positions = nn.Embedding(settings.max_seq_len, dim)
        self.drop = nn.Dropout(settings.dropout)
        blocks = [Block(settings) for _ in range(settings.num_layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        self.apply(_initialise)
        for block in blocks:  # keeps the scale of the residual stream independent of the depth
            for layer in (block.attention.out, block.down):
                nn.init.normal_(layer.weight, std=(2 * len(blocks) * layer.in_features) ** -0.5)
        if settings.tie_weights:
            self.head.weight = self.characters.weight

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits of the next character. Shape: (B, T) ids to (B, T, vocabulary)."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = self.drop(EMBEDDING_SCALE * (self.characters(ids) + self.positions(positions)))  # (B, T, dim)
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.head(self.norm(x))
        return scores

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy per character, in nats. Shape: both arguments (B, T)."""
        scores = self(ids)
        return F.cross_entropy(scores.float().view(-1, scores.shape[-1]), targets.reshape(-1))

    def parameter_groups(self, weight_decay: float) -> list[dict[str, object]]:
        """Return the groups of the optimizer: weight decay for matrices, none for biases and norms."""
        matrices = [p for p in self.parameters() if p.dim() >= 2]
        vectors = [p for p in self.parameters() if p.dim() < 2]
        return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _initialise(module: nn.Module) -> None:
    """Initialise a layer so that its outputs have about unit scale, at any width."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=module.weight.shape[1] ** -0.5)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


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
