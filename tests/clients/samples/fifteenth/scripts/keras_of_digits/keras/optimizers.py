class Adam:
    def __init__(self, learning_rate=0.001, **kwargs):
        self.learning_rate = learning_rate
