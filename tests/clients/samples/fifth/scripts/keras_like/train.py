# Import the pieces of a small library with the interface of Keras
from minikeras import Dense, Dropout, Sequential

# ==========================================
# Model
# ==========================================
IMAGE_SIZE = (28, 28)

model = Sequential([
    Dense(units=128, activation="relu"),
    Dropout(0.5),
    Dense(units=10),
])

model.compile(
    optimizer="adam",
    learning_rate=0.01,
    loss="binary_crossentropy",
    metrics=["accuracy"]
)

# Define the number of complete passes
EPOCHS = 3

history = model.fit(
    [1, 2, 3],
    validation_data=[4],
    batch_size=32,
    epochs=EPOCHS
)

test_loss, test_accuracy = model.evaluate([5])

# Display the final test loss
print("Test loss:", test_loss)

# Display the final test accuracy
print("Test accuracy:", test_accuracy)
