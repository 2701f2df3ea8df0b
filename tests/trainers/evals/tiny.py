"""A tokenizer and a Llama small enough to be made in a test, with random but fixed weights."""

from functools import cache

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXTS = [
    "Return the sum of a and b. </think> <answer> 42 </answer>",
    "The quick brown fox jumps over the lazy dog; 12 + 30 = 42.",
    "Split the path into a pair (root, ext). # end",
]


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")


def model(seed: int = 0, **over) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    settings = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(
        vocab_size=len(tokenizer()), bos_token_id=0, eos_token_id=1, max_position_embeddings=128, **{**settings, **over}
    )
    return LlamaForCausalLM(config).to(torch.float64)


def memorise(net: LlamaForCausalLM, texts: list[str], steps: int = 60) -> None:
    """Teach a model to write `texts` word for word, each ended by the end token."""
    batch = tokenizer()([text + "</s>" for text in texts], padding=False)["input_ids"]
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(steps):
        losses = []
        for ids in batch:
            tokens = torch.tensor([ids])
            losses.append(net(input_ids=tokens, labels=tokens).loss)
        torch.stack(losses).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
