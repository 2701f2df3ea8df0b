class Layer:
    def __init__(self, *args, **kwargs):
        pass


class Conv2D(Layer):
    pass


class MaxPooling2D(Layer):
    pass


class Flatten(Layer):
    pass


class Dense(Layer):
    def __init__(self, units, activation=None):
        self.units = units


class Dropout(Layer):
    def __init__(self, rate):
        self.rate = rate
