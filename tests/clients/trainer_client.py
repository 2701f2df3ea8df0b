"""The real `transformers.Trainer`, its arguments by HfArgumentParser; it prints and saves what it likes."""

from dataclasses import dataclass

import torch
from transformers import HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Extra:
    width: int = 8


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        x = torch.tensor([index / 32, 1.0])
        return {"x": x, "labels": x.sum()}


class Model(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(2, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))

    def forward(self, x, labels):
        out = self.net(x).squeeze(-1)
        return {"loss": ((out - labels) ** 2).mean(), "logits": out}


parser = HfArgumentParser((TrainingArguments, Extra))
arguments, extra = parser.parse_args_into_dataclasses()
torch.manual_seed(arguments.seed)
trainer = Trainer(model=Model(extra.width), args=arguments, train_dataset=Data(), eval_dataset=Data())
trainer.train()
print(trainer.evaluate())
