class Layer:
    def __init__(self, *sizes, **settings):
        self.sizes, self.settings = sizes, settings


class Embedding(Layer):
    pass


class LSTM(Layer):
    pass


class Bidirectional(Layer):
    pass


class Dense(Layer):
    pass


class Dropout(Layer):
    pass


class SpatialDropout1D(Layer):
    pass
