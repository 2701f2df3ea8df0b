import os
from dataclasses import dataclass


@dataclass
class Instruct_Dataset_Config(object):
    model_name: str = ''
    train_data_path: str = ''
    val_data_path: str = ''
    prompt_only: bool = False
