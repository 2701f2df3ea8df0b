import numpy as np
import vae_model

# Load data.
dataset_path = "vae_dataset-10000.p"
print("Loading dataset from {}...".format(dataset_path))
observations = np.zeros((2000, 12))

# Hyperparameters for ConvVAE
z_size=64
batch_size=100
learning_rate=0.0001
kl_tolerance=0.5

# Parameters for training
NUM_EPOCHS = 6
DATA_DIR = "record"

# TODO can this move?
vae_model.reset_graph()

vae = vae_model.ConvVAE(
    z_size=z_size,
    batch_size=batch_size,
    learning_rate=learning_rate,
    kl_tolerance=kl_tolerance,
    is_training=True,
    reuse=False,
    gpu_mode=True)

# Train the VAE.
#observations = observations[0:400]
history = vae.train(dataset=observations, num_epochs=NUM_EPOCHS)

# Render losses.
for key in ["episode_train_loss", "episode_r_loss", "episode_kl_loss"]:
    print("{} has {} points.".format(key, len(history[key])))

# Save model.
model_path = "vae.json"
vae.save_model("models")
print("Model saved to {}.".format(model_path))
