LAST = {}


class GradientBoostingRegressor:
    def __init__(self, n_estimators=100, learning_rate=0.1, max_depth=3, subsample=1.0, min_samples_leaf=1, max_features=None, random_state=None, verbose=0):
        LAST.update(n=n_estimators, lr=learning_rate, depth=max_depth, subsample=subsample, leaf=min_samples_leaf)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return [0.0] * len(X)
