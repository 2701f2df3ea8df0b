"""A small stand-in for transformers: a training is a formula."""
import random

from .models import Model, Tokenizer
from .trainer import Trainer
from .training_args import HfArgumentParser, TrainingArguments  # noqa: F401

AutoModelForCausalLM = AutoModelForSequenceClassification = AutoModelForSeq2SeqLM = AutoModelForMaskedLM = Model
AutoModelForTokenClassification = Model
AutoTokenizer = Tokenizer
Seq2SeqTrainer, Seq2SeqTrainingArguments = Trainer, TrainingArguments


class DataCollator:
    def __init__(self, *args, **kwargs):
        pass


DataCollatorForSeq2Seq = DataCollatorForLanguageModeling = DataCollatorWithPadding = DataCollator


class EarlyStoppingCallback:
    def __init__(self, early_stopping_patience=1):
        pass


def set_seed(seed):
    random.seed(seed)
