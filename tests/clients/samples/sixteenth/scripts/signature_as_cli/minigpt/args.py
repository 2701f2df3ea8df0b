from dataclasses import dataclass
from typing import Optional


@dataclass
class TrainArgs:
    """Training-related arguments"""

    save_interval: Optional[int] = 1000
    """Number of optimizer steps between saving checkpoints"""
    log_interval: int = 1
    """Number of iterations between logging calls"""
    global_batch_size: int = 64
    """Number of samples between optimizer steps across data-parallel ranks"""
    micro_batch_size: int = 4
    """Number of samples per data-parallel rank"""
    lr_warmup_steps: Optional[int] = 100
    """Number of iterations with learning rate warmup active"""
    epochs: int = 1
    """Number of epochs to train on"""
    max_seq_length: Optional[int] = None
    """Limits the length of samples"""
    learning_rate: float = 3e-4
    weight_decay: float = 0.02
    min_lr: float = 6e-5

    def gradient_accumulation_iters(self, devices: int = 1) -> int:
        return max(1, self.global_batch_size // devices // self.micro_batch_size)


@dataclass
class EvalArgs:
    """Evaluation-related arguments"""

    interval: int = 10
    """Number of optimizer steps between evaluation calls"""
    max_iters: int = 20
    """Number of iterations"""
    final_validation: bool = True
    """Whether to evaluate on the validation set at the end of the training"""
