"""A small stand-in for the parts of transformers that this script uses."""
from dataclasses import dataclass

from .models import Model as WhisperForConditionalGeneration, Tokenizer as WhisperProcessor
from .trainer import Trainer as Seq2SeqTrainer
from .training_args import TrainingArguments


@dataclass
class Seq2SeqTrainingArguments(TrainingArguments):
    predict_with_generate: bool = False
    generation_max_length: int = 128
