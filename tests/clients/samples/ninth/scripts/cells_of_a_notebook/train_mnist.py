#!/usr/bin/env python
# coding: utf-8

# In[1]:


from keras.layers import Input, Conv2D, MaxPooling2D, UpSampling2D
from keras.models import Model
import numpy as np
import sys
import os


# In[2]:


x_train = np.zeros((640, 28, 28, 1), dtype='float32')
x_test = np.zeros((64, 28, 28, 1), dtype='float32')


# In[6]:


def encoder():
    input_img = Input(shape=(28, 28, 1))

    x = Conv2D(16, (3, 3), activation='relu', padding='same')(input_img)
    x = MaxPooling2D((2, 2), padding='same')(x)
    x = Conv2D(8, (3, 3), activation='relu', padding='same')(x)
    encoded1 = MaxPooling2D((2, 2), padding='same')(x)

    model1 = Model(input_img, encoded1, name="encoder")
    return model1


# In[7]:


def decoder():
    input_img = Input(shape=(4, 4, 8))

    x = Conv2D(8, (3, 3), activation='relu', padding='same')(input_img)
    x = UpSampling2D((2, 2))(x)
    decoded = Conv2D(1, (3, 3), activation='sigmoid', padding='same')(x)

    model2 = Model(input_img, decoded, name="decoder")
    return model2


# In[8]:


model1 = encoder()
model2 = decoder()

inputs = Input(shape=(28, 28, 1) ,name='input')
encoder_out = model1(inputs)
final_out = model2(encoder_out)

model = Model(inputs, final_out, name='final_model')

model.compile(optimizer='adam',
          loss='mean_squared_error')

model.fit(x_train, x_train,
epochs=5, batch_size=32, verbose=1)

model1.save_weights("model1.h5")
model2.save_weights("model2.h5")


# In[38]:


new_im = x_train[8]

print(new_im.shape)


# In[ ]:
