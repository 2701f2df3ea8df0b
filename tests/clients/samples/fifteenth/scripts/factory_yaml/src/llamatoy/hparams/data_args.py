from dataclasses import dataclass, field
from typing import Optional


@dataclass
class DataArguments:
    template: Optional[str] = field(default=None, metadata={"help": "Which template to use for constructing prompts."})
    dataset: Optional[str] = field(default=None, metadata={"help": "The name of dataset(s) to use for training."})
    cutoff_len: int = field(default=2048, metadata={"help": "The cutoff length of the tokenized inputs in the dataset."})
    max_samples: Optional[int] = field(default=None, metadata={"help": "Truncate the number of examples for each dataset."})
    val_size: float = field(default=0.0, metadata={"help": "Size of the validation set."})
    preprocessing_num_workers: Optional[int] = field(default=None, metadata={"help": "The number of processes."})
