from .callbacks import Callback, CSVLogger, EarlyStopping, ModelCheckpoint
from .trainer import Trainer

__all__ = ["Callback", "CSVLogger", "EarlyStopping", "ModelCheckpoint", "Trainer"]
