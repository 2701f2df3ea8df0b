class Layer:
    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    def __call__(self, x):
        return x


Input = Conv2D = MaxPooling2D = UpSampling2D = Layer
