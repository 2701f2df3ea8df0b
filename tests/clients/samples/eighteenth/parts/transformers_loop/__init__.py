"""A small stand-in for the models of transformers that a script trains in a loop of its own."""
from types import SimpleNamespace

from torch import nn
from torch._state import STATE, Tensor, measure


class _Model(nn.Module):
    def __init__(self, name="", **kwargs):
        self.config = SimpleNamespace(name=name, num_labels=kwargs.get("num_labels", 2))

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls(name, **kwargs)

    @classmethod
    def from_config(cls, config):
        made = cls("")
        STATE.config = config
        return made

    def forward(self, input_ids=None, attention_mask=None, labels=None, **kwargs):
        n = input_ids.n
        return SimpleNamespace(loss=Tensor(measure("loss"), n) if labels is not None else None, logits=Tensor(0.0, n))

    def num_parameters(self):
        return 11_170_560

    def save_pretrained(self, folder, **kwargs):
        import os

        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, "config.json"), "w").write("{}")


class AutoModelForSequenceClassification(_Model):
    pass


class AutoModelForCausalLM(_Model):
    pass


class AutoModelForTokenClassification(_Model):
    pass


class AutoModelForQuestionAnswering(_Model):
    def forward(self, input_ids=None, start_positions=None, **kwargs):
        loss = Tensor(measure("loss"), input_ids.n) if start_positions is not None else None
        return SimpleNamespace(loss=loss, start_logits=Tensor(0.0, input_ids.n), end_logits=Tensor(0.0, input_ids.n))


class AutoModelForSeq2SeqLM(_Model):
    def generate(self, input_ids=None, num_beams=1, max_length=128, **kwargs):
        STATE.beams = num_beams
        return Tensor(0.0, input_ids.n)


class AutoModel(_Model):
    def forward(self, input_ids=None, attention_mask=None, **kwargs):
        return SimpleNamespace(last_hidden_state=Tensor(0.0, input_ids.n), pooler_output=Tensor(0.0, input_ids.n))


class AutoConfig(SimpleNamespace):
    hidden_size, hidden_dropout_prob = 768, 0.1

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls(**kwargs)


class DataCollatorForLanguageModeling:
    def __init__(self, *args, **kwargs):
        pass


def default_data_collator(rows):
    return rows


class BertForMaskedLM(_Model):
    def __init__(self, config=None):
        STATE.config = config


class BertConfig(SimpleNamespace):
    pass


class AutoTokenizer:
    pad_token, eos_token, pad_token_id, eos_token_id, vocab_size = None, "</s>", 0, 2, 30522

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls()

    def __call__(self, text, **kwargs):
        return {"input_ids": Tensor(), "attention_mask": Tensor()}

    def __len__(self):
        return self.vocab_size

    def batch_decode(self, ids, **kwargs):
        return ["" for _ in range(len(ids))]

    def save_pretrained(self, folder, **kwargs):
        pass


def get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps):
    import torch

    STATE.warmup = num_warmup_steps / max(1, num_training_steps)
    return torch.optim.lr_scheduler.LambdaLR(optimizer)


def get_scheduler(name, optimizer=None, num_warmup_steps=0, num_training_steps=1):
    STATE.scheduler = name
    return get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps)


get_cosine_schedule_with_warmup = get_linear_schedule_with_warmup


def set_seed(seed):
    pass
