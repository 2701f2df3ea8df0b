import os

from baselike import AdamW, Autoencoder

device = 'cpu'


def save_models(epoch):
    os.makedirs('checkpoints2', exist_ok=True)
    open(f'checkpoints2/ckpt_epoch_{epoch}.pth', 'w').close()


def train(scheduler=None, start_epoch=1, epochs=100, optimizer=None):
    for epoch in range(start_epoch, epochs + 1):
        lr = optimizer.groups[0]['lr']
        loss_rec = abs(lr * 1000 - 1) + 1 / epoch
        loss_cell = loss_rec + 1
        loss_molecule = loss_rec + 2

        if epoch % 1 == 0:
            print(f"Epoch {epoch}/{epochs}: Loss Rec:{loss_rec} \
                    Loss Cell:{loss_cell} \
                    Loss Molecule:{loss_molecule}")

        if epoch % 10 == 0:
            save_models(epoch)


if __name__ == '__main__':
    print('Loaded dataset')
    autoencoder = Autoencoder(18211, 512, 768)

    param_groups = [
        {'params': autoencoder.parameters(), 'lr': 1.12e-3},
        {'params': autoencoder.parameters(), 'lr': 5.61e-4},
    ]
    optimizer = AdamW(param_groups)

    epochs = 4
    train(None, 1, epochs, optimizer)
