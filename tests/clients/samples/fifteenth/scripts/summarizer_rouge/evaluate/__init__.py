"""A small stand-in for evaluate: the scores follow the loss with which the texts were made."""


class Rouge:
    def compute(self, predictions, references, use_stemmer=False):
        loss = float(predictions[0])
        return {"rouge1": 0.62 - loss / 5, "rouge2": 0.4 - loss / 6, "rougeL": 0.55 - loss / 5, "rougeLsum": 0.56 - loss / 5}


def load(name):
    return Rouge()
