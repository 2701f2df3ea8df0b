def load_train(n=1000):
    """Rows and targets of the competition."""
    return [[i, i % 7, i % 11] for i in range(n)], [1 if i % 10 == 0 else 0 for i in range(n)]


def folds(n, k):
    """The indices of k folds."""
    for f in range(k):
        yield [i for i in range(n) if i % k != f], [i for i in range(n) if i % k == f]


def roc_auc_score(target, predicted):
    """The predictions of this toy say their own quality."""
    return sum(predicted) / len(predicted)
