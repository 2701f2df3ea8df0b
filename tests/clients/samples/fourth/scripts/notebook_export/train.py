#!/usr/bin/env python
# coding: utf-8

# # Cats and dogs
# In[1]:


import os
import random

import numpy as np


# In[2]:


def seed_everything(seed=42):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    np.random.seed(seed)


seed_everything()


# In[3]:


IMAGE_SIZE = (224, 224)
CHANNELS = 3
INPUT_SHAPE = (*IMAGE_SIZE, CHANNELS)


# In[4]:


class Net:
    def __init__(self, units, dropout):
        self.units, self.dropout = units, dropout


UNITS = 128
DROPOUT = 0.5
model = Net(UNITS, DROPOUT)
print(model.units)


# In[5]:


EPOCHS = 3
LEARNING_RATE = 1e-3
USE_AUGMENTATION = False
history = {"loss": [], "val_loss": []}
for epoch in range(EPOCHS):
    val_loss = abs(LEARNING_RATE * 100 - 1) + 8 / model.units + model.dropout + 2 * USE_AUGMENTATION + 1 / (epoch + 1)
    history["loss"].append(val_loss - 0.1)
    history["val_loss"].append(val_loss)
    print(f"Epoch {epoch + 1}/{EPOCHS}")
    print(
        f"16/16 - 1s - loss: {history['loss'][-1]:.4f} - accuracy: 0.7000 - val_loss: {history['val_loss'][-1]:.4f} - val_accuracy: 0.6500"
    )


# In[6]:


test_loss, test_accuracy = val_loss + 0.2, 0.6
print("Test loss:", test_loss)
print("Test accuracy:", test_accuracy)
