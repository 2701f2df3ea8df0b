def sparse_categorical_crossentropy(lr, batch_size, seq_len, epoch):
    return abs(lr * 10000 - 2) + 16 / batch_size + 64 / seq_len + 1 / epoch
