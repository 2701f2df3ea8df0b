class EarlyStopping:
    def __init__(self, **kwargs):
        pass
