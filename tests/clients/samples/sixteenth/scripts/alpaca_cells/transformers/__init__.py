"""A small stand-in for the parts of transformers that trl and unsloth use here."""
from .models import Model, Tokenizer
from .trainer import Trainer
from .training_args import TrainingArguments
