from configs.peft import lora_config  # noqa: F401
from configs.training import train_config  # noqa: F401
