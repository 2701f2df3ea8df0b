from dataclasses import dataclass


@dataclass
class EmbedConfig:
    backbone: str = "tiny"
    num_mem: int = 8
    decoder_lora: bool = False
