import numpy as np

LABELS = ["Chemical", "Disease", "Gene"]


def get_labels(path=None):
    return ["O"] + [p + "-" + name for name in LABELS for p in ("B", "I")]


def load_examples(mode, size):
    rng = np.random.default_rng({"train": 0, "devel": 1, "test": 2}[mode])
    return rng.normal(size=(size, 16)), rng.integers(0, 7, size=size)


def classification_report(scores, digits=4):
    """A table as that of seqeval: one row per type of entity, then the averages."""
    width = 12
    head = " " * width + "".join(" {:>9}".format(h) for h in ["precision", "recall", "f1-score", "support"])
    lines = [head, ""]
    row = "{:>{width}} " + " ".join(["{:>9.{digits}f}"] * 3) + " {:>9}"
    for name, (p, r, f, s) in scores.items():
        lines.append(row.format(name, p, r, f, s, width=width, digits=digits))
    p, r, f = (float(np.mean([v[i] for v in scores.values()])) for i in range(3))
    total = sum(v[3] for v in scores.values())
    lines.append("")
    for name in ("micro avg", "macro avg", "weighted avg"):
        lines.append(row.format(name, p, r, f, total, width=width, digits=digits))
    return "\n".join(lines)
