class Adam:
    def __init__(self, learning_rate=1e-3):
        self.learning_rate = learning_rate
