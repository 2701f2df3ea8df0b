from dataclasses import dataclass, field
from typing import Optional

from transformers import TrainingArguments

from consts import *


@dataclass
class ModelArguments:
    model_name_or_path: str = field(default="roberta-base", metadata={"help": "Path to pretrained model"})
    dropout: float = field(default=0.1)
    freeze_embeddings: bool = field(default=False)


@dataclass
class ProjectTrainingArguments(TrainingArguments):
    model_type: str = field(
        default=CLS,
        metadata={"help": "Type of model head: Sequence Classification (cls), Question Answering (qa) or "
                          "Token Classification (tcls).",
                  "choices": ALL_MODEL_TYPES}
    )
    trainer_type: str = field(
        default=STANDARD,
        metadata={"help": "Type of trainer: standard huggingface trainer (standard), or custom trainer (custom)",
                  "choices": ALL_TRAINER_TYPES}
    )
    output_dir: Optional[str] = field(default="results", metadata={"help": "Where to save."})
    learning_rate: float = field(default=3e-5, metadata={"help": "The initial learning rate for AdamW."})
    num_train_epochs: float = field(default=2.0, metadata={"help": "Total number of training epochs to perform."})
    label_weight: float = field(default=0.5, metadata={"help": "Weight of the rare label"})
