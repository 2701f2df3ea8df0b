class CrossEntropyLoss:
    def __call__(self, scores):
        return abs(scores)
