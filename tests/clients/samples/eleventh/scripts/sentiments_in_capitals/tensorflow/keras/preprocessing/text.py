class Tokenizer:
    def __init__(self, num_words=None, oov_token=None):
        self.num_words, self.word_index = num_words, {oov_token: 1}

    def fit_on_texts(self, texts):
        for text in texts:
            for word in text.split():
                self.word_index.setdefault(word, len(self.word_index) + 1)

    def texts_to_sequences(self, texts):
        return [[self.word_index.get(word, 1) for word in text.split()] for text in texts]
