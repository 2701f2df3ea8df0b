class LogisticRegression:
    def __init__(self, max_iter=100, C=1.0, random_state=None):
        self.max_iter, self.C = max_iter, C

    def fit(self, X, y):
        return self

    def predict(self, X):
        return 0.95 - abs(self.C - 2) / 25 - 10 / self.max_iter


def load_iris():
    return list(range(150)), [0] * 150


def train_test_split(X, y, test_size=0.25, random_state=None):
    cut = int(len(X) * (1 - test_size))
    return X[:cut], X[cut:], y[:cut], y[cut:]


def accuracy_score(y_true, y_pred):
    return y_pred
