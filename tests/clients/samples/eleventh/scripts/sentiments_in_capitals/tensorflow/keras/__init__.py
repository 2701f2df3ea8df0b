from . import callbacks, layers, models, optimizers, preprocessing
