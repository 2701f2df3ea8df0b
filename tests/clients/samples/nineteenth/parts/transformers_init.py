"""A small stand-in for transformers: a training is a formula."""
import random

from .models import Model, Tokenizer
from .trainer import Trainer
from .training_args import HfArgumentParser, TrainingArguments  # noqa: F401

AutoModelForCausalLM = AutoModelForSequenceClassification = AutoModelForMultipleChoice = AutoModelForMaskedLM = Model
WhisperForConditionalGeneration = Model
AutoTokenizer = PreTrainedTokenizer = Tokenizer
PreTrainedModel = Model
Seq2SeqTrainer = Trainer


class Seq2SeqTrainingArguments(TrainingArguments):
    def __init__(self, *args, predict_with_generate=False, generation_max_length=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.predict_with_generate, self.generation_max_length = predict_with_generate, generation_max_length


class WhisperProcessor:
    def __init__(self):
        self.tokenizer = self.feature_extractor = Tokenizer()

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls()

    def save_pretrained(self, folder, **kwargs):
        pass


class BitsAndBytesConfig:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


class DataCollator:
    def __init__(self, *args, **kwargs):
        pass


DataCollatorForLanguageModeling = DataCollatorWithPadding = DataCollatorForMultipleChoice = DataCollator


class EarlyStoppingCallback:
    def __init__(self, early_stopping_patience=1):
        pass


def set_seed(seed):
    random.seed(seed)
