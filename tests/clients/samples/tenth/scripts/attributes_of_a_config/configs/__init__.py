from .sft import SFT_Train_Config
