from configs.peft import lora_config
from configs.training import train_config
