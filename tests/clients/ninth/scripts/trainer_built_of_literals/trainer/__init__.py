from .trainer import MnistTrainer
