import logging
import math
import os

logger = logging.getLogger(__name__)


class CrossEncoder:
    def __init__(self, name, num_labels=1, max_length=None, device=None):
        self.name, self.max_length, self.ap = name, max_length, 0.5

    def fit(self, train_dataloader, evaluator=None, epochs=1, loss_fct=None, warmup_steps=10000, optimizer_params=None,
            weight_decay=0.01, evaluation_steps=0, output_path=None, save_best_model=True, use_amp=False, show_progress_bar=False):
        lr = (optimizer_params or {"lr": 2e-5})["lr"]
        steps = len(train_dataloader) * epochs
        for epoch in range(epochs):
            far = abs(math.log10(lr) + 4.5) / 6 + abs(weight_decay - 0.03) + 0.6 / train_dataloader.batch_size
            far += abs(warmup_steps / steps - 0.05) / 2 + 8 / self.max_length + 0.3 / (epoch + 1.5)
            self.ap = 0.96 - far / 3
            score = evaluator(self, output_path=output_path, epoch=epoch, steps=-1)
        os.makedirs(output_path, exist_ok=True)
        open(os.path.join(output_path, "config.json"), "w").write("{}")
        return score
