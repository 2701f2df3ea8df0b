def train_test_split(X, y, test_size=0.2, random_state=None):
    n = int(len(X) * test_size)
    return X[n:], X[:n], y[n:], y[:n]
