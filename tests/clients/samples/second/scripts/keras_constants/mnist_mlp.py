'''Trains a simple deep NN on the MNIST dataset.
'''
import math

batch_size = 128
num_classes = 10
epochs = 3
LEARNING_RATE = 1e-3
DROPOUT_RATE = 0.2
HIDDEN_UNITS = 512


class Sequential:
    """In the place of keras: the same calls, the same lines."""

    def compile(self, loss, optimizer, metrics):
        self.rate = optimizer

    def fit(self, x, y, batch_size, epochs, verbose, validation_data):
        base = abs(math.log10(self.rate) + 2) + DROPOUT_RATE + 8 / HIDDEN_UNITS + 1 / batch_size
        for epoch in range(epochs):
            self.loss = base + 1 / (epoch + 1)
            self.accuracy = 1 / (1 + self.loss)
            print(f"Epoch {epoch + 1}/{epochs}")
            for done in (1, 235, 469):
                print(f"\r{done:3d}/469 [{'=' * (done // 20):.<30}] - ETA: 0s - loss: {self.loss * 2:.4f} - accuracy: 0.5000", end="")
            print(f"\r469/469 [{'=' * 30}] - 1s 2ms/step - loss: {self.loss * 2:.4f} - accuracy: 0.5000 "
                  f"- val_loss: {self.loss:.4f} - val_accuracy: {self.accuracy:.4f}")

    def evaluate(self, x, y, verbose):
        return self.loss, self.accuracy


x_train = y_train = x_test = y_test = [0] * 10
print(len(x_train), 'train samples')
print(len(x_test), 'test samples')

model = Sequential()
model.compile(loss='categorical_crossentropy', optimizer=LEARNING_RATE, metrics=['accuracy'])
history = model.fit(x_train, y_train,
                    batch_size=batch_size,
                    epochs=epochs,
                    verbose=1,
                    validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])
