"""A small stand-in for transformers: a training is a formula."""
import random

from .models import Model, Tokenizer
from .trainer import Trainer
from .training_args import HfArgumentParser, TrainingArguments  # noqa: F401

AutoModelForCausalLM = AutoModelForSequenceClassification = AutoModelForSeq2SeqLM = Model
AutoTokenizer = Tokenizer
Seq2SeqTrainer, Seq2SeqTrainingArguments = Trainer, TrainingArguments


class AutoConfig:
    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls()


class BitsAndBytesConfig:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


class DataCollator:
    def __init__(self, *args, **kwargs):
        pass


DataCollatorForLanguageModeling = DataCollatorWithPadding = DataCollator


def default_data_collator(rows):
    return rows


def set_seed(seed):
    random.seed(seed)
