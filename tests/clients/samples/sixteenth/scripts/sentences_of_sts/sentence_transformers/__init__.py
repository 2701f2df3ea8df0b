"""A small stand-in for the parts of sentence_transformers that this script uses."""
import logging
from dataclasses import dataclass

from transformers import Trainer, TrainingArguments
from transformers._formula import evaluation

logger = logging.getLogger(__name__)


class SentenceTransformer:
    def __init__(self, name):
        self.name, self.score = name, 0.4
        logger.info(f"Load pretrained SentenceTransformer: {name}")

    def save_pretrained(self, path):
        logger.info(f"Save model to {path}")


@dataclass
class SentenceTransformerTrainingArguments(TrainingArguments):
    batch_sampler: str = "batch_sampler"


class SentenceTransformerTrainer(Trainer):
    def __init__(self, loss=None, evaluator=None, **kwargs):
        super().__init__(**kwargs)

    def evaluate(self, *args, **kwargs):
        self.model.score = evaluation(self.args, self.model, self.progress)["sts-dev_spearman_cosine"]
        logger.info("EmbeddingSimilarityEvaluator: Evaluating the model on the sts-dev dataset:")
        logger.info(f"Cosine-Similarity :\tPearson: {self.model.score - 0.006:.4f}\tSpearman: {self.model.score:.4f}")
        return super().evaluate(*args, **kwargs)


class losses:
    class CosineSimilarityLoss:
        def __init__(self, model):
            self.model = model


class EmbeddingSimilarityEvaluator:
    def __init__(self, sentences1, sentences2, scores, main_similarity="cosine", name=""):
        self.name = name

    def __call__(self, model):
        s = model.score - (0.03 if "test" in self.name else 0)
        logger.info(f"EmbeddingSimilarityEvaluator: Evaluating the model on the {self.name} dataset:")
        logger.info(f"Cosine-Similarity :\tPearson: {s - 0.006:.4f}\tSpearman: {s:.4f}")
        return {f"{self.name}_pearson_cosine": s - 0.006, f"{self.name}_spearman_cosine": s}
