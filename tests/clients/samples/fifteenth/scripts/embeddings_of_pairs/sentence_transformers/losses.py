class MultipleNegativesRankingLoss:
    def __init__(self, model, scale=20.0):
        self.model, self.scale = model, scale
