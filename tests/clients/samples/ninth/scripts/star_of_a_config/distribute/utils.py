def setup_strategy():
    print('Running on CPU')
    return None, 1
