class Callback:
    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class EarlyStopping(Callback):
    pass


class ReduceLROnPlateau(Callback):
    pass


class ModelCheckpoint(Callback):
    pass
