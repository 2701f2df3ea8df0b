"""A small stand-in for the parts of transformers on which sentence_transformers is built here."""
from .trainer import Trainer
from .training_args import TrainingArguments
