from dataclasses import dataclass, field
from typing import Optional


@dataclass
class FinetuningArguments:
    stage: str = field(default="sft", metadata={"help": "Which stage will be performed in training."})
    finetuning_type: str = field(default="lora", metadata={"help": "Which fine-tuning method to use."})
    lora_rank: int = field(default=8, metadata={"help": "The intrinsic dimension for LoRA fine-tuning."})
    lora_alpha: Optional[int] = field(default=None, metadata={"help": "The scale factor (default: lora_rank * 2)."})
    lora_dropout: float = field(default=0.0, metadata={"help": "Dropout rate for the LoRA fine-tuning."})
    lora_target: str = field(default="all", metadata={"help": "Name(s) of target modules to apply LoRA."})
