def pad_sequences(sequences, maxlen, padding="pre"):
    return [(one + [0] * maxlen)[:maxlen] for one in sequences]
