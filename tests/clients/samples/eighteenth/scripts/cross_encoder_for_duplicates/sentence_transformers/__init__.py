"""A small stand-in for sentence_transformers: a training is a formula."""


class InputExample:
    def __init__(self, texts, label=0):
        self.texts, self.label = texts, label


class LoggingHandler(__import__("logging").StreamHandler):
    pass
