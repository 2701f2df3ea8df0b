import fire
from kerasish import Dense, Dropout, Sequential


class Trainer(object):

    def run(self, lr=0.001, dropout=0.2, epochs=3):
        model = Sequential([Dense(512), Dropout(dropout), Dense(10)])
        model.compile(lr=lr, loss='sparse_categorical_crossentropy', metrics=['accuracy'])

        model.fit([1, 2], epochs=epochs)
        (loss, accuracy) = model.evaluate([3])
        return (loss, accuracy)


if __name__ == '__main__':
    fire.Fire(Trainer)
