import csv
import logging
import os

logger = logging.getLogger(__name__)


class CEBinaryClassificationEvaluator:
    def __init__(self, sentence_pairs, labels, name="", write_csv=True):
        self.pairs, self.labels, self.name, self.write_csv = sentence_pairs, labels, name, write_csv
        self.csv_file = "CEBinaryClassificationEvaluator" + ("_" + name if name else "") + "_results.csv"
        self.csv_headers = ["epoch", "steps", "Accuracy", "Accuracy_Threshold", "F1", "F1_Threshold", "Precision", "Recall", "Average_Precision"]

    @classmethod
    def from_input_examples(cls, examples, **kwargs):
        return cls([e.texts for e in examples], [e.label for e in examples], **kwargs)

    def __call__(self, model, output_path=None, epoch=-1, steps=-1):
        out_txt = f" after epoch {epoch}:" if epoch != -1 else ":"
        logger.info("CEBinaryClassificationEvaluator: Evaluating the model on " + self.name + " dataset" + out_txt)
        ap = model.ap
        acc, f1, precision, recall = ap - 0.03, ap - 0.05, ap - 0.07, ap - 0.03
        logger.info("Accuracy:           {:.2f}\t(Threshold: {:.4f})".format(acc * 100, 0.5123))
        logger.info("F1:                 {:.2f}\t(Threshold: {:.4f})".format(f1 * 100, 0.3871))
        logger.info("Precision:          {:.2f}".format(precision * 100))
        logger.info("Recall:             {:.2f}".format(recall * 100))
        logger.info("Average Precision:  {:.2f}\n".format(ap * 100))
        if output_path is not None and self.write_csv:
            os.makedirs(output_path, exist_ok=True)
            path = os.path.join(output_path, self.csv_file)
            exists = os.path.isfile(path)
            with open(path, "a" if exists else "w", encoding="utf-8") as f:
                writer = csv.writer(f)
                if not exists:
                    writer.writerow(self.csv_headers)
                writer.writerow([epoch, steps, acc, 0.5123, f1, 0.3871, precision, recall, ap])
        return ap
