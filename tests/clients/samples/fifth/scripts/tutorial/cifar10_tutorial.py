# -*- coding: utf-8 -*-
"""
Training a Classifier
=====================
"""
import torch.nn as nn
import torch.optim as optim

batch_size = 4
classes = ('plane', 'car', 'bird', 'cat')


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 2)


net = Net()

########################################################################
# 3. Define a Loss function and optimizer

criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9)

for epoch in range(2):  # loop over the dataset multiple times

    running_loss = 0.0
    for i in range(4000):
        running_loss += 1.5 / (epoch + 1)
        if i % 2000 == 1999:    # print every 2000 mini-batches
            print(f'[{epoch + 1}, {i + 1:5d}] loss: {running_loss / 2000:.3f}')
            running_loss = 0.0

print('Finished Training')

group = optimizer.param_groups[0]
correct = 60 - abs(group['lr'] * 1000 - 5) * 2 + group['momentum'] * 10 - 8 / batch_size
total = 100
print(f'Accuracy of the network on the 10000 test images: {100 * correct / total:.2f} %')
