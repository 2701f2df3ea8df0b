import logging

logger = logging.getLogger(__name__)


class TripletEvaluator:
    def __init__(self, anchors, positives, negatives, name="", shift=0.0):
        self.name, self.shift = name, shift

    def __call__(self, model):
        logger.info(f"TripletEvaluator: Evaluating the model on the {self.name} dataset:")
        score = 1 - model.miss - self.shift
        logger.info(f"Accuracy Cosine Similarity:\t{score:.2%}")
        return {f"{self.name}_cosine_accuracy": score}
