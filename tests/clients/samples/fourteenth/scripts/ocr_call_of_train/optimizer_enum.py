from enum import Enum


class Optimizers(Enum):
    ADAM = 'adam'
    MOMENTUM = 'momentum'
