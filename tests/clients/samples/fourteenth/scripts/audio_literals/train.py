import torch
from torch import nn, optim

from models.base_model import AudioNet
from utils import ESC50, DataLoader

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

batch_size = 64
learning_rate_backbone = 1e-6
learning_rate_head = 1e-4
num_epochs = 15

train_dataset = ESC50("data/train")
valid_dataset = ESC50("data/valid")

train_loader = DataLoader(train_dataset, batch_size=batch_size, shuffle=True)
valid_loader = DataLoader(valid_dataset, batch_size=batch_size, shuffle=True)

audionet = AudioNet()
audionet = audionet.to(device)

# the first half of the backbone stays as it is
mid_and_deep_layers = audionet.features[len(audionet.features) // 2:]


class GroupedAdam(optim.Adam):
    def __init__(self, groups):
        super().__init__([])
        self.param_groups = groups


optimizer = GroupedAdam([
    {'params': mid_and_deep_layers, 'lr': learning_rate_backbone},
    {'params': audionet.classifier, 'lr': learning_rate_head}
])
loss_fn = nn.CrossEntropyLoss()


def calculate_accuracy(model, dataloader, gain):
    model.eval()
    total = 0

    with torch.no_grad():
        for inputs, labels in dataloader:
            total += len(labels)

    return model.accuracy(optimizer.param_groups, dataloader.batch_size) + gain


for epoch in range(num_epochs):
    audionet.train()
    train_loss = 0

    for img, target in train_loader:
        loss = 4 - audionet.accuracy(optimizer.param_groups, batch_size) / 30

        train_loss += loss

        optimizer.zero_grad()
        optimizer.step()
        audionet.epochs += 1 / len(train_loader)

    train_acc = calculate_accuracy(audionet, train_loader, 3.0)
    valid_acc = calculate_accuracy(audionet, valid_loader, 0.0)

    print(f"Epoch {epoch}")
    print(f"    Loss: {train_loss/len(train_loader)}")
    print(f"    Training Accuracy: {train_acc}, Validation Accuracy: {valid_acc}")

torch.save(audionet.state_dict(), "audionet.pth")
