from dataclasses import dataclass, field
from typing import Optional


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default=None, metadata={"help": "Path to the model weight or identifier."})
    adapter_name_or_path: Optional[str] = field(default=None, metadata={"help": "Path to the adapter weight."})
    trust_remote_code: bool = field(default=False, metadata={"help": "Whether to trust remote code."})
    quantization_bit: Optional[int] = field(default=None, metadata={"help": "The number of bits to quantize the model."})
