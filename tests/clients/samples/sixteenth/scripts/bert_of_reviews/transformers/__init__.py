"""A small stand-in for the parts of transformers that this script uses."""
from .models import Model as AutoModelForSequenceClassification, Tokenizer as AutoTokenizer
from .trainer import Trainer
from .training_args import TrainingArguments


class DataCollatorWithPadding:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer


class EarlyStoppingCallback:
    def __init__(self, early_stopping_patience=1):
        self.patience = early_stopping_patience
