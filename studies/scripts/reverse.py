"""A `transformers.Trainer` script as they usually are: a tiny GPT-2 learns to write words backwards, offline.

python reverse.py --output_dir run --learning_rate 1e-3 --n_layer 2
"""

import random
from dataclasses import dataclass, field

import torch
from transformers import GPT2Config, GPT2LMHeadModel, HfArgumentParser, Trainer, TrainingArguments, set_seed

LETTERS = "abcdefghijkl"
LENGTH = 5
SEPARATOR = len(LETTERS)


@dataclass
class ModelArguments:
    """What is no argument of the training."""

    n_layer: int = field(default=2, metadata={"help": "number of blocks"})
    n_head: int = field(default=2, metadata={"help": "attention heads"})
    n_embd: int = field(default=32, metadata={"help": "width"})
    dropout: float = field(default=0.0)


class Words(torch.utils.data.Dataset):
    """`abcde|edcba`; only what stands behind the bar counts."""

    def __init__(self, size, seed):
        rng = random.Random(seed)
        self.items = []
        for _ in range(size):
            word = [rng.randrange(len(LETTERS)) for _ in range(LENGTH)]
            tokens = torch.tensor([*word, SEPARATOR, *reversed(word)])
            labels = tokens.clone()
            labels[: LENGTH + 1] = -100
            self.items.append({"input_ids": tokens, "labels": labels})

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def accuracy(prediction):
    """The share of letters that are right."""
    logits, labels = prediction
    shown = logits[:, :-1].argmax(-1)
    wanted = labels[:, 1:]
    counts = wanted != -100
    return {"accuracy": float((shown == wanted)[counts].mean())}


parser = HfArgumentParser((TrainingArguments, ModelArguments))
training, shape = parser.parse_args_into_dataclasses()
set_seed(training.seed)
config = GPT2Config(
    vocab_size=len(LETTERS) + 1,
    n_positions=2 * LENGTH + 1,
    n_layer=shape.n_layer,
    n_head=shape.n_head,
    n_embd=shape.n_embd,
    resid_pdrop=shape.dropout,
    embd_pdrop=shape.dropout,
    attn_pdrop=shape.dropout,
    bos_token_id=SEPARATOR,
    eos_token_id=SEPARATOR,
)
trainer = Trainer(
    model=GPT2LMHeadModel(config),
    args=training,
    train_dataset=Words(2000, 1),
    eval_dataset=Words(200, 2),
    compute_metrics=accuracy,
)
trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
