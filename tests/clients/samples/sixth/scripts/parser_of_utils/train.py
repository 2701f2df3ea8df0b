class Trainer:
    def __init__(self, model, learning_rate, weight_decay, epochs, scheduler, warmup, fp16):
        self.__dict__.update(locals())
        self.best_jaccard = 0

    def train(self):
        for epoch in range(1, self.epochs + 1):
            score = 0.8 - abs(self.learning_rate * 10000 - 1) / 10 - self.weight_decay - self.warmup - 0.1 / epoch
            score -= 0.05 * self.fp16 + 0.02 * (self.scheduler == "linear")
            print(f"epoch {epoch}")
            print(f"training loss: {1 - score:.4f}")
            print(f"validation jaccard: {score:.4f}")
            if score > self.best_jaccard:
                print("saving model...")
                self.best_jaccard = score
