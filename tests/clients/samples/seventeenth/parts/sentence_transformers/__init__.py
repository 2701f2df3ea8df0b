"""A small stand-in for sentence_transformers: a training is a formula."""
import csv
import logging
import os
from types import SimpleNamespace

from tqdm import trange

logger = logging.getLogger("sentence_transformers.evaluation.EmbeddingSimilarityEvaluator")
STATE = SimpleNamespace(lr=2e-5, wd=0.01, batch=16, epochs=0, warmup=0, scale=20.0, pooling="mean")


class InputExample:
    def __init__(self, guid="", texts=None, label=0):
        self.texts, self.label = texts, label


class SentenceTransformer:
    def __init__(self, name=None, modules=None, device=None):
        self.name = name

    def get_sentence_embedding_dimension(self):
        return 384

    def fit(self, train_objectives, evaluator=None, epochs=1, warmup_steps=0, optimizer_params={"lr": 2e-5},
            weight_decay=0.01, evaluation_steps=0, output_path=None, save_best_model=True, show_progress_bar=True, use_amp=False):
        loader, _ = train_objectives[0]
        STATE.lr, STATE.wd, STATE.batch = optimizer_params["lr"], weight_decay, loader.batch_size
        STATE.warmup = warmup_steps / (epochs * len(loader))
        for epoch in trange(epochs, desc="Epoch", disable=not show_progress_bar):
            STATE.epochs = epoch + 1
            if evaluator:
                evaluator(self, output_path=os.path.join(output_path, "eval") if output_path else None, epoch=epoch, steps=-1)

    def save(self, path):
        os.makedirs(path, exist_ok=True)


class losses:
    class CosineSimilarityLoss:
        def __init__(self, model=None):
            pass

    class MultipleNegativesRankingLoss:
        def __init__(self, model=None, scale=20.0):
            STATE.scale = scale


class EmbeddingSimilarityEvaluator:
    def __init__(self, name=""):
        self.name = name

    @classmethod
    def from_input_examples(cls, examples, name="", **kwargs):
        return cls(name)

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        from _formula import spearman

        where = f" after epoch {epoch}" if epoch >= 0 else ""
        logger.info(f"EmbeddingSimilarityEvaluator: Evaluating the model on the {self.name} dataset{where}:")
        value = spearman(STATE) - (0.012 if "test" in self.name else 0)
        logger.info(f"Cosine-Similarity :\tPearson: {value - 0.004:.4f}\tSpearman: {value:.4f}")
        if output_path:
            os.makedirs(output_path, exist_ok=True)
            path = os.path.join(output_path, f"similarity_evaluation_{self.name}_results.csv")
            is_new = not os.path.exists(path)
            with open(path, "a", newline="") as f:
                writer = csv.writer(f)
                if is_new:
                    writer.writerow(["epoch", "steps", "cosine_pearson", "cosine_spearman"])
                writer.writerow([epoch, steps, value - 0.004, value])
        return value
