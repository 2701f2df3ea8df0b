from enum import Enum


class Architectures(Enum):
    GRID_LSTM = 'grid_lstm'
    CNN_MDLSTM = 'cnn_mdlstm'
