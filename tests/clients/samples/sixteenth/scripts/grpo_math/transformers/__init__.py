"""A small stand-in for the parts of transformers that this script uses."""
from .models import Model as AutoModelForCausalLM, Tokenizer as AutoTokenizer
from .trainer import Trainer
from .training_args import TrainingArguments
