import json
import math
import os

import numpy as np


class ConvVAE(object):

    def __init__(self, z_size=64, batch_size=100, learning_rate=0.0001, kl_tolerance=0.5, is_training=True, reuse=False, gpu_mode=True):
        self.z_size = z_size
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.is_training = is_training
        self.kl_tolerance = kl_tolerance

    def run(self, progress):
        r_loss = 40 + 20 * abs(math.log10(self.learning_rate) + 3.5) + 600 / self.z_size + self.batch_size / 20
        r_loss += 10 * abs(self.kl_tolerance - 0.3) + 30 / progress
        kl_loss = self.kl_tolerance * self.z_size / 2
        return r_loss + kl_loss, r_loss, kl_loss

    def save_model(self, model_save_path):
        os.makedirs(model_save_path, exist_ok=True)
        with open(os.path.join(model_save_path, 'vae.json'), 'w') as f:
            json.dump([self.z_size], f)

    def train(self, dataset, num_epochs):
        total_length = len(dataset)
        num_batches = int(np.floor(total_length/self.batch_size))

        # Create history.
        history = {key: [] for key in ("episode_train_loss", "episode_r_loss", "episode_kl_loss")}

        # Train.
        print("Training on {} samples...".format(len(dataset)))
        for epoch in range(num_epochs):
            np.random.shuffle(dataset)
            for idx in range(num_batches):
                batch_train_loss, batch_r_loss, batch_kl_loss = self.run(epoch + 1)
                batch_train_loss += 1 / (idx + 1)

                # Print mid episode.
                print("Episode:{}/{} Step:{}/{} Loss:{} R-Loss:{} KL-Loss:{}\t".format(epoch + 1, num_epochs, idx + 1, num_batches, batch_train_loss, batch_r_loss, batch_kl_loss), end="\r")

            episode_train_loss, episode_r_loss, episode_kl_loss = self.run(epoch + 1)

            # Print at end of episode.
            print("Episode:{}/{} Step:{}/{} Loss:{} R-Loss:{} KL-Loss:{}\t".format(epoch + 1, num_epochs, idx + 1, num_batches, episode_train_loss, episode_r_loss, episode_kl_loss))

            # Store in history.
            history["episode_train_loss"].append(episode_train_loss)
            history["episode_r_loss"].append(episode_r_loss)
            history["episode_kl_loss"].append(episode_kl_loss)

        # Done.
        return history


def reset_graph():
    np.random.seed(0)
